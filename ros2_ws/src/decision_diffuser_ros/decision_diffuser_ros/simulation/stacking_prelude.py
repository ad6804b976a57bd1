"""What the arm does before it is asked for something: nothing, rest at home, or work on something else.

A planner that has only seen demonstrations which start in the middle of the air and end in rest has never seen rest
come to an end: it rests on, whatever it is asked then.
"""

from dataclasses import dataclass

import numpy as np

from decision_diffuser_ros.simulation.block_arrangement import Arrangement
from decision_diffuser_ros.simulation.stacking_expert import Phase, StackingExpert
from decision_diffuser_ros.simulation.stacking_goals import GoalPreference

INTERRUPTIBLE = tuple(phase for phase in Phase if phase not in (Phase.LIFT, Phase.CARRY, Phase.LOWER))
"""Phases in which no block is in the air; in some of them the fingers are around one."""
MOST_STEPS = 120  # control steps: a pick and place takes about half of them


@dataclass(frozen=True)
class PreludeRange:
    """How often each kind comes, and how long it lasts; what remains starts at once.

    Attributes:
        resting_share: share of the episodes in which the arm has come home.
        resting_steps: for how long it has rested there, shortest and longest [control steps].
        interrupted_share: share of the episodes in which it is building something else.
        interrupted_steps: for how long, shortest and longest [control steps]; with a block in the air it lasts
            until that is put down.
    """

    resting_share: float = 0.4
    resting_steps: tuple[int, int] = (1, 6)
    interrupted_share: float = 0.3
    interrupted_steps: tuple[int, int] = (1, 40)


class Prelude:
    """What the arm does before one demonstration.

    Args:
        ranges: the kinds, and how long they last.
        random: draws everything.
        arrangement: of the blocks now.
        preference: what else is built.
    """

    def __init__(
        self, ranges: PreludeRange, random: np.random.Generator, arrangement: Arrangement, preference: GoalPreference
    ) -> None:
        kind = random.uniform()
        self._rests = kind < ranges.resting_share
        self._works = not self._rests and kind < ranges.resting_share + ranges.interrupted_share
        shortest, longest = ranges.resting_steps if self._rests else ranges.interrupted_steps
        self._least_steps = int(random.integers(shortest, longest + 1))
        goal, _ = preference.draw(random, arrangement)
        self.expert = StackingExpert(goal if self._works else arrangement)
        """Who drives meanwhile."""

    def is_over(self, steps: int) -> bool:
        """Whether the demonstration begins now, after so many control steps of the prelude."""
        if self._rests:
            return self.expert.resting_steps >= self._least_steps or steps >= MOST_STEPS
        if self._works:
            return steps >= self._least_steps and (self.expert.phase in INTERRUPTIBLE or steps >= MOST_STEPS)
        return True
