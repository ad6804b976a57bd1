"""What an evaluation makes of the planner's parameters in a robot's file, so that what is measured is what is deployed.

It uses those that decide how plans are made and followed. Others it takes for granted: it runs the robot in one way,
and refuses a file that says another. The rest makes no difference to it: it is about processes, readings and requests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.evaluation.deployment import DeploymentSettings, EvaluatedModel, planner_parameters
from decision_diffuser_ros.planner.manifest import Manifest
from decision_diffuser_ros.planner.settings import SamplingSettings
from decision_diffuser_ros.resources import MANIFEST_NAME, config_file, model_directory

ROUNDING = 1e-5
"""Of figures in a parameter file."""

SAMPLING = frozenset(
    {
        "sampler", "denoising_steps", "guidance_weight", "unguided_levels", "temperature", "history", "candidates",
        "branch_margin", "negation_weight", "outcome_steps",
    }
)  # fmt: skip
"""Parameters that replace the settings of a plan in the model's manifest."""

DEPLOYMENT = frozenset(
    {
        "replan_every", "planning_latency_steps", "commit_prefix", "blend_duration", "limits.position_margin",
        "limits.acceleration", "limits.effort", "joint_controller.position_gain", "joint_controller.velocity_gain",
        "watchdog.hold_after", "watchdog.damping_after", "watchdog.recovery_time", "watchdog.tilt_limit",
    }
)  # fmt: skip
"""Parameters that `DeploymentSettings` reads."""

PRESUMED: Mapping[str, object] = {
    "commands_per_step": 1,
    "robot_description": None,
    "robot_description_file": None,
    "robot_description_topic": None,
}
"""Parameters that are taken for granted for every robot, with their values; None: not set."""

PRESUMED_OF_A_ROBOT = frozenset(
    {
        "joints", "step_duration", "command_interface", "trajectory_shape", "composition_choose_every",
        "limits.position_lower", "limits.position_upper", "limits.velocity", "gripper.opening_lower",
        "gripper.opening_upper", "gripper.velocity", "objects.are_cubes",
    }
)  # fmt: skip
"""Parameters that some robots' evaluations take for granted, and that mean nothing to those of the others."""

WITHOUT_EFFECT = frozenset(
    {
        # the model, and what is asked of it: an evaluation is told
        "bundle", "skill", "forward_speed", "condition", "hold_without_condition", "seed",
        # where and when the planner runs: in simulated time a plan is granted its latency, whatever it takes
        "autostart", "device", "allow_cpu_fallback", "threads", "longest_planning_latency_steps", "plan_to_deadline",
        "one_call_sampling", "synchronous_planning", "step_on_states", "preparation_time", "realtime_priority",
        # how a controller interpolates up to the targets, which are reached all the same
        "trajectory_points", "trajectory_lead",
        # readings: always fresh
        "robot_description_timeout", "gripper.joints", "watchdog.hold_after_in_simulation",
        "watchdog.damping_after_without_plan", "watchdog.frozen_after", "damping.rest_pose", "damping.velocity",
        # when the action ~/stack_blocks has reached its goal
        "gripper.open_above", "objects.height_margin", "objects.settle_time", "objects.settle_distance",
        "stack_blocks.time_limit",
    }
)  # fmt: skip
GROUPS_WITHOUT_EFFECT = ("planner_process.", "diagnostics.", "qos_overrides.")
"""Parameters that make no difference to an evaluation, and groups of them."""

OF_EVERY_NODE = frozenset({"use_sim_time", "start_type_description_service"})
"""Parameters that are ROS's own."""


@dataclass(frozen=True, eq=False, kw_only=True)
class EvaluatedRobot:
    """A robot as evaluations run it.

    Attributes:
        parameter_file: of the robot, by its name in `config/`.
        presumed: what is taken for granted of it: values by the parameters' names.
    """

    parameter_file: str
    presumed: Mapping[str, object]

    def model(self, bundle: str, **sampling: object) -> EvaluatedModel:
        """A model as it is deployed on the robot.

        Args:
            bundle: a shipped model's name, or a directory.
            sampling: settings of a plan that are to be others than deployed, for a comparison.

        Raises:
            ConfigurationError: there is no such model, it cannot do what the file says, or the file says something
                that an evaluation does not do.
            BundleError: the manifest is damaged.
        """
        directory = model_directory(bundle)
        manifest = Manifest.read(directory / MANIFEST_NAME)
        file = config_file(self.parameter_file)
        given = _flat(planner_parameters(file))
        self._check(given, file)
        return EvaluatedModel(
            bundle=str(directory),
            sampling=_sampling(manifest, {name: given[name] for name in SAMPLING & given.keys()} | sampling),
            deployment=DeploymentSettings.from_parameter_file(file),
        )

    def _check(self, given: Mapping[str, object], file: Path) -> None:
        """Raises ConfigurationError for what an evaluation would not do as the node does."""
        presumed = {**PRESUMED, **self.presumed}
        known = SAMPLING | DEPLOYMENT | PRESUMED_OF_A_ROBOT | WITHOUT_EFFECT | OF_EVERY_NODE
        for name, value in given.items():
            if name in presumed:
                if not _is_same(value, presumed[name]):
                    raise ConfigurationError(
                        f"{file}: an evaluation does not use `{name}`, and takes it for granted that it is "
                        f"{_shown(presumed[name])}. Got {_shown(value)}; evaluate with that, or leave it out"
                    )
            elif name not in known and not name.startswith(GROUPS_WITHOUT_EFFECT):
                raise ConfigurationError(f"{file}: `{name}` is not a parameter of the planner; leave it out")


def _sampling(manifest: Manifest, changes: Mapping[str, Any]) -> SamplingSettings:
    """The settings of a plan in the manifest with some changes, as the node makes them from its parameters."""
    sampling = replace(manifest.sampling, **changes)
    sampling.check_against(denoising_steps=manifest.schedule.denoising_steps, history=manifest.history)
    return sampling


def _flat(parameters: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """The parameters by their full names, with dots."""
    flat: dict[str, Any] = {}
    for name, value in parameters.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {f"{prefix}{name}": value}
    return flat


def _is_same(value: Any, presumed: Any) -> bool:
    if presumed is None:
        return value in (None, "")
    given, expected = np.asarray(value), np.asarray(presumed)
    if expected.dtype.kind != "f":
        return bool(value == presumed)
    is_number = given.dtype.kind in "if" and given.shape == expected.shape
    return bool(is_number and np.allclose(given, expected, rtol=0.0, atol=ROUNDING))


def _shown(value: object) -> str:
    if value is None:
        return "not set"
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple, np.ndarray)) else str(value)
