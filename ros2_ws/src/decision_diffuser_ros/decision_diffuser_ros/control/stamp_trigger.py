"""Control steps in simulated time: one whenever the stamps reach the next deadline.

A step needs a joint state and, if the model does, an IMU reading and object poses of the same stamp, which may arrive
in any order.
"""

from __future__ import annotations

from dataclasses import dataclass

from decision_diffuser_ros.control.object_readings import ObjectReading
from decision_diffuser_ros.control.state_assembly import ImuReading, JointReading

STAMP_TOLERANCE = 1e-6  # [s]


@dataclass(frozen=True, eq=False)
class TriggeredStep:
    """The readings of a control step; `gap` if steps before it were missed or time went back."""

    joints: JointReading
    imu: ImuReading | None
    gap: bool


class StampTrigger:
    """Pairs readings and decides which of them make a control step."""

    def __init__(
        self,
        *,
        step_duration: float,
        needs_imu: bool,
        needs_objects: bool = False,
        earliness: float = STAMP_TOLERANCE,
    ) -> None:
        """Trigger every `step_duration` [s] of stamps, with or without waiting for an IMU and for objects.

        A joint state that is stamped less than `earliness` [s] before the deadline meets it.
        """
        self._step_duration = step_duration
        self._earliness = earliness
        self._needs_imu = needs_imu
        self._needs_objects = needs_objects
        self._joints: JointReading | None = None
        self._imu: ImuReading | None = None
        self._objects: ObjectReading | None = None
        self._last_step: float | None = None
        self._deadline = 0.0

    def add_joints(self, joints: JointReading) -> TriggeredStep | None:
        """Return the control step that this joint reading completes, if any."""
        self._joints = joints
        return self._complete()

    def add_imu(self, imu: ImuReading) -> TriggeredStep | None:
        """Return the control step that this IMU reading completes, if any."""
        self._imu = imu
        return self._complete()

    def add_objects(self, objects: ObjectReading) -> TriggeredStep | None:
        """Return the control step that these object poses complete, if any."""
        self._objects = objects
        return self._complete()

    def _complete(self) -> TriggeredStep | None:
        joints, imu = self._joints, self._imu if self._needs_imu else None
        objects = self._objects if self._needs_objects else None
        if joints is None or (self._needs_imu and imu is None) or (self._needs_objects and objects is None):
            return None
        if any(abs(other.stamp - joints.stamp) > STAMP_TOLERANCE for other in (imu, objects) if other is not None):
            return None
        stamp, last = joints.stamp, self._last_step
        went_back = last is not None and stamp < last - STAMP_TOLERANCE
        if last is not None and not went_back and stamp < self._deadline - self._earliness:
            return None
        gap = went_back or (last is not None and stamp - last > 1.5 * self._step_duration)
        self._deadline = (stamp if last is None or gap else self._deadline) + self._step_duration
        self._last_step = stamp
        return TriggeredStep(joints, imu, gap)
