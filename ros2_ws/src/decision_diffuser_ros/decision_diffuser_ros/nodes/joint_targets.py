"""The simulated joint controllers' inputs: what they are told, by either interface. No ROS here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from decision_diffuser_ros.errors import StateError


@dataclass(frozen=True, eq=False)
class TrajectoryPoint:
    """Joint positions ``(joints,)`` [rad], velocities [rad/s] or None, and when [s]."""

    time: float
    position: NDArray[np.float64]
    velocity: NDArray[np.float64] | None


class JointTargets:
    """The joint positions that are commanded at any time: one position, or a trajectory to follow."""

    def __init__(self, joint_names: Sequence[str], position: ArrayLike) -> None:
        """Hold `position` ``(joints,)`` [rad] until something else is commanded."""
        self.joint_names = tuple(joint_names)
        self._points = [TrajectoryPoint(-np.inf, np.array(position, dtype=np.float64), None)]

    @property
    def is_moving(self) -> bool:
        """Whether a trajectory is followed, rather than one position held."""
        return len(self._points) > 1

    def command(self, position: ArrayLike) -> None:
        """Take a forward command, in the order of the joints.

        Raises:
            StateError: it has another size or is not finite.
        """
        self._points = [TrajectoryPoint(-np.inf, self._checked(position, "command"), None)]

    def follow(self, joint_names: Sequence[str], points: Sequence[TrajectoryPoint], *, now: float) -> None:
        """Take a trajectory that begins at `now` [s] from what is commanded then, position and velocity.

        Args:
            joint_names: the order of the points' values.
            points: times are absolute [s].
            now: time of the trajectory's stamp [s].

        Raises:
            StateError: joints are missing, times do not increase, or a value is not finite.
        """
        if set(joint_names) != set(self.joint_names) or len(joint_names) != len(self.joint_names):
            raise StateError(f"the trajectory must be for {', '.join(self.joint_names)}. Got {', '.join(joint_names)}")
        if not points:
            raise StateError("the trajectory has no points")
        times = np.array([now, *(point.time for point in points)])
        if not (np.diff(times) > 0.0).all():
            raise StateError("the trajectory's time_from_start must be above 0 and increase from point to point")
        order = [list(joint_names).index(name) for name in self.joint_names]
        start = TrajectoryPoint(now, self.at(now), self._velocity_at(now))
        self._points = [start] + [self._reordered(point, order) for point in points]

    def at(self, time: float) -> NDArray[np.float64]:
        """Return the joint positions commanded at `time` [s], ``(joints,)`` [rad].

        Cubic between points with velocities, linear between others; the last point stays.
        """
        segment = self._segment(time)
        if segment is None:
            return self._points[0 if time < self._points[0].time else -1].position.copy()
        return _between(*segment, time)

    def _velocity_at(self, time: float) -> NDArray[np.float64]:
        """The commanded velocity, ``(joints,)`` [rad/s]; zero where a position is held."""
        segment = self._segment(time)
        return np.zeros(len(self.joint_names)) if segment is None else _velocity_between(*segment, time)

    def _segment(self, time: float) -> tuple[TrajectoryPoint, TrajectoryPoint] | None:
        """The two points that `time` [s] lies between; None before the first and after the last."""
        following = next((index for index, point in enumerate(self._points) if point.time > time), None)
        return (self._points[following - 1], self._points[following]) if following else None

    def _reordered(self, point: TrajectoryPoint, order: list[int]) -> TrajectoryPoint:
        position = self._checked(point.position, "trajectory's positions")[order]
        velocity = None if point.velocity is None else self._checked(point.velocity, "trajectory's velocities")[order]
        return TrajectoryPoint(point.time, position, velocity)

    def _checked(self, values: ArrayLike, what: str) -> NDArray[np.float64]:
        array = np.array(values, dtype=np.float64)
        if array.shape != (len(self.joint_names),):
            raise StateError(f"the {what} must have {len(self.joint_names)} values. Got {array.size}")
        if not np.isfinite(array).all():
            raise StateError(f"the {what} must be finite. Got {array[~np.isfinite(array)][0]}")
        return array


def _between(before: TrajectoryPoint, after: TrajectoryPoint, time: float) -> NDArray[np.float64]:
    """Return the position between two points: cubic Hermite, or linear without velocities."""
    x = (time - before.time) / (after.time - before.time)
    slope, quadratic, cubic = _coefficients(before, after)
    return before.position + x * (slope + x * (quadratic + x * cubic))


def _velocity_between(before: TrajectoryPoint, after: TrajectoryPoint, time: float) -> NDArray[np.float64]:
    """Return the velocity between two points, the derivative of `_between`."""
    duration = after.time - before.time
    x = (time - before.time) / duration
    slope, quadratic, cubic = _coefficients(before, after)
    return (slope + x * (2.0 * quadratic + x * 3.0 * cubic)) / duration


def _coefficients(
    before: TrajectoryPoint, after: TrajectoryPoint
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Of x, x^2 and x^3, where x goes from 0 to 1 between the points."""
    duration = after.time - before.time
    change = after.position - before.position
    if before.velocity is None or after.velocity is None:
        return change, np.zeros_like(change), np.zeros_like(change)
    slope_before, slope_after = duration * before.velocity, duration * after.velocity
    return slope_before, 3.0 * change - 2.0 * slope_before - slope_after, slope_before + slope_after - 2.0 * change
