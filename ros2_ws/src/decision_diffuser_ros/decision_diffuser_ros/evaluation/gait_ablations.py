"""What each setting of a plan does to the gaits: guidance, temperature, history, steps; and actions diffused too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.evaluation.expression_rollout import ExpressionRollout
from decision_diffuser_ros.evaluation.gait_experiment import GaitExperiment
from decision_diffuser_ros.evaluation.gait_pattern import pairs_together
from decision_diffuser_ros.evaluation.gait_shares import GAITS, gait_shares, mean_speed
from decision_diffuser_ros.evaluation.quadruped_gaits import SETTLING_STEPS

SETTINGS: Mapping[str, tuple[Any, ...]] = {
    "guidance_weight": (0.0, 1.0, 1.2, 1.4, 1.6, 1.8, 3.0),
    "temperature": (0.0, 0.5, 1.0),
    "history": (1, 2, 4, 8),
    "denoising_steps": (1, 2, 3, 5, 10),
}
"""What is varied, one at a time, all else as the bundle has it. The paper's weights are 1.2 to 1.8."""
INVERSE_DYNAMICS, DIFFUSED = "inverse dynamics", "diffused too"


def evaluate(experiment: GaitExperiment, *, episodes: int, diffused: GaitExperiment | None = None) -> dict[str, Any]:
    """Scores at each value of each setting, JSON-able.

    Args:
        experiment: the model and the means.
        episodes: of each gait at each value.
        diffused: the same with a model that diffuses actions too.
    """
    variants = {
        (setting, value): experiment.with_sampling(**{setting: value})
        for setting, values in SETTINGS.items()
        for value in values
        if _is_possible(experiment, setting, value)
    }
    if diffused is not None:
        variants |= {("actions", INVERSE_DYNAMICS): experiment.with_sampling(), ("actions", DIFFUSED): diffused}
    names = {(variant, gait): f"{variant} {gait}" for variant in variants for gait in GAITS}
    rollouts = experiment.run({name: variants[variant].jobs(gait, episodes) for (variant, gait), name in names.items()})
    settings: dict[str, dict[str, Any]] = {}
    for setting, value in variants:
        of_gaits = {gait: rollouts[names[(setting, value), gait]] for gait in GAITS}
        settings.setdefault(setting, {})[str(value)] = {
            gait: ablation_scores(gait, found) for gait, found in of_gaits.items()
        }
    return {
        "episodes": episodes,
        "seed": experiment.seed,
        **experiment.facts(),
        "diffused_actions": None if diffused is None else diffused.facts(),
        "settings": settings,
    }


def ablation_scores(gait: str, rollouts: list[ExpressionRollout]) -> dict[str, Any]:
    """Survival, share of the frames in the gait, how clean its pattern is, and the speed."""
    shares = gait_shares(rollouts, asked=(gait,))
    patterns = [
        pairs_together(rollout.foot_contacts, gait)[SETTLING_STEPS:].sum() / (rollout.task.steps - SETTLING_STEPS)
        for rollout in rollouts
    ]
    return {
        "episodes": shares["episodes"],
        "survived": shares["survived"],
        "gait_share": shares["shares"][gait],
        "pattern_share": round(float(np.mean(patterns)), 4),
        "speed_mean": round(float(np.mean([mean_speed(rollout) for rollout in rollouts])), 4),
    }


def _is_possible(experiment: GaitExperiment, setting: str, value: Any) -> bool:
    try:
        experiment.with_sampling(**{setting: value})
    except ConfigurationError:
        return False
    return True
