"""How well a running planner does: rates, times and losses of late, judged by thresholds. No ROS here."""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from decision_diffuser_ros.errors import ConfigurationError


class HealthLevel(enum.IntEnum):
    """As diagnostic_msgs/DiagnosticStatus has them."""

    OK = 0
    WARN = 1
    ERROR = 2


@dataclass(frozen=True)
class Threshold:
    """From where on a value is worth a warning, or an error; it is `falling` if small values are the bad ones."""

    name: str
    warn: float
    error: float
    falling: bool = False

    def __post_init__(self) -> None:
        if (self.warn < self.error) if self.falling else (self.warn > self.error):
            word = "below" if self.falling else "above"
            raise ConfigurationError(
                f"`{self.name}_error` must not lie on the harmless side of `{self.name}_warn`, but {word} it. "
                f"Got {self.error:g} and {self.warn:g}"
            )

    def level(self, value: float) -> HealthLevel:
        """Return how bad the value is; a value that is not known (NaN) is fine."""
        sign = -1.0 if self.falling else 1.0
        if sign * value > sign * self.error:
            return HealthLevel.ERROR
        return HealthLevel.WARN if sign * value > sign * self.warn else HealthLevel.OK


@dataclass(frozen=True)
class HealthReport:
    """One line of diagnostics: `values` by name, with their units in the names."""

    name: str
    level: HealthLevel
    message: str
    values: Mapping[str, str] = field(default_factory=dict)


class RecentValues:
    """The values of the last `window` seconds, at most `most` of them."""

    def __init__(self, *, window: float, most: int = 20_000) -> None:
        self._window = window
        self._values: deque[tuple[float, float]] = deque(maxlen=most)

    def add(self, now: float, value: float) -> None:
        """Remember a value that belongs to steady time `now` [s]."""
        self._values.append((now, value))

    def clear(self) -> None:
        """Forget all."""
        self._values.clear()

    def since(self, now: float) -> NDArray[np.float64]:
        """Return the values of the window that ends at steady time `now` [s], oldest first."""
        while self._values and self._values[0][0] < now - self._window:
            self._values.popleft()
        return np.array([value for _, value in self._values], dtype=np.float64)


class RecentIncrease:
    """How much counters have grown within the last `window` seconds."""

    def __init__(self, *, window: float) -> None:
        self._window = window
        self._samples: deque[tuple[float, float]] = deque()

    def clear(self) -> None:
        """Forget all: the next total is the one to grow from."""
        self._samples.clear()

    def add(self, now: float, total: float) -> float:
        """Take note of a counter at steady time `now` [s]; return its growth within the window.

        A counter that has become smaller was started anew: its growth is what it shows.
        """
        if self._samples and total < self._samples[-1][1]:
            self._samples.clear()
            self._samples.append((now, 0.0))
        self._samples.append((now, total))
        while len(self._samples) > 1 and self._samples[1][0] <= now - self._window:
            self._samples.popleft()
        return total - self._samples[0][1]


def percentiles(values: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return the 50th, 95th and 99th percentile; NaN each where there are no values."""
    if values.size == 0:
        return np.nan, np.nan, np.nan
    middle, high, highest = np.percentile(values, [50.0, 95.0, 99.0])
    return float(middle), float(high), float(highest)


def period_jitter(times: NDArray[np.float64], period: float) -> NDArray[np.float64]:
    """Return how far each time between two commands is from `period` [s]."""
    return np.abs(np.diff(times) - period)
