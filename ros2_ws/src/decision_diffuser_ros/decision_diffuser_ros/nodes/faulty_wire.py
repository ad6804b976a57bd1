"""Lies between a robot's sensors and its planner, spoils what passes, and hears what the planner says and commands."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from decision_diffuser_msgs.msg import PlannerStatus
from numpy.typing import NDArray
from rclpy.context import Context
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Imu, JointState
from std_msgs.msg import Float64MultiArray

from decision_diffuser_ros.evaluation.command_record import CommandRecord
from decision_diffuser_ros.nodes import qos
from decision_diffuser_ros.nodes.command_topics import FORWARD_COMMAND_TOPIC

RAW = "raw"
"""Below it lie the topics as the robot sends them."""

COMMAND_DEPTH = 1000
MODES = {
    getattr(PlannerStatus, name): name
    for name in ("UNCONFIGURED", "INACTIVE", "WAITING", "ACTIVE", "HOLD", "DAMPING", "FINALIZED")
}


def unchanged(message: Any) -> Any:
    """Let a message pass."""
    return message


class FaultyWire(Node):
    """Passes joint states, IMU readings and the clock on, or only listens; `lock` guards what it remembers.

    Attributes:
        spoil_joints, spoil_imu, spoil_clock: get each message, which they may change; None is not passed on.
        record: the commands that the planner has sent.
        modes: steady time [s] and mode at each change of the planner's mode.
        status: the planner's last one.
    """

    def __init__(self, context: Context, *, namespace: str, passes: bool = True) -> None:
        super().__init__("faulty_wire", namespace=namespace, context=context)
        self.lock = threading.RLock()
        self.record = CommandRecord()
        self.modes: list[tuple[float, str]] = []
        self.status: PlannerStatus | None = None
        self._pose: NDArray[np.float64] | None = None
        self.repair()
        commands = QoSProfile(depth=COMMAND_DEPTH)
        self.create_subscription(Float64MultiArray, FORWARD_COMMAND_TOPIC, self._take_command, commands)
        self.create_subscription(PlannerStatus, "planner/status", self._take_status, qos.STATUS)
        if passes:
            self._connect()

    def _connect(self) -> None:
        """Lie between robot and planner."""
        self._joints_out = self.create_publisher(JointState, "joint_states", qos.SENSOR_OUTPUT)
        self._imu_out = self.create_publisher(Imu, "imu", qos.SENSOR_OUTPUT)
        self._clock_out = self.create_publisher(Clock, "clock", qos.SENSOR_OUTPUT)
        subscribe = self.create_subscription
        subscribe(JointState, f"{RAW}/joint_states", self._pass_joints, qos.SENSOR_OUTPUT)
        subscribe(Imu, f"{RAW}/imu", self._pass_imu, qos.SENSOR_OUTPUT)
        subscribe(Clock, f"{RAW}/clock", self._pass_clock, qos.SENSOR_OUTPUT)

    def repair(self) -> None:
        """Let everything pass again."""
        self.spoil_joints: Callable[[JointState], JointState | None] = unchanged
        self.spoil_imu: Callable[[Imu], Imu | None] = unchanged
        self.spoil_clock: Callable[[Clock], Clock | None] = unchanged

    @property
    def mode(self) -> str:
        """The planner's mode, empty before it was heard."""
        return self.modes[-1][1] if self.modes else ""

    def _pass_joints(self, message: JointState) -> None:
        with self.lock:
            self._pose = np.array(message.position)
        _pass(self._joints_out, self.spoil_joints(message))

    def _pass_imu(self, message: Imu) -> None:
        _pass(self._imu_out, self.spoil_imu(message))

    def _pass_clock(self, message: Clock) -> None:
        _pass(self._clock_out, self.spoil_clock(message))

    def _take_command(self, message: Float64MultiArray) -> None:
        with self.lock:
            self.record.add(np.array(message.data), self._pose)

    def _take_status(self, message: PlannerStatus) -> None:
        with self.lock:
            self.status = message
            if MODES[message.mode] != self.mode:
                self.modes.append((time.monotonic(), MODES[message.mode]))


def _pass(publisher: Any, message: Any) -> None:
    if message is not None:
        publisher.publish(message)
