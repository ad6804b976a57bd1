"""The commands that a robot was sent, and whether they were safe."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

TOLERANCE = 1e-6
"""Of shares of a limit: rounding in the messages."""


@dataclass(frozen=True, eq=False, kw_only=True)
class CommandBounds:
    """What commands must keep: arrays ``(joints,)`` in the order of the commands.

    Attributes:
        lower, upper: [rad].
        max_velocity: [rad/s].
        max_acceleration: [rad/s^2].
        step_duration: time between two commands [s].
    """

    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    max_velocity: NDArray[np.float64]
    max_acceleration: NDArray[np.float64]
    step_duration: float

    @classmethod
    def from_parameters(cls, parameters: dict[str, Any]) -> CommandBounds:
        """Return the limits in a planner's parameter file (its `ros__parameters`)."""
        limits = parameters["limits"]
        return cls(
            lower=np.array(limits["position_lower"]),
            upper=np.array(limits["position_upper"]),
            max_velocity=np.array(limits["velocity"]),
            max_acceleration=np.array(limits["acceleration"]),
            step_duration=float(parameters["step_duration"]) / int(parameters.get("commands_per_step", 1)),
        )


@dataclass(frozen=True)
class CommandFindings:
    """What a sequence of commands was like; shares are of the limit, at the worst joint and moment.

    Attributes:
        commands: how many there were.
        not_finite: commands with NaN or infinity.
        beyond_position: commands with a joint outside its position limits.
        velocity_share: largest change from one command to the next, as a share of the limit.
        acceleration_share: the same for the change of that change.
        starts: times that commands began anew, with the measured pose.
        largest_start: largest distance of such a first command from the measured pose [rad].
    """

    commands: int
    not_finite: int
    beyond_position: int
    velocity_share: float
    acceleration_share: float
    starts: int
    largest_start: float

    @property
    def problems(self) -> list[str]:
        """What must not be; empty for safe commands."""
        found = []
        if self.not_finite:
            found.append(f"{self.not_finite} commands were not finite")
        if self.beyond_position:
            found.append(f"{self.beyond_position} commands were beyond the position limits")
        if self.velocity_share > 1.0 + TOLERANCE:
            found.append(f"a command jumped by {self.velocity_share:.2f} of the velocity limit")
        if self.acceleration_share > 1.0 + TOLERANCE:
            found.append(f"a command changed speed by {self.acceleration_share:.2f} of the acceleration limit")
        if self.largest_start > START_TOLERANCE:
            found.append(f"commands began {self.largest_start:.2f} rad away from the measured pose")
        return found


START_TOLERANCE = 0.3
"""A robot moves between what the bench has measured last and the first command [rad]."""


@dataclass
class CommandRecord:
    """Commands in the order of their arrival, and where they were allowed to begin anew.

    Attributes:
        commands: ``(joints,)`` each [rad].
        poses: measured pose at each command, in the same order of joints [rad]; None if there was none yet.
        breaks: ranges of indices (first, after the last) in which commands may begin anew once.
    """

    commands: list[NDArray[np.float64]] = field(default_factory=list)
    poses: list[NDArray[np.float64] | None] = field(default_factory=list)
    breaks: list[tuple[int, int]] = field(default_factory=list)

    def add(self, command: NDArray[np.float64], pose: NDArray[np.float64] | None) -> None:
        """Take note of a command and of the pose measured last."""
        self.commands.append(command)
        self.poses.append(pose)

    def findings(self, bounds: CommandBounds, *, begin: int = 0) -> CommandFindings:
        """Return what the commands from index `begin` on were like."""
        commands = np.array(self.commands[begin:], dtype=np.float64).reshape(-1, bounds.lower.size)
        finite = np.isfinite(commands).all(axis=1)
        outside = ((commands < bounds.lower - TOLERANCE) | (commands > bounds.upper + TOLERANCE)).any(axis=1)
        velocity_share, acceleration_share, starts = 0.0, 0.0, []
        for first, last in self._segments(bounds, begin):
            if first > begin or begin == 0:
                starts.append(first)
            segment = np.array(self.commands[first:last], dtype=np.float64)
            velocity = np.diff(segment, axis=0) / bounds.step_duration
            acceleration = np.diff(velocity, axis=0) / bounds.step_duration
            velocity_share = max(velocity_share, _share(velocity, bounds.max_velocity))
            acceleration_share = max(acceleration_share, _share(acceleration, bounds.max_acceleration))
        distances = [
            float(np.abs(self.commands[index] - pose).max())
            for index in starts
            if index < len(self.commands) and (pose := self.poses[index]) is not None
        ]
        return CommandFindings(
            commands=len(commands),
            not_finite=int((~finite).sum()),
            beyond_position=int((outside & finite).sum()),
            velocity_share=velocity_share,
            acceleration_share=acceleration_share,
            starts=len(starts),
            largest_start=max(distances, default=0.0),
        )

    def _segments(self, bounds: CommandBounds, begin: int) -> list[tuple[int, int]]:
        """Ranges of commands without a new beginning: in each break, the first jump is taken for one."""
        cuts = [begin]
        for first, last in self.breaks:
            window = range(max(first, begin + 1, 1), min(last, len(self.commands)))
            cuts.extend(itertools.islice((index for index in window if self._jumps(bounds, index)), 1))
        edges = sorted({*cuts, len(self.commands)})
        return [(first, last) for first, last in itertools.pairwise(edges)]

    def _jumps(self, bounds: CommandBounds, index: int) -> bool:
        """Whether a command does not go on from those before it, as far as velocity and acceleration allow."""
        step = self.commands[index] - self.commands[index - 1]
        change = step - (self.commands[index - 1] - self.commands[max(index - 2, 0)])
        shares = (
            np.abs(step) / (bounds.max_velocity * bounds.step_duration),
            np.abs(change) / (bounds.max_acceleration * bounds.step_duration**2),
        )
        return not all((share <= 1.0 + TOLERANCE).all() for share in shares)


def _share(values: NDArray[np.float64], limits: NDArray[np.float64]) -> float:
    """Largest finite absolute value as a share of its limit; 0 without values."""
    shares = np.abs(values) / limits
    finite = shares[np.isfinite(shares)]
    return float(finite.max()) if finite.size else 0.0
