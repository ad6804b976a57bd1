"""NOT and OR on the quadruped: is what is walked allowed by what was asked?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from decision_diffuser_ros.evaluation.expression_rollout import ExpressionRollout
from decision_diffuser_ros.evaluation.gait_experiment import GaitExperiment
from decision_diffuser_ros.evaluation.gait_shares import GAITS, frames, gait_shares
from decision_diffuser_ros.planner.expression import ConditionExpression
from decision_diffuser_ros.planner.expression_parser import parse

QUESTIONS = (
    "!trot",
    "!pace",
    "!bound",
    "1*!trot",
    "1*!pace",
    "1*!bound",
    "trot | pace",
    "trot | bound",
    "pace | bound",
)
"""A NOT without a weight leaves the other gaits (`planner.complement`); one with a weight is that of App. J."""
ALLOWED_SHARE = 0.95
"""Share of the frames that an allowed gait must have for an episode to count as a success."""


def evaluate(experiment: GaitExperiment, *, episodes: int, questions: Sequence[str] = QUESTIONS) -> dict[str, Any]:
    """Scores of each question, JSON-able.

    Raises:
        ConditionError: the model does not know what a question names.
    """
    meant = {question: parse(question, experiment.manifest) for question in questions}
    allowed = {question: allowed_gaits(expression) for question, expression in meant.items()}
    rollouts = experiment.run({question: experiment.jobs(str(meant[question]), episodes) for question in questions})
    return {
        "episodes": episodes,
        "seed": experiment.seed,
        **experiment.facts(),
        "questions": {
            question: {
                "allowed": list(allowed[question]),
                "succeeded": round(float(np.mean([succeeded(each, allowed[question]) for each in found])), 4),
                **gait_shares(found, asked=allowed[question]),
            }
            for question, found in rollouts.items()
        },
    }


def allowed_gaits(expression: ConditionExpression) -> tuple[str, ...]:
    """The gaits that fulfil one of the alternatives: those it asks for, else all but those it wants avoided."""
    allowed: set[str] = set()
    for alternative in expression.alternatives:
        names = [term for term in alternative if not term.is_number and term.counts]
        wanted = {str(term.value) for term in names if term.is_wanted}
        avoided = {str(term.value) for term in names if term.is_negated}
        allowed |= (wanted or set(GAITS)) - avoided
    return tuple(gait for gait in GAITS if gait in allowed)


def succeeded(rollout: ExpressionRollout, allowed: Sequence[str]) -> bool:
    """Whether the robot stayed on its feet and walked as it may."""
    seen = frames(rollout)
    return rollout.survived and len(seen) > 0 and bool(np.mean(np.isin(seen, list(allowed))) >= ALLOWED_SHARE)
