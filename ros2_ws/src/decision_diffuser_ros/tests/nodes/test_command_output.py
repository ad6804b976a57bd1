"""Commands as they are published, in the order of the controller's joints."""

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("decision_diffuser_msgs", reason="needs the workspace built and sourced")

from rclpy.clock import Clock

from decision_diffuser_ros.nodes.command_output import CommandOutput
from tests.bundles import QUADRUPED_JOINTS
from tests.nodes.test_planning_parameters import assembly, parameters

UPPER = tuple(1.0 + 0.1 * joint for joint in range(12))


class ListeningNode:
    """Has publishers that only remember."""

    def __init__(self):
        self.heard = []

    def create_publisher(self, kind, topic, profile, **_):
        return self

    def publish(self, message):
        self.heard.append(message)

    def get_clock(self):
        return Clock()


def test_ramps_stop_at_the_limits_of_the_joints_by_name(quadruped_bundle):
    changes = {
        "joints": QUADRUPED_JOINTS[::-1],
        "limits_position_upper": UPPER,
        "command_interface": "joint_trajectory",
        "trajectory_shape": "ramp",
        "trajectory_lead": 0.01,
    }
    node = ListeningNode()
    output = CommandOutput(node, parameters(quadruped_bundle, **changes), assembly(quadruped_bundle, **changes))
    in_order_of_the_action = np.array(UPPER[::-1])
    output.publish(in_order_of_the_action - 0.1)
    output.publish(in_order_of_the_action)
    trajectory = node.heard[-1]
    assert trajectory.joint_names == list(QUADRUPED_JOINTS[::-1])
    np.testing.assert_allclose(trajectory.points[-1].positions, UPPER)
    np.testing.assert_allclose(trajectory.points[-2].velocities, np.zeros(12), atol=1e-9)
