"""How many denoising steps fit into the time left: learnt from the plans that were made."""

import collections
import math

import numpy as np

REMEMBERED = 100
SHARE = 95.0  # [%]


class StepTimes:
    """The times of recent plans. What is to be left out of them, a warm-up, is not to be noted.

    The network's work grows with its rows, one for each condition and candidate, so times are kept a step and row.
    """

    def __init__(self) -> None:
        self._per_row: collections.deque[float] = collections.deque(maxlen=REMEMBERED)
        self._besides: collections.deque[float] = collections.deque(maxlen=REMEMBERED)

    def note(self, *, denoising_steps: int, rows: int, sampling: float, besides: float) -> None:
        """Learns from a plan.

        Args:
            denoising_steps: that were run.
            rows: of the network's batch.
            sampling: duration of the denoising steps together [s].
            besides: duration of everything else [s].
        """
        self._per_row.append(sampling / (denoising_steps * rows))
        self._besides.append(besides)

    def fitting_steps(self, seconds: float, *, rows: int, most: int) -> int:
        """How many steps 19 of 20 plans can take within `seconds` [s]: 1 to `most`; `most` before anything is known."""
        if not self._per_row:
            return most
        step = rows * float(np.percentile(self._per_row, SHARE))
        left = seconds - float(np.percentile(self._besides, SHARE))
        return min(max(1, math.floor(left / step)), most)
