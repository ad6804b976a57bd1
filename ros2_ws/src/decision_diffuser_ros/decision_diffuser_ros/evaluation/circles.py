"""The paper's 2-D example: a point is asked to end inside one circle, outside another, or both at once.

The model was trained with one constraint at a time (`simulation.circles_demonstrations`); both at once, and the
opposite of each, are asked by Eq. 9 and App. J of Ajay 2023. A plan is driven by inverse dynamics from where the point
really is, and the point's last position counts, not the plan's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from decision_diffuser_ros.evaluation.model_facts import model_facts
from decision_diffuser_ros.evaluation.plan_times import plan_times
from decision_diffuser_ros.evaluation.summed_condition import SummedConditionBundle
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.conditions import Condition
from decision_diffuser_ros.planner.planner import Planner
from decision_diffuser_ros.simulation.circles_world import (
    INSIDE,
    OUTSIDE,
    PointRobot,
    in_arena,
    random_positions,
    satisfied,
)

DEMONSTRATIONS = 4000
"""That a model is trained on."""

EVALUATION_STREAM = 2**31
"""Joins the seed of the evaluation's random numbers: demonstrations use the numbers from 0 on."""

asks_inside = Condition({"constraint": INSIDE})
asks_outside = Condition({"constraint": OUTSIDE})


@dataclass(frozen=True)
class Question:
    """What is asked of the planner, and what the point's end should then fulfil.

    Attributes:
        conditions: what the planner is asked.
        wanted: constraints that the end is to fulfil (True) or to violate (False).
        summed: tell the network all conditions as one vector, in place of composing them.
        paper: what the paper reports [%]; None where it reports nothing.
    """

    conditions: tuple[Condition, ...]
    wanted: Mapping[str, bool]
    summed: bool = False
    paper: str | None = None

    def answered(self, end: np.ndarray) -> np.ndarray:
        """Whether ends `(episodes, 2)` [m] are what was asked, `(episodes,)` bool."""
        return np.all([satisfied(name, end) == holds for name, holds in self.wanted.items()], axis=0)


QUESTIONS: dict[str, Question] = {
    "nothing": Question((), {INSIDE: True, OUTSIDE: True}),
    "inside": Question((asks_inside,), {INSIDE: True}, paper="100"),
    "outside": Question((asks_outside,), {OUTSIDE: True}, paper="100"),
    "inside & outside": Question((asks_inside, asks_outside), {INSIDE: True, OUTSIDE: True}, paper="91.3 ± 2.6"),
    "inside + outside, summed": Question((asks_inside, asks_outside), {INSIDE: True, OUTSIDE: True}, summed=True),
    "!inside": Question((Condition({"constraint": INSIDE}, weight=-1.0),), {INSIDE: False}),
    "!outside": Question((Condition({"constraint": OUTSIDE}, weight=-1.0),), {OUTSIDE: False}),
}
"""By what the tables call them. To ask nothing shows how often chance answers both."""


def evaluate(
    bundle: Bundle, *, episodes: int, seed: int, progress: Callable[[int, int], None] = lambda done, total: None
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Scores of a model, JSON-able, and the ways that were driven, by question.

    Args:
        bundle: a model of the 2-D example.
        episodes: of each question; all questions meet the same starts.
        seed: of starts and noise.
        progress: told how many episodes of how many are done.

    Returns:
        The scores, and for each question positions `(episodes, CONTROL_STEPS + 1, 2)` [m].
    """
    starts = random_positions(episodes, np.random.default_rng([seed, EVALUATION_STREAM]))
    ways: dict[str, np.ndarray] = {}
    plan_seconds: list[float] = []
    scores: dict[str, Any] = {"episodes": episodes, "seed": seed, **model_facts(bundle.manifest), "questions": {}}
    for index, (name, question) in enumerate(QUESTIONS.items()):
        planner, conditions = _asked(bundle, question)
        rng = np.random.default_rng([seed, EVALUATION_STREAM, index])
        planned = []
        for episode, start in enumerate(starts):
            plan = planner.plan(start[None], conditions, rng=rng)
            planned.append(plan.states)
            plan_seconds.append(plan.seconds)
            progress(index * episodes + episode + 1, len(QUESTIONS) * episodes)
        ways[name] = drive(bundle, starts, np.array(planned))
        scores["questions"][name] = question_scores(question, ways[name], np.array(planned))
    scores |= plan_times(1e3 * np.array(plan_seconds), shares=(50, 95))
    return scores, ways


def drive(bundle: Bundle, starts: np.ndarray, planned: np.ndarray) -> np.ndarray:
    """The ways of points that follow plans, `(episodes, plan_steps + 1, 2)` [m].

    Args:
        bundle: its inverse dynamics makes the velocities, each from where the point is and where it should be next.
        starts: shape `(episodes, 2)` [m].
        planned: shape `(episodes, plan_steps, 2)` [m].
    """
    robot = PointRobot(starts)
    way = [robot.position]
    for next_position in planned.swapaxes(0, 1):
        way.append(robot.step(bundle.inverse_dynamics(robot.position, next_position)))
    return np.stack(way, axis=1)


def question_scores(question: Question, way: np.ndarray, planned: np.ndarray) -> dict[str, Any]:
    """Scores of one question.

    Args:
        question: what was asked.
        way: driven positions, shape `(episodes, plan_steps + 1, 2)` [m].
        planned: shape `(episodes, plan_steps, 2)` [m].

    Returns:
        `satisfied`, the share of driven ends that are what was asked, with the `standard_error` of so many episodes,
        None where all or none are, which does not tell it; `in_arena`, the share of driven ends in the square in which
        demonstrations begin and end; `satisfied_in_plan`, the share of the plans' ends that are what was asked;
        `tracking_error_max`, the farthest that a point ever was from its plan [m].
    """
    share = float(question.answered(way[:, -1]).mean())
    return {
        "satisfied": round(share, 4),
        "standard_error": round(float(np.sqrt(share * (1.0 - share) / len(way))), 4) if 0.0 < share < 1.0 else None,
        "in_arena": round(float(in_arena(way[:, -1]).mean()), 4),
        "satisfied_in_plan": round(float(question.answered(planned[:, -1]).mean()), 4),
        "tracking_error_max": round(float(np.linalg.norm(way[:, 1:] - planned, axis=-1).max()), 4),
        "paper": question.paper,
    }


def _asked(bundle: Bundle, question: Question) -> tuple[Planner, Sequence[Condition]]:
    """The planner to ask, and what to ask it."""
    if question.summed:
        return Planner(SummedConditionBundle(bundle, question.conditions)), question.conditions[:1]
    return Planner(bundle), question.conditions
