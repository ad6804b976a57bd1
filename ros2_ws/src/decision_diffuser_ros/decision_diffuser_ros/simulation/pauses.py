"""Pauses: the arm stops where it is, whatever it was about, and goes on from there.

So it is on a robot whose planner is late. A planner that has never seen an arm at rest with a block between its fingers
does not know that this comes to an end.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class PauseRange:
    """How often the arm stops, and for how long.

    Attributes:
        share: of the control steps, at which a pause begins.
        steps: shortest and longest pause [control steps].
    """

    share: float = 0.012
    steps: tuple[int, int] = (3, 12)


class Pauses:
    """Says in which control steps of one episode the arm does not move on.

    Args:
        ranges: how often and how long.
        random: draws everything.
    """

    def __init__(self, ranges: PauseRange, random: np.random.Generator) -> None:
        self._ranges = ranges
        self._random = random
        self._remaining = 0

    def next_step(self) -> tuple[bool, bool]:
        """Whether the arm pauses in the coming control step, and whether that is the last one of a pause."""
        if self._remaining == 0 and self._random.uniform() < self._ranges.share:
            shortest, longest = self._ranges.steps
            self._remaining = int(self._random.integers(shortest, longest + 1))
        elif self._remaining == 0:
            return False, False
        self._remaining -= 1
        return True, self._remaining == 0
