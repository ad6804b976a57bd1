"""What can go wrong with a sensor's messages: each function returns one that spoils messages on a wire."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from sensor_msgs.msg import Imu, JointState

from decision_diffuser_ros.control.message_readings import seconds_of
from decision_diffuser_ros.nodes.messages import stamp_of

SpoilJoints = Callable[[JointState], "JointState | None"]
VALUE_FIELDS = ("position", "velocity", "effort")


def nothing_passes(message: Any) -> None:
    """A cable that is cut."""


def shuffled(seed: int) -> SpoilJoints:
    """Joints in another order in every message."""
    rng = np.random.default_rng(seed)

    def spoil(message: JointState) -> JointState:
        return _reordered(message, [int(index) for index in rng.permutation(len(message.name))])

    return spoil


def without_joint(index: int) -> SpoilJoints:
    """A joint that is missing."""

    def spoil(message: JointState) -> JointState:
        return _reordered(message, [other for other in range(len(message.name)) if other != index])

    return spoil


def with_other_joints(message: JointState) -> JointState:
    """Joints of another part of the robot beside the planner's, one of them with NaN."""
    message.name = ["wheel", *message.name, "camera"]
    for field in VALUE_FIELDS:
        setattr(message, field, [math.nan, *getattr(message, field), 1.0])
    return message


def renamed(message: JointState) -> JointState:
    """Joints under other names."""
    message.name = [f"left_{name}" for name in message.name]
    return message


def doubled(message: JointState) -> JointState:
    """A joint that is there twice."""
    message.name = [*message.name[:-1], message.name[0]]
    return message


def with_value(field: str, value: float, *, every: int = 1) -> SpoilJoints:
    """One joint's position or velocity replaced, in each message or in every so many."""
    counted = [0]

    def spoil(message: JointState) -> JointState:
        counted[0] += 1
        if counted[0] % every == 0:
            values = list(getattr(message, field))
            values[counted[0] % len(values)] = value
            setattr(message, field, values)
        return message

    return spoil


def too_short(message: JointState) -> JointState:
    """Fewer values than names."""
    message.position = message.position[:-3]
    return message


def imu_with(value: float) -> Callable[[Imu], Imu]:
    """An angular velocity that is no number."""

    def spoil(message: Imu) -> Imu:
        message.angular_velocity.y = value
        return message

    return spoil


def imu_without_orientation(message: Imu) -> Imu:
    """A quaternion of length zero."""
    q = message.orientation
    q.x = q.y = q.z = q.w = 0.0
    return message


class Frozen:
    """The values of the first message again and again, with the stamps of the new ones or with its own."""

    def __init__(self, *, stamps_too: bool) -> None:
        self._stamps_too = stamps_too
        self._first: Any = None

    def __call__(self, message: Any) -> Any:
        """Return the first message, stamped anew if stamps go on."""
        if self._first is None:
            self._first = copy.deepcopy(message)
        repeated = copy.deepcopy(self._first)
        if not self._stamps_too:
            repeated.header.stamp = message.header.stamp
        return repeated


def shifted(seconds: float) -> Callable[[Any], Any]:
    """Stamps, of messages or of the clock itself, that have jumped by so much."""

    def spoil(message: Any) -> Any:
        if hasattr(message, "clock"):
            message.clock = stamp_of(max(0.0, seconds_of(message.clock) + seconds))
        else:
            message.header.stamp = stamp_of(max(0.0, seconds_of(message.header.stamp) + seconds))
        return message

    return spoil


def _reordered(message: JointState, order: list[int]) -> JointState:
    spoilt = JointState(header=message.header, name=[message.name[index] for index in order])
    for field in VALUE_FIELDS:
        values = getattr(message, field)
        setattr(spoilt, field, [values[index] for index in order] if len(values) else [])
    return spoilt
