"""The block stacking planner as it is deployed, or with some of its settings changed for a comparison."""

from __future__ import annotations

import dataclasses
from typing import Any

from decision_diffuser_ros.evaluation.deployment import EvaluatedModel
from decision_diffuser_ros.evaluation.stacking_policies import STACKING_ARM

MODEL = "block_stacking"


def stacking_model(
    bundle: str | None,
    *,
    replan_every: int | None = None,
    commits_prefix: bool | None = None,
    denoising_steps: int | None = None,
    guidance_weight: float | None = None,
    temperature: float | None = None,
) -> EvaluatedModel:
    """The model of a bundle, everything as deployed where None is given.

    Raises:
        ConfigurationError: the bundle is not there, or cannot do what is set, or the arm's parameter file says what an
            evaluation does not do.
    """
    changes: dict[str, Any] = {
        "denoising_steps": denoising_steps,
        "guidance_weight": guidance_weight,
        "temperature": temperature,
    }
    given = {name: value for name, value in changes.items() if value is not None}
    model = STACKING_ARM.model(bundle or MODEL, **given)
    horizon = model.deployment.receding_horizon
    if replan_every is not None:
        horizon = dataclasses.replace(horizon, replan_every=replan_every)
    if commits_prefix is not None:
        horizon = dataclasses.replace(horizon, commits_prefix=commits_prefix)
    return dataclasses.replace(model, deployment=dataclasses.replace(model.deployment, receding_horizon=horizon))
