"""Who drives the quadruped in an evaluation: the scripted expert, or the planner as it is deployed."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from decision_diffuser_ros.control.limits import CommandLimits
from decision_diffuser_ros.evaluation.asked_speed import numbers_for_speed
from decision_diffuser_ros.evaluation.deployment import DeployedPlanner, DeploymentSettings
from decision_diffuser_ros.evaluation.robot_parameters import EvaluatedRobot
from decision_diffuser_ros.evaluation.sensor_noise import NoisyReadings
from decision_diffuser_ros.planner.conditions import Condition
from decision_diffuser_ros.planner.planner import Planner
from decision_diffuser_ros.simulation import quadruped_model as model
from decision_diffuser_ros.simulation.gait_expert import GaitExpert
from decision_diffuser_ros.simulation.quadruped_world import QuadrupedWorld

LIMITS = CommandLimits(lower=model.JOINT_LOWER, upper=model.JOINT_UPPER, max_velocity=model.MAX_VELOCITY)

QUADRUPED = EvaluatedRobot(
    parameter_file="quadruped_gaits",
    presumed={
        "joints": list(model.JOINT_NAMES),
        "step_duration": model.CONTROL_STEP,
        "command_interface": "forward_command",
        "limits.position_lower": LIMITS.lower,
        "limits.position_upper": LIMITS.upper,
        "limits.velocity": LIMITS.max_velocity,
    },
)


class GaitPolicy(Protocol):
    """Joint targets for the gait that is asked, one control step after another."""

    @property
    def plan_seconds(self) -> list[float]:
        """Computing time of every plan of the episode [s]."""

    def start(self, skill: str, forward_speed: float, rng: np.random.Generator) -> None:
        """Begins an episode; `forward_speed` in [m/s]."""

    def ask(self, skill: str) -> None:
        """Asks for another gait from the next control step on."""

    def targets(self, world: QuadrupedWorld) -> np.ndarray:
        """Joint targets of this control step, (12,) [rad]."""

    def disturb(self, sensor_noise: float, rng: np.random.Generator) -> None:
        """Sees what follows of the episode with so much noise, see `NoisyReadings`."""


class ExpertPolicy:
    """The scripted expert, which sees the simulator's true velocity."""

    plan_seconds: list[float] = []  # noqa: RUF012 - it plans nothing

    def start(self, skill: str, forward_speed: float, rng: np.random.Generator) -> None:
        """Begins an episode at a random phase of the gait."""
        self._expert = GaitExpert(skill=skill, forward_speed=forward_speed, phase=rng.uniform())

    def ask(self, skill: str) -> None:
        """Asks for another gait."""
        self._expert.switch_to(skill)

    def targets(self, world: QuadrupedWorld) -> np.ndarray:
        """Joint targets of this control step, (12,) [rad]."""
        return self._expert.targets(world)

    def disturb(self, sensor_noise: float, rng: np.random.Generator) -> None:
        """Goes on seeing the truth: it is what others are compared with."""


class PlannerPolicy:
    """The planner as it is deployed."""

    def __init__(self, planner: Planner, settings: DeploymentSettings | None = None) -> None:
        self._manifest = planner.bundle.manifest
        self._planner = DeployedPlanner(planner, settings or DeploymentSettings(), LIMITS)
        self._sensors: tuple[float, np.random.Generator] | None = None

    @property
    def plan_seconds(self) -> list[float]:
        """Computing time of every plan of the episode [s]."""
        return self._planner.plan_seconds

    def start(self, skill: str, forward_speed: float, rng: np.random.Generator) -> None:
        """Begins an episode without history or plan."""
        self._forward_speed = forward_speed
        self._planner.start(self._conditions(skill), rng)

    def ask(self, skill: str) -> None:
        """Asks for another gait, which makes a new plan at the next control step."""
        self._planner.ask(self._conditions(skill))

    def _conditions(self, skill: str) -> tuple[Condition, ...]:
        return (Condition({"skill": skill, **numbers_for_speed(self._manifest, self._forward_speed)}),)

    def targets(self, world: QuadrupedWorld) -> np.ndarray:
        """Joint targets of this control step, (12,) [rad]: the measured pose while the robot is let down."""
        seen = world if self._sensors is None else NoisyReadings(world, *self._sensors)
        return self._planner.command(seen.state(), measured=seen.joint_position, tilt=seen.tilt)

    def disturb(self, sensor_noise: float, rng: np.random.Generator) -> None:
        """Sees what follows of the episode with so much noise, see `NoisyReadings`."""
        self._sensors = (sensor_noise, rng) if sensor_noise else None
