"""Those who look on hear every topic, however busy another one is."""

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from decision_diffuser_ros.nodes.executors import spin_for


@pytest.mark.ros
def test_what_is_always_ready_does_not_keep_others_from_being_served():
    context = Context()
    context.init(args=[])
    node = Node("busy", context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    served = {"first": 0, "second": 0}

    def note(name):
        served[name] += 1

    try:
        node.create_timer(1e-9, lambda: note("first"))
        node.create_timer(1e-9, lambda: note("second"))
        spin_for(executor, 0.3)
    finally:
        executor.shutdown()
        node.destroy_node()
        context.try_shutdown()
    assert served["second"] > 0.4 * served["first"] > 0
