"""Publishes commands to the controllers of a robot, and to that of its gripper if it has one."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rclpy.duration import Duration
from rclpy.node import Node
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory

from decision_diffuser_ros.nodes import messages, qos
from decision_diffuser_ros.nodes.command_topics import (
    FORWARD_COMMAND_TOPIC,
    GRIPPER_COMMAND_TOPIC,
    JOINT_TRAJECTORY_TOPIC,
)
from decision_diffuser_ros.nodes.planner_parameters import JOINT_TRAJECTORY, RAMP, PlannerParameters

if TYPE_CHECKING:
    from decision_diffuser_ros.nodes.control_assembly import ControlAssembly

LAST_COMMAND_TIMEOUT = 0.5  # [s], for the controller to receive the last command


class CommandOutput:
    """The commands' topics."""

    def __init__(self, node: Node, options: PlannerParameters, assembly: ControlAssembly) -> None:
        """Advertise the topics of the interface that the options choose."""
        self._node = node
        self._options = options
        self._joints = assembly.joints
        limits = assembly.safe.limiter.limits
        self._lower, self._upper = (side[self._joints.action_of_joint] for side in (limits.lower, limits.upper))
        self._period = assembly.manifest.step_duration / options.commands_per_step
        self._last: NDArray[np.float64] | None = None
        self._is_trajectory = options.command_interface == JOINT_TRAJECTORY
        self._arm = self._publisher(
            JointTrajectory if self._is_trajectory else Float64MultiArray,
            JOINT_TRAJECTORY_TOPIC if self._is_trajectory else FORWARD_COMMAND_TOPIC,
        )
        has_gripper = self._joints.gripper_action is not None
        self._gripper = self._publisher(Float64MultiArray, GRIPPER_COMMAND_TOPIC) if has_gripper else None

    def begin(self) -> None:
        """Forget the last command: the next one begins where the robot stands."""
        self._last = None

    def publish(self, command: NDArray[np.float64]) -> None:
        """Publish a command ``(action_dim,)`` [rad], [m] for the gripper's opening."""
        if self._gripper is not None:
            self._gripper.publish(Float64MultiArray(data=[float(command[self._joints.gripper_action])]))
        joints = command[self._joints.action_of_joint]
        self._arm.publish(self._trajectory(joints) if self._is_trajectory else messages.forward_command(joints))
        self._last = joints

    def close(self) -> None:
        """Let go of the topics once the last command has been received, or after a while."""
        publishers = [publisher for publisher in (self._arm, self._gripper) if publisher is not None]
        for publisher in publishers:
            publisher.wait_for_all_acked(Duration(seconds=LAST_COMMAND_TIMEOUT))
        for publisher in publishers:
            self._node.destroy_publisher(publisher)

    def _trajectory(self, joints: NDArray[np.float64]) -> JointTrajectory:
        stamp = self._node.get_clock().now().to_msg()
        lead = self._options.trajectory_lead
        if self._options.trajectory_shape != RAMP:
            return messages.hold_trajectory(
                self._joints.names, joints, stamp=stamp, lead=lead, step_duration=self._period
            )
        return messages.ramp_trajectory(
            self._joints.names,
            joints if self._last is None else self._last,
            joints,
            lower=self._lower,
            upper=self._upper,
            stamp=stamp,
            points=self._options.trajectory_points,
            stop_duration=lead,
            step_duration=self._period,
        )

    def _publisher(self, kind: type, topic: str) -> Any:
        return self._node.create_publisher(
            kind, topic, copy.copy(qos.COMMAND), qos_overriding_options=qos.overridable()
        )
