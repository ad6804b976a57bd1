"""When simulated time goes on: in lockstep with commands, or at a rate.

In lockstep, simulated time stands still until the last state published has been answered, then goes on by one control
period. A state that nobody answers is due again and again with the same stamp, so that a planner which starts late is
not missed. Without lockstep, time goes on at the real-time factor, in slices after each of which a command can take
hold, as on a robot; a state follows every few of them. No ROS here.
"""

from __future__ import annotations

import enum
import time
from dataclasses import dataclass, fields

import numpy as np

from decision_diffuser_ros.errors import ConfigurationError

LONGEST_WAIT = 0.1  # [s]
STEP_TOLERANCE = 0.01  # of a step


@dataclass(frozen=True, kw_only=True)
class TimeSettings:
    """How simulated time goes on; the parameters of that name.

    Attributes:
        lockstep: whether it waits for answers.
        lockstep_timeout: without an answer that is worth a warning [s].
        repeat_period: after which a state that nobody has answered is sent again [s].
        real_time_factor: most simulated seconds in a second; 0: as fast as it can, in lockstep only.
        control_period: simulated time between two states in lockstep [s].
        state_rate: states in a simulated second without lockstep [Hz].
        reaction_time: longest simulated time until a command takes hold without lockstep [s], but for a step of the
            physics; 0: from state to state.
        time_step: of the physics [s].

    Raises:
        ConfigurationError: these times do not go together.
    """

    lockstep: bool
    lockstep_timeout: float
    repeat_period: float
    real_time_factor: float
    control_period: float
    state_rate: float
    reaction_time: float

    time_step: float

    def __post_init__(self) -> None:
        if not self.lockstep and self.real_time_factor <= 0.0:
            raise ConfigurationError("`real_time_factor` must be above 0 without lockstep. Got 0")
        steps = self.state_period / self.time_step
        if abs(steps - max(1, round(steps))) > STEP_TOLERANCE:
            what = "`control_period`" if self.lockstep else "1 / `state_rate`"
            raise ConfigurationError(
                f"{what} must be a multiple of the physics' step of {self.time_step:g} s. Got {self.state_period:g} s"
            )

    @classmethod
    def of(cls, parameters: object, *, time_step: float) -> TimeSettings:
        """Return the settings among a node's parameters, and the physics' `time_step` [s]."""
        names = [field.name for field in fields(cls) if field.name != "time_step"]
        return cls(**{name: getattr(parameters, name) for name in names}, time_step=time_step)

    @property
    def state_period(self) -> float:
        """Simulated time from one state to the next [s]."""
        return self.control_period if self.lockstep else 1.0 / self.state_rate

    @property
    def slices(self) -> int:
        """Into how many equal slices of whole steps the time from one state to the next is divided."""
        if self.lockstep or self.reaction_time <= 0.0:
            return 1
        steps = round(self.state_period / self.time_step)
        fewest = min(self.state_period / self.reaction_time - STEP_TOLERANCE, steps)
        return next(slices for slices in range(1, steps + 1) if steps % slices == 0 and slices >= fewest)


def even_pieces(steps: int, pieces: int) -> list[int]:
    """Return how many of `steps` each piece has, in turn: about as many as the others, and at least one.

    Args:
        steps: of the physics, at least 1.
        pieces: at most as many there are; fewer where there are not as many steps.
    """
    ends = np.linspace(0, steps, min(pieces, steps) + 1).round().astype(int)
    return [int(count) for count in np.diff(ends)]


class Due(enum.Enum):
    """What is to be done now."""

    NOTHING = "nothing"
    ADVANCE = "simulate one period and publish"
    SLICE = "simulate one period and do not publish"
    REPEAT = "publish again"


class SimulationTime:
    """Says what is due, on the steady clock."""

    def __init__(self, settings: TimeSettings) -> None:
        """Begin with a state that has just been published."""
        self._settings = settings
        self.period = settings.state_period / settings.slices
        """Simulated time by which it goes on at once [s]."""
        self._slices = settings.slices
        self._slices_done = 0
        self._is_answered = False
        self._next_advance = self._published_at = self._answered_at = time.monotonic()

    def due(self) -> Due:
        """Return what is to be done; time lost is made up for within the time between two states, else not."""
        now = time.monotonic()
        if now >= self._next_advance and (self._is_answered or not self._settings.lockstep):
            factor = self._settings.real_time_factor
            period = self.period / factor if factor > 0.0 else 0.0
            self._next_advance = max(self._next_advance + period, now - (self._slices - 1) * period)
            self._is_answered = False
            self._slices_done = (self._slices_done + 1) % self._slices
            return Due.SLICE if self._slices_done else Due.ADVANCE
        waits = self._settings.lockstep and not self._is_answered
        return Due.REPEAT if waits and now - self._published_at >= self._settings.repeat_period else Due.NOTHING

    def wait(self) -> float:
        """Return how long to wait for messages before something is due [s]."""
        waits = self._settings.lockstep and not self._is_answered
        due = self._published_at + self._settings.repeat_period if waits else self._next_advance
        return min(max(0.0, due - time.monotonic()), LONGEST_WAIT)

    def warning_is_due(self) -> bool:
        """Return, once in `lockstep_timeout`, whether nobody has answered for so long."""
        now = time.monotonic()
        is_due = self._settings.lockstep and now - self._answered_at >= self._settings.lockstep_timeout
        if is_due:
            self._answered_at = now
        return is_due

    def note_published(self) -> None:
        """A state has been published."""
        self._published_at = time.monotonic()

    def note_answer(self) -> None:
        """The state has been answered by a command."""
        self._is_answered, self._answered_at = True, time.monotonic()

    def forget_answer(self) -> None:
        """The answer was to a state that does not count any more."""
        self._is_answered = False
