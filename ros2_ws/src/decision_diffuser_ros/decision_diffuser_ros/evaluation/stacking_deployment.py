"""The block stacking planner as it is deployed, or with some of its settings changed for a comparison."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from decision_diffuser_ros.control.receding_horizon import RecedingHorizonSettings
from decision_diffuser_ros.control.watchdog import WatchdogSettings
from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.evaluation.deployment import DeploymentSettings, EvaluatedModel
from decision_diffuser_ros.planner.manifest import Manifest
from decision_diffuser_ros.resources import config_file, model_directory

MODEL = "block_stacking"
DEFAULT_DEPLOYMENT = DeploymentSettings(
    receding_horizon=RecedingHorizonSettings(replan_every=4, planning_latency_steps=1, commits_prefix=True),
    watchdog=WatchdogSettings(hold_after=0.5, damping_after=2.0),
)
"""Where the robot has no parameter file."""


def stacking_model(
    bundle: str | None,
    *,
    replan_every: int | None = None,
    denoising_steps: int | None = None,
    guidance_weight: float | None = None,
    temperature: float | None = None,
) -> EvaluatedModel:
    """The model of a bundle, everything as deployed where None is given.

    Raises:
        ConfigurationError: the bundle is not there, or cannot do what is set.
    """
    directory = model_directory(bundle or MODEL)
    manifest = Manifest.read(Path(directory) / "manifest.json")
    changes: dict[str, Any] = {
        "denoising_steps": denoising_steps,
        "guidance_weight": guidance_weight,
        "temperature": temperature,
    }
    given = {name: value for name, value in changes.items() if value is not None}
    deployment = deployed()
    if replan_every is not None:
        horizon = dataclasses.replace(deployment.receding_horizon, replan_every=replan_every)
        deployment = dataclasses.replace(deployment, receding_horizon=horizon)
    return EvaluatedModel(
        bundle=str(directory), sampling=dataclasses.replace(manifest.sampling, **given), deployment=deployment
    )


def deployed() -> DeploymentSettings:
    """How the planner node of this robot is run."""
    try:
        path = config_file(MODEL)
    except ConfigurationError:
        return DEFAULT_DEPLOYMENT
    return DeploymentSettings.from_parameter_file(path)
