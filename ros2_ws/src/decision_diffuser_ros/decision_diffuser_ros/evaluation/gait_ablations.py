"""What each setting of a plan does to the gaits: guidance, temperature, history, steps; and actions diffused too.

The paper's temperature (Ajay 2023, Algorithm 1) scales the noise that a plan starts from and the fresh noise of every
denoising step. DDIM without fresh noise (eta 0), as the bundles are sampled, has but the first. Both are varied.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.evaluation.diffused_actions import holds_actions
from decision_diffuser_ros.evaluation.expression_rollout import ExpressionRollout
from decision_diffuser_ros.evaluation.gait_experiment import GaitExperiment
from decision_diffuser_ros.evaluation.gait_pattern import pairs_together
from decision_diffuser_ros.evaluation.gait_shares import GAITS, gait_shares, mean_speed
from decision_diffuser_ros.evaluation.quadruped_gaits import SETTLING_STEPS

START_TEMPERATURE, TEMPERATURE = "temperature of the start", "temperature, fresh noise at each step"
SETTINGS: Mapping[str, tuple[Any, ...]] = {
    "guidance_weight": (0.0, 1.0, 1.2, 1.4, 1.6, 1.8, 3.0),
    START_TEMPERATURE: (0.0, 0.5, 1.0),
    TEMPERATURE: (0.5, 1.0),
    "history": (1, 2, 4, 8),
    "denoising_steps": (1, 2, 3, 5, 10),
}
"""What is varied, one at a time, all else as the bundle has it. The paper's weights are 1.2 to 1.8."""
ETAS = {START_TEMPERATURE: 0.0, TEMPERATURE: 1.0}
"""DDIM's share of fresh noise that makes a temperature what its name says; 1 is as much as DDPM has."""
INVERSE_DYNAMICS, DIFFUSED = "inverse dynamics", "diffused too"


def evaluate(experiment: GaitExperiment, *, episodes: int, diffused: GaitExperiment | None = None) -> dict[str, Any]:
    """Scores at each value of each setting, JSON-able.

    Args:
        experiment: the model and the means.
        episodes: of each gait at each value.
        diffused: the same with a model that diffuses actions too.

    Raises:
        ConfigurationError: the model that is to diffuse actions does not.
    """
    if diffused is not None and not holds_actions(diffused.manifest):
        raise ConfigurationError(
            f"expected a model whose plans hold the actions, got '{diffused.manifest.name}', whose actions come from "
            "inverse dynamics; make one with `decision-diffuser train ... --diffuse-actions`"
        )
    variants = {
        (setting, value): experiment.with_sampling(**changes(setting, value))
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


def changes(setting: str, value: Any) -> dict[str, Any]:
    """The settings of a plan (`SamplingSettings`) that differ from the bundle's at a value of one of `SETTINGS`."""
    if setting in ETAS:
        return {"sampler": "ddim", "temperature": value, "eta": ETAS[setting]}
    return {setting: value}


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
        experiment.with_sampling(**changes(setting, value))
    except ConfigurationError:
        return False
    return True
