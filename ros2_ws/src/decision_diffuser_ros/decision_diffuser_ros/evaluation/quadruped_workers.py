"""Runs many closed-loop episodes on all cores, each reproducible from its own seed."""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from decision_diffuser_ros.evaluation.deployment import EvaluatedModel
from decision_diffuser_ros.evaluation.episode_pool import outcomes_of
from decision_diffuser_ros.evaluation.quadruped_policies import ExpertPolicy, GaitPolicy, PlannerPolicy
from decision_diffuser_ros.evaluation.quadruped_rollout import GaitRollout, GaitTask, run_episode
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.planner import Planner
from decision_diffuser_ros.simulation.quadruped_env import QuadrupedGaitsEnv
from decision_diffuser_ros.simulation.quadruped_world import QuadrupedWorldSettings

EXPERT, PLANNER, ONE_STEP = "expert", "planner", "one_step"
"""Policies: the scripted expert; the planner as deployed; the same with one denoising step, that is, regression."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One episode to run: the task, who drives, and the physics' time step [s]."""

    task: GaitTask
    policy: str
    time_step: float = 0.001


_model: EvaluatedModel


def run_jobs(jobs: Sequence[Job], model: EvaluatedModel, *, processes: int) -> Iterator[tuple[Job, GaitRollout]]:
    """Runs the jobs, each network on one thread, and yields each with its outcome as it is done."""
    return outcomes_of(jobs, _run, processes=processes, prepare=_set_model, arguments=(model,))


def _set_model(model: EvaluatedModel) -> None:
    global _model
    _model = model


def _run(job: Job) -> GaitRollout:
    return run_episode(job.task, _policy(job.policy), _environment(job.time_step))


@functools.cache
def _environment(time_step: float) -> QuadrupedGaitsEnv:
    return QuadrupedGaitsEnv(settings=QuadrupedWorldSettings(time_step=time_step))


@functools.cache
def _policy(name: str) -> GaitPolicy:
    if name == EXPERT:
        return ExpertPolicy()
    bundle = Bundle.load(_model.bundle, threads=1)
    sampling = _model.sampling or bundle.manifest.sampling
    if name == ONE_STEP:
        sampling = replace(sampling, denoising_steps=1, warm_start_steps=None)
    return PlannerPolicy(Planner(bundle, settings=sampling), _model.deployment)
