"""Runs many episodes of block stacking on all cores, each reproducible from its own seed."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from decision_diffuser_ros.evaluation.behaviour_cloning import ClonedExpert
from decision_diffuser_ros.evaluation.deployment import EvaluatedModel
from decision_diffuser_ros.evaluation.episode_pool import outcomes_of
from decision_diffuser_ros.evaluation.stacking_policies import (
    CloningPolicy,
    ExpertPolicy,
    PlannerPolicy,
    StackingPolicy,
)
from decision_diffuser_ros.evaluation.stacking_rollout import StackingRollout, run_episode
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.planner import Planner
from decision_diffuser_ros.simulation.stacking_env import BlockStackingEnv

PLANNER, EXPERT, CLONING = "planner", "expert", "behaviour_cloning"


@dataclass(frozen=True, kw_only=True)
class Job:
    """One episode to run: task, seed, and who drives."""

    task: str
    seed: int
    policy: str


@dataclass(frozen=True, kw_only=True)
class Drivers:
    """Who there is to drive; the expert is always there.

    Attributes:
        planner: the model, None for none.
        cloning: directory of the cloned expert, None for none.
    """

    planner: EvaluatedModel | None = None
    cloning: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Of those who are there, the planner first."""
        there = {PLANNER: self.planner is not None, EXPERT: True, CLONING: self.cloning is not None}
        return tuple(name for name, is_there in there.items() if is_there)


_drivers: Drivers


def run_jobs(jobs: Sequence[Job], drivers: Drivers, *, processes: int) -> Iterator[tuple[Job, StackingRollout]]:
    """Runs the jobs, each network on one thread, and yields each with its outcome as it is done."""
    return outcomes_of(jobs, _run, processes=processes, prepare=_set_drivers, arguments=(drivers,))


def _set_drivers(drivers: Drivers) -> None:
    global _drivers
    _drivers = drivers


def _run(job: Job) -> StackingRollout:
    return run_episode(job.task, job.seed, policy_named(job.policy, _drivers), _environment())


@functools.cache
def _environment() -> BlockStackingEnv:
    return BlockStackingEnv()


@functools.cache
def policy_named(name: str, drivers: Drivers) -> StackingPolicy:
    """The policy of that name, made once in a process."""
    if name == PLANNER and drivers.planner is not None:
        bundle = Bundle.load(drivers.planner.bundle, threads=1)
        planner = Planner(bundle, settings=drivers.planner.sampling or bundle.manifest.sampling)
        return PlannerPolicy(planner, drivers.planner.deployment)
    if name == CLONING and drivers.cloning is not None:
        return CloningPolicy(ClonedExpert.load(drivers.cloning))
    return ExpertPolicy()
