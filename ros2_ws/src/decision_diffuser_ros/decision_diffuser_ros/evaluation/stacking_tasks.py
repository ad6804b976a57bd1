"""What is asked in the evaluations of block stacking: drawn at random, never impossible, never fulfilled already."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.planner.conditions import Branch, Condition
from decision_diffuser_ros.planner.piles import Arrangement, moves_between
from decision_diffuser_ros.simulation.block_arrangement import all_arrangements
from decision_diffuser_ros.simulation.block_constraints import CONSTRAINT_NAMES, CONSTRAINT_PAIRS
from decision_diffuser_ros.simulation.stacking_goals import constraints_of
from decision_diffuser_ros.simulation.stacking_model import BLOCK_NAMES
from decision_diffuser_ros.simulation.stacking_start import SCATTERED_START, STACKED_START, StackingStart

CONSTRAINT = "constraint"
"""Kind of the conditions, as the demonstrations call what they show."""


@dataclass(frozen=True)
class Request:
    """Constraints, as indices in `CONSTRAINT_NAMES`: those that are to hold, and those that are not to.

    Attributes:
        asked: that are all to hold.
        refused: none of which is to hold.
        otherwise: other requests, any of which will do as well (OR).
    """

    asked: tuple[int, ...]
    refused: tuple[int, ...] = ()
    otherwise: tuple[Request, ...] = ()

    @property
    def alternatives(self) -> tuple[Request, ...]:
        """This request without the others, and each of them."""
        return (replace(self, otherwise=()), *self.otherwise)

    def __str__(self) -> str:
        wanted = [CONSTRAINT_NAMES[index] for index in self.asked]
        together = " & ".join([*wanted, *(f"!({CONSTRAINT_NAMES[index]})" for index in self.refused)])
        return " | ".join([together, *map(str, self.otherwise)])

    def fulfilled(self, hold: np.ndarray) -> np.ndarray:
        """Whether it is fulfilled, (...) bool, where such constraints `hold`, (..., 12) bool."""
        together = hold[..., list(self.asked)].all(axis=-1) & ~hold[..., list(self.refused)].any(axis=-1)
        return np.any([together, *(other.fulfilled(hold) for other in self.otherwise)], axis=0)

    def holds_in(self, arrangement: Arrangement) -> bool:
        """Whether an arrangement fulfils it."""
        return bool(self.fulfilled(constraints_of(arrangement)))

    def branches(self, negation_weight: float) -> tuple[Branch, ...]:
        """What the planner is asked, the conditions of each alternative (Ajay 2023, Eq. 9 and App. J)."""
        return tuple(each._conditions(negation_weight) for each in self.alternatives)

    def _conditions(self, negation_weight: float) -> Branch:
        wanted = (Condition({CONSTRAINT: CONSTRAINT_NAMES[index]}) for index in self.asked)
        avoided = (Condition({CONSTRAINT: CONSTRAINT_NAMES[index]}, weight=-negation_weight) for index in self.refused)
        return (*wanted, *avoided)


def _chains(length: int, *, refuses_opposite: bool = False) -> tuple[Request, ...]:
    """Every chain of blocks, each above the next, of so many constraints; their opposites are refused or not asked."""
    requests = []
    for chain in itertools.permutations(range(len(BLOCK_NAMES)), length + 1):
        pairs = list(itertools.pairwise(chain))
        refused = [CONSTRAINT_PAIRS.index((lower, upper)) for upper, lower in pairs if refuses_opposite]
        requests.append(Request(tuple(CONSTRAINT_PAIRS.index(pair) for pair in pairs), tuple(refused)))
    return tuple(requests)


@dataclass(frozen=True)
class StackingTask:
    """A family of episodes.

    Attributes:
        start: how they start.
        requests: what may be asked.
    """

    start: StackingStart
    requests: tuple[Request, ...]


EITHER_START = StackingStart(
    (((1, 1, 1, 1), 0.5), *((sizes, 0.5 * share) for sizes, share in STACKED_START.pile_sizes))
)
"""Half of them all on the table, half in piles."""

TASKS = {
    "single_stacking": StackingTask(SCATTERED_START, _chains(1)),
    "single_rearrangement": StackingTask(STACKED_START, _chains(1)),
    "multi_stacking": StackingTask(SCATTERED_START, _chains(2)),
    "multi_rearrangement": StackingTask(STACKED_START, _chains(2)),
    "not": StackingTask(EITHER_START, _chains(1, refuses_opposite=True)),
    "not_alone": StackingTask(STACKED_START, tuple(Request((), request.asked) for request in _chains(1))),
    "or": StackingTask(
        EITHER_START,
        tuple(replace(one, otherwise=(other,)) for one, other in itertools.combinations(_chains(1), 2)),
    ),
}
"""The first four as in Ajay 2023, App. I: stacking starts with all blocks on the table, rearrangement with piles."""


def task_named(name: str) -> StackingTask:
    """A task of `TASKS`. Raises ConfigurationError."""
    if name not in TASKS:
        raise ConfigurationError(f"task '{name}' is not known; available: {', '.join(TASKS)}")
    return TASKS[name]


def draw_request(task: StackingTask, random: np.random.Generator, start: Arrangement) -> Request:
    """One of the requests of the task that the start does not fulfil, all of them equally likely."""
    requests = [request for request in task.requests if not request.holds_in(start)]
    return requests[random.integers(len(requests))]


def nearest_goal(request: Request, random: np.random.Generator, start: Arrangement) -> Arrangement:
    """An arrangement that fulfils the request with as few moves as possible: what the expert builds."""
    goals = [goal for goal in all_arrangements() if request.holds_in(goal)]
    moves = np.array([moves_between(start, goal) for goal in goals])
    return goals[random.choice(np.flatnonzero(moves == moves.min()))]
