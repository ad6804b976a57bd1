"""A planner as it is deployed: behind the very controller that the ROS node runs, in step with simulated time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from decision_diffuser_ros.control.limits import CommandLimiter, CommandLimits
from decision_diffuser_ros.control.receding_horizon import RecedingHorizonController, RecedingHorizonSettings
from decision_diffuser_ros.control.safe_controller import Measurement, SafeController, SafeControllerSettings
from decision_diffuser_ros.control.watchdog import Watchdog, WatchdogSettings
from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.planner.conditions import Conditions
from decision_diffuser_ros.planner.planner import Planner
from decision_diffuser_ros.planner.settings import SamplingSettings

PLANNER_NODE = "/**/planner"
"""In a robot's parameter file."""
STATE = "state"
"""What the watchdog watches; in an evaluation it is always fresh."""
OF_A_GRIPPER = {"max_acceleration": 1e9, "max_effort": 1e9, "position_gain": 1.0, "velocity_gain": 0.0}
"""What stands for a gripper where there is a value for each joint: as good as no limits, as in the planner node."""


@dataclass(frozen=True, kw_only=True)
class DeploymentSettings:
    """How the planner is run on the robot.

    Attributes:
        receding_horizon: how often to plan, and how late a plan comes in use.
        watchdog: when the robot holds or is let down.
        blend_duration: from the first pose to the plan's commands [s].
        position_margin: how far inside the joint limits commands stay [rad].
        max_acceleration: of the commands, for each joint [rad/s^2]; None for no limit.
        max_effort: that a command may ask of a joint's controller [N m]; None for no limit.
        position_gain, velocity_gain: of the joints' controllers [N m/rad], [N m s/rad]; needed with `max_effort`.
    """

    receding_horizon: RecedingHorizonSettings = field(default_factory=RecedingHorizonSettings)
    watchdog: WatchdogSettings = field(default_factory=WatchdogSettings)
    blend_duration: float = 0.3
    position_margin: float = 0.0
    max_acceleration: tuple[float, ...] | None = None
    max_effort: tuple[float, ...] | None = None
    position_gain: tuple[float, ...] | None = None
    velocity_gain: tuple[float, ...] | None = None

    @classmethod
    def from_parameter_file(cls, path: Path, *, node: str = PLANNER_NODE) -> DeploymentSettings:
        """The settings that the planner node takes from a robot's parameter file.

        Raises:
            ConfigurationError: when the file does not give the node these parameters.
        """
        try:
            parameters = planner_parameters(path, node=node)
            watchdog, limits = parameters["watchdog"], parameters["limits"]
            gains = parameters.get("joint_controller", {})
            return cls(
                receding_horizon=RecedingHorizonSettings(
                    replan_every=parameters["replan_every"],
                    planning_latency_steps=parameters["planning_latency_steps"],
                    commits_prefix=parameters.get("commit_prefix", False),
                ),
                watchdog=WatchdogSettings(
                    hold_after=watchdog["hold_after"],
                    damping_after=watchdog["damping_after"],
                    recovery_time=watchdog["recovery_time"],
                    tilt_limit=watchdog["tilt_limit"],
                ),
                blend_duration=parameters["blend_duration"],
                position_margin=limits["position_margin"],
                max_acceleration=_each_joint(limits, "acceleration"),
                max_effort=_each_joint(limits, "effort"),
                position_gain=_each_joint(gains, "position_gain"),
                velocity_gain=_each_joint(gains, "velocity_gain"),
            )
        except KeyError as error:
            raise ConfigurationError(
                f"{path}: expected the parameter {error} of node '{node}', it is not there"
            ) from error

    def command_limits(self, limits: CommandLimits) -> CommandLimits:
        """Limits of position and velocity, narrowed by the margin, with those of acceleration and effort.

        Args:
            limits: of the joints and, last, of the gripper if there is one.
        """
        given = {}
        for name, of_a_gripper in OF_A_GRIPPER.items():
            values = getattr(self, name)
            if values is not None:
                has_gripper = limits.lower.size == len(values) + 1
                given[name] = np.array([*values, of_a_gripper] if has_gripper else values)
        return replace(limits.with_margin(self.position_margin), **given)


def planner_parameters(path: Path, *, node: str = PLANNER_NODE) -> Mapping[str, Any]:
    """What a robot's parameter file says of the planner node, in groups as they stand there.

    Raises:
        ConfigurationError: it says nothing of it, or cannot be read.
    """
    try:
        return dict(yaml.safe_load(path.read_text(encoding="utf-8"))[node]["ros__parameters"])
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise ConfigurationError(
            f"{path}: expected parameters of node '{node}', they cannot be read: {error}"
        ) from error


def _each_joint(parameters: Mapping[str, Sequence[float]], name: str) -> tuple[float, ...] | None:
    return tuple(parameters[name]) if name in parameters else None


@dataclass(frozen=True, kw_only=True)
class EvaluatedModel:
    """What is evaluated.

    Attributes:
        bundle: directory of the model bundle.
        sampling: settings of a plan; None for those the bundle is deployed with.
        deployment: how the planner is run.
    """

    bundle: str
    sampling: SamplingSettings | None = None
    deployment: DeploymentSettings = field(default_factory=DeploymentSettings)


class DeployedPlanner:
    """Commands of a planner, one control step after another.

    Args:
        planner: plans in no simulated time, but a plan comes in use only after the latency it is granted.
        settings: how it is run.
        limits: of the commands' position and velocity, without the margin of the settings.
    """

    def __init__(self, planner: Planner, settings: DeploymentSettings, limits: CommandLimits) -> None:
        self.plan_seconds: list[float] = []
        """Computing time of every plan of the episode [s]."""
        manifest = planner.bundle.manifest
        self._planner = planner
        self._step_duration = manifest.step_duration
        self._velocity_indices = list(manifest.joint_velocity_indices)
        self._horizon = RecedingHorizonController(
            manifest=manifest, inverse_dynamics=planner.bundle.inverse_dynamics, settings=settings.receding_horizon
        )
        self._controller = SafeController(
            controller=self._horizon,
            limiter=CommandLimiter(settings.command_limits(limits), step_duration=self._step_duration),
            watchdog=Watchdog(settings.watchdog, sources=(STATE,), now=0.0),
            settings=SafeControllerSettings(step_duration=self._step_duration, blend_duration=settings.blend_duration),
        )

    def start(self, conditions: Conditions, rng: np.random.Generator, *, history: Iterable[np.ndarray] = ()) -> None:
        """Begins an episode without a plan, and without a history unless one is given.

        Args:
            conditions: what is asked.
            rng: source of the plans' noise.
            history: states of the control steps before, oldest first, each (state_dim,), SI units.
        """
        self.plan_seconds = []
        self._rng = rng
        self._time = 0.0
        self._controller.activate(0.0)
        self._horizon.recall(history)
        self.ask(conditions)

    def ask(self, conditions: Conditions) -> None:
        """Asks for something else, which makes a new plan at the next control step."""
        self._horizon.set_conditions(tuple(conditions))

    def overrule(self, command: np.ndarray) -> None:
        """Takes note that the robot got this command in place of the last one; limits go on from it.

        Args:
            command: (action_dim,).
        """
        self._controller.limiter.reset(command)

    def command(self, state: np.ndarray, *, measured: np.ndarray, tilt: float = 0.0) -> np.ndarray:
        """The command of this control step, (action_dim,); what is measured while the robot is let down.

        Args:
            state: (state_dim,), SI units.
            measured: what the commands are targets for, (action_dim,).
            tilt: of the base [rad].
        """
        velocity = state[self._velocity_indices] if len(self._velocity_indices) == len(measured) else None
        request = self._controller.observe(
            state, Measurement(joint_position=measured, joint_velocity=velocity, tilt=tilt)
        )
        if request is not None:
            plan = self._planner.plan(
                request.history,
                request.conditions,
                rng=self._rng,
                previous=request.previous,
                warm_start_shift=request.warm_start_shift,
                committed=request.committed,
            )
            self.plan_seconds.append(plan.seconds)
            self._controller.accept(request, plan)
        self._controller.watchdog.report(STATE, self._time)
        command = self._controller.command(self._time).command
        self._time += self._step_duration
        return measured if command is None else command
