"""Limits of joint commands: whatever the planner says, what is published stays inside.

Effort comes first, as far as the rest allows, then position, velocity and acceleration: with an
acceleration limit the command slows down early enough to stop at the position limit, so that it
keeps all three. Effort limits the distance from the measured joint position, which is what the
joint's own controller turns into a torque::

    torque = position_gain * (command - position) - velocity_gain * velocity

Where that and the velocity limit can not both be kept (a joint was pushed far away), the command
follows the joint at the allowed velocity and does not jump.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from decision_diffuser_ros.errors import ConfigurationError, PlanError

CHANGE_TOLERANCE = 1e-9  # [rad], rounding


@dataclass(frozen=True, eq=False, kw_only=True)
class CommandLimits:
    """Bounds of the commanded joint positions, all arrays ``(action_dim,)``.

    Attributes:
        lower, upper: position limits [rad].
        max_velocity: of the commanded position [rad/s]; times the step duration it is the
            largest change from one command to the next.
        max_acceleration: of the commanded position [rad/s^2]; None for no such limit.
        max_effort: that a command may ask of a joint's controller [N m]; None for no such limit.
        position_gain, velocity_gain: of the joints' controllers [N m/rad], [N m s/rad]; needed with
            `max_effort`.
    """

    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    max_velocity: NDArray[np.float64]
    max_acceleration: NDArray[np.float64] | None = None
    max_effort: NDArray[np.float64] | None = None
    position_gain: NDArray[np.float64] | None = None
    velocity_gain: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        lower = np.array(self.lower, dtype=np.float64)
        for name in (field.name for field in fields(self)):
            if getattr(self, name) is None:
                continue
            value = np.array(getattr(self, name), dtype=np.float64)
            if value.ndim != 1 or value.shape != lower.shape or not np.isfinite(value).all():
                raise ConfigurationError(
                    f"`{name}` must be {lower.size} finite numbers, as `lower` has. Got {getattr(self, name)}"
                )
            if name.startswith(("max", "position")) and (value <= 0).any():
                raise ConfigurationError(f"`{name}` must be above 0. Got {value.min():g}")
            if name == "velocity_gain" and (value < 0).any():
                raise ConfigurationError(f"`{name}` must not be negative. Got {value.min():g}")
            object.__setattr__(self, name, value)
        if (self.lower >= self.upper).any():
            joint = int(np.flatnonzero(self.lower >= self.upper)[0])
            raise ConfigurationError(
                f"`lower` must be below `upper` at every joint. Got {self.lower[joint]:g} and "
                f"{self.upper[joint]:g} at index {joint}"
            )

        if self.max_effort is not None and (self.position_gain is None or self.velocity_gain is None):
            raise ConfigurationError("`max_effort` needs `position_gain` and `velocity_gain`, the joint controllers'")

    def with_margin(self, margin: float) -> CommandLimits:
        """Return these limits with both position limits `margin` [rad] further inside."""
        return replace(self, lower=self.lower + margin, upper=self.upper - margin)

    def within_effort(
        self, command: NDArray[np.float64], position: NDArray[np.float64], velocity: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the nearest command for which no joint's controller asks for more than `max_effort`.

        Args:
            command: ``(action_dim,)`` [rad].
            position: measured ``(action_dim,)`` [rad].
            velocity: measured ``(action_dim,)`` [rad/s].
        """
        if self.max_effort is None or self.position_gain is None or self.velocity_gain is None:
            return command
        braking = self.velocity_gain * velocity
        lowest = position + (braking - self.max_effort) / self.position_gain
        highest = position + (braking + self.max_effort) / self.position_gain
        return np.clip(command, lowest, highest)


@dataclass(kw_only=True)
class LimitCounts:
    """How many commands were changed by each limit, or refused, since the limiter was made.

    One command may count for several limits, but once only in `changed_commands`.
    """

    position: int = 0
    velocity: int = 0
    acceleration: int = 0
    effort: int = 0
    refused: int = 0
    changed_commands: int = 0

    @property
    def total(self) -> int:
        """Interventions of every kind; one command may count more than once."""
        return self.position + self.velocity + self.acceleration + self.effort + self.refused


class CommandLimiter:
    """Clamps a sequence of position commands, one each control step."""

    def __init__(self, limits: CommandLimits, *, step_duration: float) -> None:
        """Make a limiter for commands `step_duration` [s] apart; `reset` before use."""
        self.limits = limits
        self.counts = LimitCounts()
        self._step_duration = step_duration
        self._command: NDArray[np.float64] | None = None
        self._velocity = np.zeros_like(limits.lower)

    @property
    def command(self) -> NDArray[np.float64] | None:
        """The last command ``(action_dim,)`` [rad], None before `reset`."""
        return None if self._command is None else self._command.copy()

    def reset(self, command: ArrayLike) -> None:
        """Take up limiting from a robot at rest in this pose ``(action_dim,)`` [rad].

        The pose may lie outside the position limits: commands then lead back inside at
        the allowed velocity instead of jumping.

        Raises:
            PlanError: the pose has another shape or is not finite.
        """
        self._command = self._checked(command)
        self._velocity = np.zeros_like(self._command)

    def limit(
        self,
        command: ArrayLike,
        *,
        position: NDArray[np.float64] | None = None,
        velocity: NDArray[np.float64] | None = None,
        duration: float | None = None,
    ) -> NDArray[np.float64]:
        """Return the nearest allowed command ``(action_dim,)`` [rad], and remember it.

        Args:
            command: ``(action_dim,)`` [rad].
            position: measured now ``(action_dim,)`` [rad]; None where it is not known, and then
                effort is not limited.
            velocity: measured now ``(action_dim,)`` [rad/s].
            duration: since the last command [s], at most a step's; None for a whole step.

        Raises:
            PlanError: the command has another shape, is not finite, or `reset` was not called.
        """
        wanted = self._checked(command)
        if self._command is None:
            raise PlanError("the limiter does not know the current pose: call reset() first")
        limits, last = self.limits, self._command
        step = self._step_duration if duration is None else duration
        gentle = wanted if position is None or velocity is None else limits.within_effort(wanted, position, velocity)
        self.counts.effort += bool((gentle != wanted).any())
        target = np.clip(gentle, limits.lower, limits.upper)
        velocity = (target - last) / step
        allowed = np.clip(velocity, -limits.max_velocity, limits.max_velocity)
        self.counts.position += bool((target != gentle).any())
        self.counts.velocity += bool((np.abs(velocity) > limits.max_velocity * (1 + 1e-9)).any())
        if limits.max_acceleration is not None:
            allowed = self._limit_acceleration(allowed, last, limits.max_acceleration, step)
        limited = np.clip(last + allowed * step, np.minimum(limits.lower, last), np.maximum(limits.upper, last))
        self._velocity = (limited - last) / step
        self._command = limited
        self.counts.changed_commands += bool((np.abs(limited - wanted) > CHANGE_TOLERANCE).any())
        return limited.copy()

    def _limit_acceleration(
        self, velocity: NDArray[np.float64], last: NDArray[np.float64], most: NDArray[np.float64], step: float
    ) -> NDArray[np.float64]:
        """Bound the velocity's change in `step` [s] by `most` [rad/s^2], and the velocity by the way to the limits."""
        fastest_up = self._stopping_speed(self.limits.upper - last, most)
        fastest_down = self._stopping_speed(last - self.limits.lower, most)
        allowed = np.clip(velocity, -fastest_down, fastest_up)
        allowed = np.clip(allowed, self._velocity - most * step, self._velocity + most * step)
        self.counts.acceleration += bool((np.abs(allowed - velocity) > 1e-9).any())
        return allowed

    def _stopping_speed(self, way: NDArray[np.float64], most: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the top speed [rad/s] from which one can stop within `way` [rad].

        Solves v d + v^2 / (2 a) = way for v, with step duration d and a = most: one whole
        step at v and then braking. Whoever keeps it now can keep it at the next step.
        """
        change = most * self._step_duration
        return -change + np.sqrt(change**2 + 2.0 * np.maximum(way, 0.0) * most)

    def _checked(self, command: ArrayLike) -> NDArray[np.float64]:
        values = np.array(command, dtype=np.float64)
        if values.shape != self.limits.lower.shape:
            self.counts.refused += 1
            raise PlanError(f"a command must have shape {self.limits.lower.shape}. Got {values.shape}")
        if not np.isfinite(values).all():
            self.counts.refused += 1
            joint = int(np.flatnonzero(~np.isfinite(values))[0])
            raise PlanError(f"a command must be finite. Got {values[joint]} at index {joint}")
        return values
