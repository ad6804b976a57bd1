"""A sensor that says the very same again and again is frozen, though it talks on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from decision_diffuser_ros.errors import ConfigurationError, StateError

FEWEST_READINGS = 5
"""So many equal ones it takes at least, however far apart their stamps are: clocks jump."""


class FrozenCheck:
    """Compares each reading of a source with the one before."""

    def __init__(self, source: str, *, frozen_after: float) -> None:
        """Watch `source`.

        Args:
            source: what gives the readings, for the message.
            frozen_after: time of readings with new stamps and equal values that is too long [s]; 0 for
                any time, for sensors whose noise is below their resolution.
        """
        if not frozen_after >= 0.0:
            raise ConfigurationError(f"`frozen_after` must not be negative. Got {frozen_after} s")
        self._source = source
        self._frozen_after = frozen_after
        self.reset()

    def reset(self) -> None:
        """Forget the last reading."""
        self._stamp: float | None = None
        self._values: NDArray[np.float64] | None = None
        self._equal_since = 0.0
        self._equal_readings = 0

    def is_new(self, stamp: float, values: NDArray[np.float64], *, now: float) -> bool:
        """Return False for a message that was sent before: the same stamp again, unless nothing is stamped.

        Args:
            stamp: time of the measurement [s]; 0 from a source that does not stamp.
            values: all that was measured ``(values,)``.
            now: steady time [s], in place of stamps where there are none.

        Raises:
            StateError: the source is frozen.
        """
        if stamp == self._stamp and stamp != 0.0:
            return False
        moment = stamp or now
        self._stamp = stamp
        if self._values is None or not np.array_equal(values, self._values):
            self._values, self._equal_since, self._equal_readings = values.copy(), moment, 1
            return True
        self._equal_readings += 1
        duration = moment - self._equal_since
        if 0.0 < self._frozen_after <= duration and self._equal_readings >= FEWEST_READINGS:
            raise StateError(
                f"the {self._source} is frozen: the very same values for {duration:.2f} s, in "
                f"{self._equal_readings} readings"
            )
        return True
