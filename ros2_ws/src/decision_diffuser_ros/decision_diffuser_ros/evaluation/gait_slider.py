"""From one gait to another in steps: how the share of each moves with its weight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from decision_diffuser_ros.evaluation.gait_experiment import GaitExperiment
from decision_diffuser_ros.evaluation.gait_shares import gait_shares

WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)


def evaluate(
    experiment: GaitExperiment, *, episodes: int, first: str, second: str, weights: Sequence[float] = WEIGHTS
) -> dict[str, Any]:
    """Shares at each weight of the first gait, JSON-able."""
    questions = {weight: slider(first, second, weight) for weight in weights}
    rollouts = experiment.run({question: experiment.jobs(question, episodes) for question in questions.values()})
    return {
        "episodes": episodes,
        "seed": experiment.seed,
        "first": first,
        "second": second,
        **experiment.facts(),
        "weights": {
            f"{weight:g}": {"expression": question, **gait_shares(rollouts[question], asked=(first, second))}
            for weight, question in questions.items()
        },
    }


def slider(first: str, second: str, weight: float) -> str:
    """The expression at a weight of the first gait, in [0, 1]; at the ends it is one gait alone."""
    if weight in (0.0, 1.0):
        return first if weight else second
    return f"{weight:g}*{first} & {1.0 - weight:g}*{second}"
