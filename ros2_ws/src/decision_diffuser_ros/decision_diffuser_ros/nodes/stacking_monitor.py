"""Watches an arm that stacks blocks over ROS and gives it goals: the user's side of the demonstration."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from decision_diffuser_msgs.action import StackBlocks
from decision_diffuser_msgs.msg import NamedPoses, PlannerStatus
from rclpy.action import ActionClient
from rclpy.context import Context
from rclpy.node import Node
from sensor_msgs.msg import JointState

from decision_diffuser_ros.control.message_readings import seconds_of
from decision_diffuser_ros.errors import ConditionError
from decision_diffuser_ros.evaluation.stacking_recording import StackingGoal, StackingRecording
from decision_diffuser_ros.nodes import qos
from decision_diffuser_ros.nodes.stacking_publishers import OBJECT_NAMES
from decision_diffuser_ros.nodes.stamped_samples import StampedSamples
from decision_diffuser_ros.simulation.iiwa_kinematics import JOINT_NAMES
from decision_diffuser_ros.simulation.stacking_body import FINGER_JOINT_NAMES


class StackingMonitor(Node):
    """Records joint states and object poses of equal stamp, and calls the action `stack_blocks`.

    Args:
        recording: gets a sample every `recording.step_duration` of simulated time.
        planner: name of the planner node.
        context: of ROS; None for the process's own.
    """

    def __init__(
        self, recording: StackingRecording, *, planner: str = "planner", context: Context | None = None
    ) -> None:
        super().__init__("stacking_monitor", context=context)
        self.recording = recording
        self.status: PlannerStatus | None = None
        self.feedback: StackBlocks.Feedback | None = None
        self._samples = StampedSamples(("joints", "objects"))
        self._last_sample = -math.inf
        self._asked, self._asked_at = "", 0.0
        self._accepted: Any = None
        self._result: Any = None
        self._client: Any = ActionClient(self, StackBlocks, f"{planner}/stack_blocks")
        self.create_subscription(PlannerStatus, f"{planner}/status", self._take_status, qos.STATUS)
        self.create_subscription(JointState, "joint_states", lambda m: self._take("joints", m), qos.SENSOR_OUTPUT)
        self.create_subscription(NamedPoses, "object_poses", lambda m: self._take("objects", m), qos.SENSOR_OUTPUT)

    @property
    def now(self) -> float:
        """Simulated time of the last sample [s]; minus infinity before the first."""
        return self._last_sample

    @property
    def is_ready(self) -> bool:
        """Whether the planner holds the arm and waits for a goal."""
        holds = self.status is not None and self.status.mode == PlannerStatus.HOLD
        return holds and self.now >= 0.0 and bool(self._client.server_is_ready())

    def ask(self, constraints: str) -> None:
        """Sends a goal; `check_result` tells how it ended."""
        self._asked, self._asked_at = constraints, self.now
        self.feedback = self._result = None
        goal = StackBlocks.Goal(constraints=constraints)
        self._accepted = self._client.send_goal_async(goal, feedback_callback=self._take_feedback)

    def check_result(self) -> StackingGoal | None:
        """How the goal ended, which is then noted in the recording; None while it is under way.

        Raises:
            ConditionError: when the planner did not take the goal.
        """
        if self._result is None:
            if self._accepted is not None and self._accepted.done():
                handle = self._accepted.result()
                if not handle.accepted:
                    raise ConditionError(f"the planner did not accept the goal {self._asked!r}")
                self._result = handle.get_result_async()
            return None
        if not self._result.done():
            return None
        result = self._result.result().result
        goal = StackingGoal(
            self._asked,
            self._asked_at,
            self.now,
            result.success,
            tuple(result.holding),
            tuple(result.failing),
            result.message,
        )
        self.recording.goals.append(goal)
        self._accepted = self._result = self.feedback = None
        return goal

    def _take_status(self, message: PlannerStatus) -> None:
        self.status = message

    def _take_feedback(self, message: Any) -> None:
        self.feedback = message.feedback

    def _take(self, what: str, message: Any) -> None:
        sample = self._samples.add(what, message)
        if sample is not None:
            self._record(seconds_of(message.header.stamp), **sample)

    def _record(self, time: float, *, joints: JointState, objects: NamedPoses) -> None:
        if time < self._last_sample + 0.999 * self.recording.step_duration:
            return
        self._last_sample = time
        positions = dict(zip(joints.name, joints.position, strict=True))
        poses = dict(zip(objects.names, objects.poses, strict=True))
        blocks = [
            value
            for pose in (poses[name] for name in OBJECT_NAMES)
            for part, axes in ((pose.position, "xyz"), (pose.orientation, "xyzw"))
            for value in (getattr(part, axis) for axis in axes)
        ]
        opening = sum(positions[name] for name in FINGER_JOINT_NAMES)
        recording = self.recording
        recording.time.append(time)
        recording.state.append(np.array([*(positions[name] for name in JOINT_NAMES), opening, *blocks]))
        recording.phase.append(self.feedback.phase if self.feedback else "")
        recording.planning_ms.append(self.status.planning_duration if self.status else math.nan)
