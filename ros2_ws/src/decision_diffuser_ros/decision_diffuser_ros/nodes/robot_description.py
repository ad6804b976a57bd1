"""Gets the robot description (URDF) from where the parameters say it is."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from std_msgs.msg import String

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.nodes import qos
from decision_diffuser_ros.nodes.node_runner import SPIN_TIMEOUT, is_stop_requested

if TYPE_CHECKING:
    from decision_diffuser_ros.nodes.planner_parameters import PlannerParameters

PARAMETERS = ("robot_description", "robot_description_file", "robot_description_topic")


def read_robot_description(node: Node, parameters: PlannerParameters) -> str:
    """Return the URDF; empty if no parameter asks for one.

    Raises:
        ConfigurationError: it can not be had, more than one place is named, or the node was told to end meanwhile.
    """
    named = [name for name in PARAMETERS if getattr(parameters, name)]
    if len(named) > 1:
        raise ConfigurationError(f"a robot has one description: set `{named[0]}` or `{named[1]}`, not both")
    if parameters.robot_description_file:
        try:
            return Path(parameters.robot_description_file).expanduser().read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"`robot_description_file` cannot be read: {error}") from error
    if parameters.robot_description_topic:
        return _heard_on(node, parameters.robot_description_topic, timeout=parameters.robot_description_timeout)
    return parameters.robot_description or ""


def _heard_on(node: Node, topic: str, *, timeout: float) -> str:
    """Wait for the latched message, with a node beside `node`, which is busy configuring; a signal ends the wait.

    Args:
        node: whose context, namespace and remappings are used.
        topic: as robot_state_publisher publishes it: reliable and transient local.
        timeout: [s].
    """
    heard: list[str] = []
    listener = Node(
        f"{node.get_name()}_description_listener",
        namespace=node.get_namespace(),
        context=node.context,
        start_parameter_services=False,
        enable_rosout=False,
    )
    executor = SingleThreadedExecutor(context=node.context)
    executor.add_node(listener)
    try:
        listener.create_subscription(String, topic, lambda message: heard.append(message.data), qos.DESCRIPTION)
        deadline = time.monotonic() + timeout
        while not heard and (left := deadline - time.monotonic()) > 0.0:
            if is_stop_requested():
                raise ConfigurationError(f"the wait for a robot description on '{topic}' was interrupted")
            executor.spin_once(timeout_sec=min(left, SPIN_TIMEOUT))
    finally:
        executor.shutdown()
        listener.destroy_node()
    if not heard:
        raise ConfigurationError(
            f"no robot description was heard on '{topic}' within {timeout:g} s; is robot_state_publisher running?"
        )
    return heard[-1]
