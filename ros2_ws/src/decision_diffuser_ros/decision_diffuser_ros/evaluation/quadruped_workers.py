"""Runs many closed-loop episodes on all cores, each reproducible from its own seed."""

import functools
import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, replace

from decision_diffuser_ros.evaluation.quadruped_policies import (
    DeploymentSettings,
    ExpertPolicy,
    GaitPolicy,
    PlannerPolicy,
)
from decision_diffuser_ros.evaluation.quadruped_rollout import GaitRollout, GaitTask, run_episode
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.planner import Planner
from decision_diffuser_ros.planner.settings import SamplingSettings
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


_model: EvaluatedModel


def run_jobs(jobs: Sequence[Job], model: EvaluatedModel, *, processes: int) -> Iterator[tuple[Job, GaitRollout]]:
    """Runs the jobs, each network on one thread, and yields each with its outcome as it is done."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_set_model, initargs=(model,)) as pool:
        for outcome in as_completed([pool.submit(_run, job) for job in jobs]):
            yield outcome.result()


def _set_model(model: EvaluatedModel) -> None:
    global _model
    _model = model


def _run(job: Job) -> tuple[Job, GaitRollout]:
    return job, run_episode(job.task, _policy(job.policy), _environment(job.time_step))


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
