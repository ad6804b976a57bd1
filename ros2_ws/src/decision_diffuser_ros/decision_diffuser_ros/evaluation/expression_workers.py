"""Runs many episodes of expressions on all cores, each reproducible from its own seed."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from decision_diffuser_ros.evaluation.deployment import DeployedPlanner, EvaluatedModel
from decision_diffuser_ros.evaluation.diffused_actions import DiffusedActionsBundle, holds_actions
from decision_diffuser_ros.evaluation.episode_pool import outcomes_of
from decision_diffuser_ros.evaluation.expression_rollout import (
    EXPERT,
    SUMMED,
    Driver,
    ExpressionRollout,
    ExpressionTask,
    check_classifier,
    run_expression_episode,
)
from decision_diffuser_ros.evaluation.gait_classifier import GaitClassifier
from decision_diffuser_ros.evaluation.quadruped_policies import LIMITS
from decision_diffuser_ros.evaluation.summed_condition import SummedConditionBundle
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.composition_follower import CompositionFollower
from decision_diffuser_ros.planner.expression_parser import parse
from decision_diffuser_ros.simulation.gait_expert import GaitExpert
from decision_diffuser_ros.simulation.quadruped_env import QuadrupedGaitsEnv
from decision_diffuser_ros.simulation.quadruped_world import QuadrupedWorld, QuadrupedWorldSettings

EXPERT_SPEED = (0.3, 1.0)  # [m/s], commanded


@dataclass(frozen=True, kw_only=True)
class ExpressionJob:
    """One episode to run.

    Attributes:
        task: what is asked.
        model: that plans it.
        choose_every: plans from one composed plan to the next, see `planner.composition_follower`; 1 composes each.
        time_step: of the physics [s].
    """

    task: ExpressionTask
    model: EvaluatedModel
    choose_every: int = 1
    time_step: float = 0.001


def run_groups(
    groups: Mapping[str, Sequence[ExpressionJob]],
    *,
    classifier: str | None,
    processes: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, list[ExpressionRollout]]:
    """The outcomes of each group's jobs, by the order of their seeds.

    A job that is in several groups is run once: its outcome depends on nothing else.

    Args:
        groups: jobs by name.
        classifier: directory of the gait classifier; None for the one that comes with the package.
        processes: to share the work.
        progress: told how many episodes of how many are done.
    """
    distinct = list(dict.fromkeys(job for jobs in groups.values() for job in jobs))
    rollouts: dict[ExpressionJob, ExpressionRollout] = {}
    outcomes = outcomes_of(distinct, _run, processes=processes, prepare=_set_classifier, arguments=(classifier,))
    for done, (job, rollout) in enumerate(outcomes, start=1):
        rollouts[job] = rollout
        progress(done, len(distinct))
    return {
        name: [rollouts[job] for job in sorted(jobs, key=lambda job: job.task.seed)] for name, jobs in groups.items()
    }


class ExpressionDriver:
    """The planner as it is deployed, asked for one expression.

    A model that diffuses actions too sees its last command beside the robot's state.
    """

    def __init__(
        self, expression: str, evaluated: EvaluatedModel, *, choose_every: int = 1, sums_conditions: bool = False
    ) -> None:
        bundle = _bundle(evaluated.bundle)
        sampling = evaluated.sampling or bundle.manifest.sampling
        self._branches = parse(expression, bundle.manifest).weighted_branches(sampling.negation_weight)
        if sums_conditions:
            (branch,) = self._branches
            bundle = SummedConditionBundle(bundle, branch)
            self._branches = ((branch[0],),)
        self._sees_commands = holds_actions(bundle.manifest)
        if self._sees_commands:
            bundle = DiffusedActionsBundle(bundle)
        planner = CompositionFollower(bundle, settings=sampling, choose_every=choose_every)
        self._planner = DeployedPlanner(planner, evaluated.deployment, LIMITS)

    def start(self, rng: np.random.Generator) -> None:
        """Begins an episode without history or plan."""
        self._last_command: np.ndarray | None = None
        self._planner.start(self._branches, rng)

    def targets(self, world: QuadrupedWorld) -> np.ndarray:
        """Joint targets of this control step, (12,) [rad]."""
        state = world.state()
        if self._sees_commands:
            before = world.joint_position if self._last_command is None else self._last_command
            state = np.concatenate([state, before])
        self._last_command = self._planner.command(state, measured=world.joint_position, tilt=world.tilt)
        return self._last_command


class ExpertDriver:
    """The scripted expert in one gait, at a random speed and phase."""

    def __init__(self, gait: str) -> None:
        self._gait = gait

    def start(self, rng: np.random.Generator) -> None:
        """Begins an episode."""
        speed = float(rng.uniform(*EXPERT_SPEED))
        self._expert = GaitExpert(skill=self._gait, forward_speed=speed, phase=rng.uniform())

    def targets(self, world: QuadrupedWorld) -> np.ndarray:
        """Joint targets of this control step, (12,) [rad]."""
        return self._expert.targets(world)


_classifier_directory: str | None


def _set_classifier(directory: str | None) -> None:
    global _classifier_directory
    _classifier_directory = directory


def _run(job: ExpressionJob) -> ExpressionRollout:
    return run_expression_episode(job.task, _driver(job), _environment(job.time_step), _classifier())


def _driver(job: ExpressionJob) -> Driver:
    if job.task.driver == EXPERT:
        return ExpertDriver(job.task.expression)
    return ExpressionDriver(
        job.task.expression,
        job.model,
        choose_every=job.choose_every,
        sums_conditions=job.task.driver == SUMMED,
    )


@functools.cache
def _environment(time_step: float) -> QuadrupedGaitsEnv:
    return QuadrupedGaitsEnv(settings=QuadrupedWorldSettings(time_step=time_step))


@functools.cache
def _bundle(directory: str) -> Bundle:
    return Bundle.load(directory, threads=1)


@functools.cache
def _classifier() -> GaitClassifier:
    return check_classifier(GaitClassifier.load(_classifier_directory))
