"""Who drives the arm in an evaluation: the scripted expert, the planner as it is deployed, or a cloned expert."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from decision_diffuser_ros.control.limits import CommandLimiter, CommandLimits
from decision_diffuser_ros.evaluation.behaviour_cloning import ClonedExpert
from decision_diffuser_ros.evaluation.deployment import DeployedPlanner, DeploymentSettings
from decision_diffuser_ros.evaluation.robot_parameters import EvaluatedRobot
from decision_diffuser_ros.evaluation.stacking_tasks import Request, nearest_goal
from decision_diffuser_ros.planner.planner import Planner
from decision_diffuser_ros.simulation import stacking_model as model
from decision_diffuser_ros.simulation.block_arrangement import arrangement_of
from decision_diffuser_ros.simulation.stacking_expert import StackingExpert
from decision_diffuser_ros.simulation.stacking_world import StackingWorld

MAX_VELOCITY = np.append(np.full(7, 4.0), 0.15)
"""Of the commands, as the planner node limits them: twice the expert's [rad/s], of the opening [m/s]."""

LIMITS = CommandLimits(lower=model.ACTION_LOWER, upper=model.ACTION_UPPER, max_velocity=MAX_VELOCITY)

STACKING_ARM = EvaluatedRobot(
    parameter_file="block_stacking",
    presumed={
        "joints": list(model.JOINT_NAMES),
        "step_duration": model.CONTROL_STEP,
        "command_interface": "joint_trajectory",
        "trajectory_shape": "ramp",
        "composition_choose_every": 1,
        "limits.position_lower": LIMITS.lower[:-1],
        "limits.position_upper": LIMITS.upper[:-1],
        "limits.position_margin": 0.0,
        "limits.velocity": LIMITS.max_velocity[:-1],
        "gripper.opening_lower": LIMITS.lower[-1],
        "gripper.opening_upper": LIMITS.upper[-1],
        "gripper.velocity": LIMITS.max_velocity[-1],
        "objects.are_cubes": True,
    },
)


class StackingPolicy(Protocol):
    """Joint and gripper targets that fulfil a request, one control step after another."""

    @property
    def plan_seconds(self) -> list[float]:
        """Computing time of every plan of the episode [s]."""

    def start(self, request: Request, world: StackingWorld, rng: np.random.Generator) -> None:
        """Begins an episode."""

    def targets(self, world: StackingWorld) -> np.ndarray:
        """Targets of this control step, (8,) [rad, m]."""


class ExpertPolicy:
    """The scripted expert, which is told an arrangement that fulfils the request: the ceiling."""

    plan_seconds: list[float] = []  # noqa: RUF012 - it plans nothing

    def start(self, request: Request, world: StackingWorld, rng: np.random.Generator) -> None:
        """Begins an episode: the shortest way, one of them at random."""
        self._expert = StackingExpert(nearest_goal(request, rng, arrangement_of(world.block_position)))

    def targets(self, world: StackingWorld) -> np.ndarray:
        """Targets of this control step, (8,) [rad, m]."""
        return self._expert.targets(world)


class PlannerPolicy:
    """The planner as it is deployed."""

    def __init__(self, planner: Planner, settings: DeploymentSettings) -> None:
        self._negation_weight = planner.settings.negation_weight
        self._planner = DeployedPlanner(planner, settings, LIMITS)

    @property
    def plan_seconds(self) -> list[float]:
        """Computing time of every plan of the episode [s]."""
        return self._planner.plan_seconds

    def start(self, request: Request, world: StackingWorld, rng: np.random.Generator) -> None:
        """Begins an episode without history or plan."""
        self._planner.start(request.branches(self._negation_weight), rng)

    def targets(self, world: StackingWorld) -> np.ndarray:
        """Targets of this control step, (8,) [rad, m]: what is measured while the arm is let down."""
        return self._planner.command(world.state(), measured=_measured(world))


class CloningPolicy:
    """A network from states and constraints straight to targets; position and velocity are limited: the floor."""

    plan_seconds: list[float] = []  # noqa: RUF012 - it plans nothing

    def __init__(self, cloned: ClonedExpert) -> None:
        self._cloned = cloned
        self._limiter = CommandLimiter(LIMITS, step_duration=model.CONTROL_STEP)

    def start(self, request: Request, world: StackingWorld, rng: np.random.Generator) -> None:
        """Begins an episode without history; of alternatives, it is told the first."""
        self._cloned.reset()
        self._conditions = request.branches(1.0)[0]
        self._limiter.reset(_measured(world))

    def targets(self, world: StackingWorld) -> np.ndarray:
        """Targets of this control step, (8,) [rad, m]."""
        return self._limiter.limit(self._cloned.action(world.state(), self._conditions))


def _measured(world: StackingWorld) -> np.ndarray:
    """What the targets are targets for, (8,) [rad, m]."""
    return np.append(world.joint_position, world.opening)
