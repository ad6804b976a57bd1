"""Watches a walking robot over ROS and asks it for gaits: the user's side of the demonstration."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from decision_diffuser_msgs.msg import FootContacts, PlannerStatus
from decision_diffuser_msgs.srv import SetSkill
from nav_msgs.msg import Odometry
from rclpy.node import Node
from sensor_msgs.msg import JointState

from decision_diffuser_ros.control.message_readings import seconds_of
from decision_diffuser_ros.errors import ConditionError
from decision_diffuser_ros.evaluation.gait_recording import GaitRecording, GaitRequest
from decision_diffuser_ros.nodes import qos
from decision_diffuser_ros.nodes.stamped_samples import StampedSamples
from decision_diffuser_ros.simulation.quadruped_model import JOINT_NAMES, LEG_NAMES


class GaitMonitor(Node):
    """Records odometry, joints and foot contacts of equal stamp, and calls `set_skill`.

    Args:
        recording: gets a sample every `recording.step_duration` of simulated time while `is_recording`.
        planner: name of the planner node.
    """

    def __init__(self, recording: GaitRecording, *, planner: str = "planner") -> None:
        super().__init__("gait_monitor")
        self.recording = recording
        self.is_recording = False
        self.status: PlannerStatus | None = None
        self._samples = StampedSamples(("odometry", "joints", "contacts"))
        self._last_sample = -math.inf
        self._answer: Any = None
        self._asked = GaitRequest(0.0, "")
        self._client: Any = self.create_client(SetSkill, f"{planner}/set_skill")
        self.create_subscription(PlannerStatus, f"{planner}/status", self._take_status, qos.STATUS)
        self.create_subscription(Odometry, "odom", lambda m: self._take("odometry", m), qos.SENSOR_OUTPUT)
        self.create_subscription(JointState, "joint_states", lambda m: self._take("joints", m), qos.SENSOR_OUTPUT)
        self.create_subscription(FootContacts, "foot_contacts", lambda m: self._take("contacts", m), qos.SENSOR_OUTPUT)

    @property
    def now(self) -> float:
        """Simulated time of the last sample [s]; minus infinity before the first."""
        return self._last_sample

    @property
    def is_walking(self) -> bool:
        """Whether the planner's commands reach the robot."""
        return self.status is not None and self.status.mode == PlannerStatus.ACTIVE

    def note_initial_gait(self, gait: str) -> None:
        """Takes note of the gait that the planner was started with."""
        self.recording.requests.append(GaitRequest(self.now, gait))

    def ask(self, gait: str) -> None:
        """Calls the service; `check_answer` tells how it ended."""
        self._asked = GaitRequest(self.now, gait)
        self._answer = self._client.call_async(SetSkill.Request(skills=[gait]))

    def check_answer(self) -> bool:
        """Whether the last call has been answered, which is then noted as a request of the recording.

        Raises:
            ConditionError: when the planner refused.
        """
        if self._answer is None or not self._answer.done():
            return False
        answer, self._answer = self._answer.result(), None
        if not answer.success:
            raise ConditionError(f"the planner refused {self._asked.gait!r}: {answer.message}")
        self.recording.requests.append(self._asked)
        return True

    def _take_status(self, message: PlannerStatus) -> None:
        self.status = message

    def _take(self, what: str, message: Any) -> None:
        sample = self._samples.add(what, message)
        if sample is not None:
            self._record(seconds_of(message.header.stamp), **sample)

    def _record(self, time: float, *, odometry: Odometry, joints: JointState, contacts: FootContacts) -> None:
        if time < self._last_sample + 0.999 * self.recording.step_duration:
            return
        self._last_sample = time
        if not self.is_recording:
            return
        position, orientation = odometry.pose.pose.position, odometry.pose.pose.orientation
        angles = dict(zip(joints.name, joints.position, strict=True))
        touches = dict(zip(contacts.names, contacts.contact, strict=True))
        recording = self.recording
        recording.time.append(time)
        recording.base_position.append(np.array([position.x, position.y, position.z]))
        recording.base_orientation.append(np.array([orientation.x, orientation.y, orientation.z, orientation.w]))
        recording.joint_position.append(np.array([angles[name] for name in JOINT_NAMES]))
        recording.foot_contacts.append(np.array([touches[leg] for leg in LEG_NAMES]))
        recording.forward_speed.append(odometry.twist.twist.linear.x)
        recording.planning_ms.append(self.status.planning_duration if self.status else math.nan)
