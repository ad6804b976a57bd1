"""What a demonstration builds, and which constraint it is a demonstration of.

The label comes first: any of the twelve constraints, mostly one that does not hold yet. Then an arrangement in which it
holds is drawn, from all 73. So a constraint is shown by all that fulfils it: one block put on another, a tower of
three, two towers, a tower of four. That is what lets constraints be combined that were never shown together. To ask for
two is to ask for what both sets of demonstrations have in common (Ajay 2023, Eq. 9), and they have in common every
arrangement in which both hold, with the moves that lead there, because which arrangement is drawn depends on the label
only by whether it fits. Demonstrations that did no more than the label wants would have nothing in common:
`red > blue` would always move red, `blue > green` always blue.

Short ways are preferred all the same. Each pick and place is one more chance to fail, and where blocks stand in piles
already, most arrangements are far away.
"""

import functools
from dataclasses import dataclass

import numpy as np

from decision_diffuser_ros.planner.piles import moves_between
from decision_diffuser_ros.simulation.block_arrangement import (
    Arrangement,
    all_arrangements,
    levels_of,
    piles_of,
)
from decision_diffuser_ros.simulation.block_constraints import CONSTRAINT_PAIRS
from decision_diffuser_ros.simulation.stacking_start import PileSizes


@dataclass(frozen=True)
class GoalPreference:
    """Which arrangements are built.

    Attributes:
        pile_sizes: weight of each kind of arrangement, by the sizes of its piles in falling order.
        move_factor: how much less likely an arrangement is for every move that it is further away.
        most_moves: none is further away.
        new_share: share of the labels that do not hold at the start.
    """

    pile_sizes: tuple[tuple[PileSizes, float], ...]
    move_factor: float
    most_moves: int = 6
    new_share: float = 0.8

    def draw(self, random: np.random.Generator, start: Arrangement) -> tuple[Arrangement, int]:
        """The arrangement to build and the index of the constraint that labels it, which holds in it."""
        held = constraints_of(start)
        new = random.uniform() < self.new_share or not held.any()
        label = int(random.choice(np.flatnonzero(held != new)))
        goals = [goal for goal in _all_arrangements() if constraints_of(goal)[label]]
        weight = np.array([self._weight(start, goal) for goal in goals])
        return goals[random.choice(len(goals), p=weight / weight.sum())], label

    def _weight(self, start: Arrangement, goal: Arrangement) -> float:
        sizes = _pile_sizes(goal)
        moves = _moves_between(start, goal)
        if moves > self.most_moves:
            return 0.0
        return dict(self.pile_sizes).get(sizes, 0.0) / _arrangements_alike(sizes) * self.move_factor**moves


FROM_TABLE = GoalPreference((((4,), 0.20), ((3, 1), 0.30), ((2, 2), 0.20), ((2, 1, 1), 0.30)), move_factor=1.0)
"""From blocks that lie about: no kind of arrangement is rare."""
FROM_PILES = GoalPreference((((4,), 0.25), ((3, 1), 0.30), ((2, 2), 0.25), ((2, 1, 1), 0.20)), move_factor=0.65)
"""From blocks that stand in piles."""


@functools.cache
def _all_arrangements() -> list[Arrangement]:
    return all_arrangements()


@functools.cache
def constraints_of(arrangement: Arrangement) -> np.ndarray:
    """Which constraints hold in an arrangement, (12,) bool."""
    upper, lower = levels_of(arrangement)[np.array(CONSTRAINT_PAIRS).T]
    return upper > lower


@functools.cache
def _moves_between(start: Arrangement, goal: Arrangement) -> int:
    return moves_between(start, goal)


@functools.cache
def _pile_sizes(arrangement: Arrangement) -> PileSizes:
    return tuple(sorted(map(len, piles_of(arrangement)), reverse=True))


@functools.cache
def _arrangements_alike(sizes: PileSizes) -> int:
    return sum(_pile_sizes(arrangement) == sizes for arrangement in _all_arrangements())
