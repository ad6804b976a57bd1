"""Takes down when joint states, commands and new plans were sent, by the clock of their senders."""

from __future__ import annotations

import bisect
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from decision_diffuser_msgs.msg import PlannerStatus
from decision_diffuser_msgs.srv import SetSkill
from rclpy.context import Context
from rclpy.node import Node
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.subscription import MessageInfo
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

from decision_diffuser_ros.nodes import qos
from decision_diffuser_ros.nodes.command_topics import FORWARD_COMMAND_TOPIC

ALL = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=1000, reliability=ReliabilityPolicy.RELIABLE)
"""So deep that none is missed while this process waits for a processor."""

NANOSECONDS = 1e-9


@dataclass
class Timeline:
    """When messages were sent, seconds since the epoch.

    Attributes:
        joint_states: of the robot.
        commands: of the planner node.
    """

    joint_states: list[float] = field(default_factory=list)
    commands: list[float] = field(default_factory=list)

    def command_periods(self) -> np.ndarray:
        """Time between each command and the one before [s]."""
        return np.diff(self.commands)

    def state_ages(self) -> np.ndarray:
        """At each command the time since the newest joint state before it was sent [s]."""
        states = sorted(self.joint_states)
        places = [bisect.bisect_right(states, command) for command in self.commands]
        return np.array(
            [command - states[place - 1] for command, place in zip(self.commands, places, strict=True) if place > 0]
        )


class BenchMonitor(Node):
    """Listens to a robot and its planner; `timeline` grows while `is_recording`.

    The middleware stamps every message when it is sent, so that it makes no difference when this process gets to it.
    """

    def __init__(self, *, context: Context, namespace: str) -> None:
        super().__init__("bench_monitor", context=context, namespace=namespace)
        self.timeline = Timeline()
        self.is_recording = False
        self.status: PlannerStatus | None = None
        self.modes_seen: set[int] = set()
        self._plan_began: dict[str, float] = {}
        self._heard: set[type] = set()
        self._client: Any = self.create_client(SetSkill, "planner/set_skill")
        self.create_subscription(JointState, "joint_states", self._take_joint_state, ALL)
        self.create_subscription(Float64MultiArray, FORWARD_COMMAND_TOPIC, self._take_command, ALL)
        self.create_subscription(PlannerStatus, "planner/status", self._take_status, qos.STATUS)

    @property
    def is_walking(self) -> bool:
        """Whether the planner is active, and its commands and the robot's joint states are heard here."""
        is_active = self.status is not None and self.status.mode == PlannerStatus.ACTIVE
        return is_active and self._heard == {JointState, Float64MultiArray}

    def ask(self, skill: str) -> float:
        """Calls the service for a skill; returns when, in seconds since the epoch."""
        self._plan_began.clear()
        asked = time.time()
        self._client.call_async(SetSkill.Request(skills=[skill]))
        return asked

    def plan_began(self, skill: str) -> float | None:
        """When, since the last `ask`, a plan for the skill was first followed; None as long as there is none."""
        return self._plan_began.get(skill)

    def _take_joint_state(self, message: JointState, info: MessageInfo) -> None:
        self._heard.add(JointState)
        if self.is_recording:
            self.timeline.joint_states.append(info["source_timestamp"] * NANOSECONDS)

    def _take_command(self, message: Float64MultiArray, info: MessageInfo) -> None:
        self._heard.add(Float64MultiArray)
        if self.is_recording:
            self.timeline.commands.append(info["source_timestamp"] * NANOSECONDS)

    def _take_status(self, message: PlannerStatus, info: MessageInfo) -> None:
        self.status = message
        if self.is_recording:
            self.modes_seen.add(message.mode)
        skill = message.plan_condition.split(" ")[0]
        self._plan_began.setdefault(skill, info["source_timestamp"] * NANOSECONDS)
