"""What is asked in the evaluations of block stacking: drawn at random, never impossible, never fulfilled already."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.planner.conditions import Condition
from decision_diffuser_ros.planner.piles import Arrangement, moves_between
from decision_diffuser_ros.simulation.block_arrangement import all_arrangements
from decision_diffuser_ros.simulation.block_constraints import CONSTRAINT_NAMES, CONSTRAINT_PAIRS
from decision_diffuser_ros.simulation.stacking_goals import constraints_of
from decision_diffuser_ros.simulation.stacking_model import BLOCK_NAMES
from decision_diffuser_ros.simulation.stacking_start import SCATTERED_START, STACKED_START, StackingStart

CONSTRAINT = "constraint"
"""Kind of the conditions, as the demonstrations call what they show."""


@dataclass(frozen=True)
class StackingTask:
    """A family of episodes.

    Attributes:
        start: how they start.
        asked: how many constraints: one, i > j, or two, i > j > k.
        refuses_opposite: whether NOT j > i is asked beside i > j.
    """

    start: StackingStart
    asked: int = 1
    refuses_opposite: bool = False


EITHER_START = StackingStart(
    (((1, 1, 1, 1), 0.5), *((sizes, 0.5 * share) for sizes, share in STACKED_START.pile_sizes))
)
"""Half of them all on the table, half in piles."""

TASKS = {
    "single_stacking": StackingTask(SCATTERED_START),
    "single_rearrangement": StackingTask(STACKED_START),
    "multi_stacking": StackingTask(SCATTERED_START, asked=2),
    "multi_rearrangement": StackingTask(STACKED_START, asked=2),
    "not": StackingTask(EITHER_START, refuses_opposite=True),
}
"""As in Ajay 2023, App. I, by name: stacking starts with all blocks on the table, rearrangement with piles."""


@dataclass(frozen=True)
class Request:
    """Constraints, as indices in `CONSTRAINT_NAMES`: those that are to hold, and those that are not to."""

    asked: tuple[int, ...]
    refused: tuple[int, ...] = ()

    def __str__(self) -> str:
        wanted = [CONSTRAINT_NAMES[index] for index in self.asked]
        return " & ".join([*wanted, *(f"!({CONSTRAINT_NAMES[index]})" for index in self.refused)])

    def holds_in(self, arrangement: Arrangement) -> bool:
        """Whether an arrangement fulfils it."""
        hold = constraints_of(arrangement)
        return bool(hold[list(self.asked)].all() and not hold[list(self.refused)].any())

    def conditions(self, negation_weight: float) -> tuple[Condition, ...]:
        """What the planner is asked (Ajay 2023, Eq. 9 and App. J)."""
        wanted = (Condition({CONSTRAINT: CONSTRAINT_NAMES[index]}) for index in self.asked)
        avoided = (Condition({CONSTRAINT: CONSTRAINT_NAMES[index]}, weight=-negation_weight) for index in self.refused)
        return (*wanted, *avoided)


def task_named(name: str) -> StackingTask:
    """A task of `TASKS`. Raises ConfigurationError."""
    if name not in TASKS:
        raise ConfigurationError(f"task '{name}' is not known; available: {', '.join(TASKS)}")
    return TASKS[name]


def draw_request(task: StackingTask, random: np.random.Generator, start: Arrangement) -> Request:
    """One of the requests of the task that the start does not fulfil, all of them equally likely."""
    requests = [request for request in _requests(task) if not request.holds_in(start)]
    return requests[random.integers(len(requests))]


def nearest_goal(request: Request, random: np.random.Generator, start: Arrangement) -> Arrangement:
    """An arrangement that fulfils the request with as few moves as possible: what the expert builds."""
    goals = [goal for goal in all_arrangements() if request.holds_in(goal)]
    moves = np.array([moves_between(start, goal) for goal in goals])
    return goals[random.choice(np.flatnonzero(moves == moves.min()))]


def _requests(task: StackingTask) -> list[Request]:
    """Everything that the task may ask: a chain of blocks, each above the next."""
    requests = []
    for chain in itertools.permutations(range(len(BLOCK_NAMES)), task.asked + 1):
        pairs = list(itertools.pairwise(chain))
        refused = [CONSTRAINT_PAIRS.index((lower, upper)) for upper, lower in pairs if task.refuses_opposite]
        requests.append(Request(tuple(CONSTRAINT_PAIRS.index(pair) for pair in pairs), tuple(refused)))
    return requests
