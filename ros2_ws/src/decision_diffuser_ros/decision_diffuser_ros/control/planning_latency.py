"""How many control steps pass until a plan comes in use, from how long recent plans took."""

from __future__ import annotations

import math
from collections import deque

import numpy as np

REMEMBERED = 100
SHARE = 95.0  # [%]


class PlanningLatency:
    """The latency in control steps that 19 of 20 recent plans keep."""

    def __init__(self, *, least: int, longest: int, step_duration: float) -> None:
        """Begin with the least latency.

        Args:
            least: control steps, also where plans are quicker.
            longest: control steps, also where plans are slower; they come late then.
            step_duration: of a control step [s].
        """
        self._least, self._longest = least, max(least, longest)
        self._step_duration = step_duration
        self._durations: deque[float] = deque(maxlen=REMEMBERED)

    @property
    def steps(self) -> int:
        """Control steps from a request until its plan comes in use."""
        if not self._durations:
            return self._least
        needed = math.ceil(float(np.percentile(self._durations, SHARE)) / self._step_duration)
        return min(max(needed, self._least), self._longest)

    @property
    def time_limit(self) -> float:
        """The most that a plan may take [s]."""
        return self._longest * self._step_duration

    def note(self, duration: float) -> None:
        """Learn from a plan that took `duration` [s] from request to answer."""
        self._durations.append(duration)
