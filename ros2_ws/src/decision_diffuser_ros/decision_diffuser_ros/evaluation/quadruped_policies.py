"""Who drives the quadruped in an evaluation: the scripted expert, or the planner as it is deployed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import yaml

from decision_diffuser_ros.control.limits import CommandLimiter, CommandLimits
from decision_diffuser_ros.control.receding_horizon import RecedingHorizonController, RecedingHorizonSettings
from decision_diffuser_ros.control.safe_controller import SafeController, SafeControllerSettings
from decision_diffuser_ros.control.watchdog import Watchdog, WatchdogSettings
from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.planner.conditions import Condition
from decision_diffuser_ros.planner.planner import Planner
from decision_diffuser_ros.simulation import quadruped_model as model
from decision_diffuser_ros.simulation.gait_expert import GaitExpert
from decision_diffuser_ros.simulation.quadruped_world import QuadrupedWorld

STATE = "state"
"""What the watchdog watches; in an evaluation it is always fresh."""


class GaitPolicy(Protocol):
    """Joint targets for the gait that is asked, one control step after another."""

    plan_seconds: list[float]

    def start(self, skill: str, forward_speed: float, rng: np.random.Generator) -> None:
        """Begins an episode; `forward_speed` in [m/s]."""

    def ask(self, skill: str) -> None:
        """Asks for another gait from the next control step on."""

    def targets(self, world: QuadrupedWorld) -> np.ndarray:
        """Joint targets of this control step, (12,) [rad]."""


class ExpertPolicy:
    """The scripted expert, which sees the simulator's true velocity."""

    def __init__(self) -> None:
        self.plan_seconds: list[float] = []

    def start(self, skill: str, forward_speed: float, rng: np.random.Generator) -> None:
        """Begins an episode at a random phase of the gait."""
        self._expert = GaitExpert(skill=skill, forward_speed=forward_speed, phase=rng.uniform())

    def ask(self, skill: str) -> None:
        """Asks for another gait."""
        self._expert.switch_to(skill)

    def targets(self, world: QuadrupedWorld) -> np.ndarray:
        """Joint targets of this control step, (12,) [rad]."""
        return self._expert.targets(world)


@dataclass(frozen=True, kw_only=True)
class DeploymentSettings:
    """How the planner is run on the robot.

    Attributes:
        receding_horizon: how often to plan, and how late a plan comes in use.
        watchdog: when the robot holds or is let down.
        blend_duration: from the first pose to the plan's commands [s].
        position_margin: how far inside the joint limits commands stay [rad].
    """

    receding_horizon: RecedingHorizonSettings = field(default_factory=RecedingHorizonSettings)
    watchdog: WatchdogSettings = field(default_factory=WatchdogSettings)
    blend_duration: float = 0.3
    position_margin: float = 0.0

    @classmethod
    def from_parameter_file(cls, path: Path, *, node: str = "/**/planner") -> DeploymentSettings:
        """The settings that the planner node takes from a robot's parameter file.

        Raises:
            ConfigurationError: when the file does not give the node these parameters.
        """
        try:
            parameters = yaml.safe_load(path.read_text(encoding="utf-8"))[node]["ros__parameters"]
            watchdog = parameters["watchdog"]
            return cls(
                receding_horizon=RecedingHorizonSettings(
                    replan_every=parameters["replan_every"],
                    planning_latency_steps=parameters["planning_latency_steps"],
                ),
                watchdog=WatchdogSettings(
                    hold_after=watchdog["hold_after"],
                    damping_after=watchdog["damping_after"],
                    recovery_time=watchdog["recovery_time"],
                    tilt_limit=watchdog["tilt_limit"],
                ),
                blend_duration=parameters["blend_duration"],
                position_margin=parameters["limits"]["position_margin"],
            )
        except KeyError as error:
            raise ConfigurationError(
                f"{path}: expected the parameter {error} of node '{node}', it is not there"
            ) from error


class PlannerPolicy:
    """The planner behind the very controller that the ROS node runs, in step with simulated time."""

    def __init__(self, planner: Planner, settings: DeploymentSettings | None = None) -> None:
        self.plan_seconds: list[float] = []
        self._planner = planner
        settings = settings or DeploymentSettings()
        manifest = planner.bundle.manifest
        self._step_duration = manifest.step_duration
        limits = CommandLimits(lower=model.JOINT_LOWER, upper=model.JOINT_UPPER, max_velocity=model.MAX_VELOCITY)
        self._horizon = RecedingHorizonController(
            manifest=manifest, inverse_dynamics=planner.bundle.inverse_dynamics, settings=settings.receding_horizon
        )
        self._controller = SafeController(
            controller=self._horizon,
            limiter=CommandLimiter(limits.with_margin(settings.position_margin), step_duration=self._step_duration),
            watchdog=Watchdog(settings.watchdog, sources=(STATE,), now=0.0),
            settings=SafeControllerSettings(step_duration=self._step_duration, blend_duration=settings.blend_duration),
        )

    def start(self, skill: str, forward_speed: float, rng: np.random.Generator) -> None:
        """Begins an episode without history or plan."""
        self._rng = rng
        self._forward_speed = forward_speed
        self._time = 0.0
        self._controller.activate(0.0)
        self.ask(skill)

    def ask(self, skill: str) -> None:
        """Asks for another gait, which makes a new plan at the next control step."""
        self._horizon.set_conditions((Condition({"skill": skill, "forward_speed": self._forward_speed}),))

    def targets(self, world: QuadrupedWorld) -> np.ndarray:
        """Joint targets of this control step, (12,) [rad]: the measured pose while the robot is let down."""
        tilt = float(np.arccos(np.clip(-world.gravity_direction_in_base[2], -1, 1)))
        request = self._controller.observe(world.state(), joint_position=world.joint_position, tilt=tilt)
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
        return world.joint_position if command is None else command
