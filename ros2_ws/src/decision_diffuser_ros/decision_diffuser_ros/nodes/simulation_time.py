"""When simulated time goes on: in lockstep with commands, or at a rate.

In lockstep, simulated time stands still until the last state published has been answered, then goes on by one control
period. A state that nobody answers is due again and again with the same stamp, so that a planner which starts late is
not missed. Without lockstep, time goes on at the real-time factor. No ROS here.
"""

from __future__ import annotations

import enum
import time
from dataclasses import dataclass, fields

from decision_diffuser_ros.errors import ConfigurationError

LONGEST_WAIT = 0.1  # [s]


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
    """

    lockstep: bool
    lockstep_timeout: float
    repeat_period: float
    real_time_factor: float
    control_period: float
    state_rate: float

    def __post_init__(self) -> None:
        if not self.lockstep and self.real_time_factor <= 0.0:
            raise ConfigurationError("`real_time_factor` must be above 0 without lockstep. Got 0")

    @classmethod
    def of(cls, parameters: object) -> TimeSettings:
        """Return the settings among a node's parameters."""
        return cls(**{field.name: getattr(parameters, field.name) for field in fields(cls)})


class Due(enum.Enum):
    """What is to be done now."""

    NOTHING = "nothing"
    ADVANCE = "simulate one period and publish"
    REPEAT = "publish again"


class SimulationTime:
    """Says what is due, on the steady clock."""

    def __init__(self, settings: TimeSettings) -> None:
        """Begin with a state that has just been published."""
        self._settings = settings
        self._is_answered = False
        self._next_advance = self._published_at = self._answered_at = time.monotonic()

    @property
    def period(self) -> float:
        """Simulated time from one state to the next [s]."""
        return self._settings.control_period if self._settings.lockstep else 1.0 / self._settings.state_rate

    def due(self) -> Due:
        """Return what is to be done; after ADVANCE, time lost is not made up for."""
        now = time.monotonic()
        if now >= self._next_advance and (self._is_answered or not self._settings.lockstep):
            factor = self._settings.real_time_factor
            period = self.period / factor if factor > 0.0 else 0.0
            self._next_advance = max(self._next_advance + period, now)
            self._is_answered = False
            return Due.ADVANCE
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
