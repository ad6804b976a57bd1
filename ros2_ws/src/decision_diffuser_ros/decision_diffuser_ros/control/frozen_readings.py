"""A sensor that says the very same again and again is frozen, though it talks on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from decision_diffuser_ros.errors import ConfigurationError, StateError


class FrozenCheck:
    """Compares each reading of a source with the one before."""

    def __init__(self, source: str, *, limit: int) -> None:
        """Watch `source`.

        Args:
            source: what gives the readings, for the message.
            limit: so many readings with new stamps and equal values in a row are one too many; 0 for
                no limit, for sensors whose noise is below their resolution.
        """
        if limit < 0:
            raise ConfigurationError(f"`limit` must not be negative. Got {limit}")
        self._source = source
        self._limit = limit
        self.reset()

    def reset(self) -> None:
        """Forget the last reading."""
        self._stamp: float | None = None
        self._values: NDArray[np.float64] | None = None
        self._equal_readings = 0

    def is_new(self, stamp: float, values: NDArray[np.float64]) -> bool:
        """Return False for a message that was sent before: the same stamp again, unless nothing is stamped.

        Args:
            stamp: time of the measurement [s]; 0 from a source that does not stamp.
            values: all that was measured ``(values,)``.

        Raises:
            StateError: the source is frozen.
        """
        if stamp == self._stamp and stamp != 0.0:
            return False
        is_equal = self._values is not None and np.array_equal(values, self._values)
        self._equal_readings = self._equal_readings + 1 if is_equal else 0
        self._stamp, self._values = stamp, values.copy()
        if self._limit and self._equal_readings >= self._limit:
            raise StateError(
                f"the {self._source} is frozen: {self._equal_readings + 1} readings in a row with the very same values"
            )
        return True
