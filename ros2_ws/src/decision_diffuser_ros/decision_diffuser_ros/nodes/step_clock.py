"""Which control steps happen in real time: those that states call for, and others in place of those that do not come.

No ROS here. All times are of the steady clock [s].
"""

from __future__ import annotations

import math

GRACE = 0.25
"""How much later than its period a step may come because its state does, in periods."""
CLOSEST = 0.5
"""How close steps may come, in periods: stamps that jump or run fast, or states that arrive all at once, make no more.
Limits of velocity and acceleration go by the time that has passed, see `control.safe_controller`."""


class StepClock:
    """Remembers the last control step, and when a state last called for one.

    Args:
        period: between two steps [s].
    """

    def __init__(self, period: float) -> None:
        self._period = period
        self._last_step = -math.inf
        self.patience = -math.inf
        """When a step begins without a state that calls for it [s]."""

    def note_step(self, now: float) -> None:
        """A step begins."""
        self._last_step = now

    def note_state(self, now: float) -> None:
        """A state calls for a step. Whether it gets one or comes too early: the next is waited for."""
        self.patience = now + (1.0 + GRACE) * self._period

    def is_too_early(self, now: float) -> bool:
        """Whether the last step has only just been."""
        return now - self._last_step < CLOSEST * self._period
