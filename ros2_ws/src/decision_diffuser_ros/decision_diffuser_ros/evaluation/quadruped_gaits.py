"""Closed-loop scores of a quadruped gaits bundle: gaits, switches, pushes, coarser physics, and planning time."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from decision_diffuser_ros.evaluation import gait_pattern
from decision_diffuser_ros.evaluation.deployment import EvaluatedModel
from decision_diffuser_ros.evaluation.plan_times import plan_times
from decision_diffuser_ros.evaluation.quadruped_rollout import GaitRollout, GaitTask
from decision_diffuser_ros.evaluation.quadruped_workers import EXPERT, ONE_STEP, PLANNER, Job, run_jobs
from decision_diffuser_ros.evaluation.sensor_noise import ORDINARY_NOISE
from decision_diffuser_ros.simulation.quadruped_env import check_command_delay
from decision_diffuser_ros.simulation.quadruped_model import CONTROL_STEP

GAITS = tuple(gait_pattern.PAIRS)
STEPS = 250
SETTLING_STEPS = 25
"""Control steps after the start that no share counts: the robot is dropped and has to find its feet."""
SPEED_STEPS = 50
"""Control steps after the start that the mean speed does not count: the robot speeds up."""
PUSH_SPEED = 0.4  # [m/s]
PUSH_EVERY = 75  # control steps: 1.5 s
COARSE_TIME_STEP = 0.002  # [s]
TIMED_EPISODES = 4


@dataclass(frozen=True, kw_only=True)
class EvaluationSize:
    """How many episodes are run.

    Attributes:
        gait: of each gait, by planner and by expert.
        baseline: of each gait, by the one-step baseline.
        switch: of each ordered pair of gaits.
        push: of each gait, with pushes.
        coarse: of each gait, with the physics at 2 ms.
        timed: of each gait, run again alone on one core to time the plans.
    """

    gait: int
    baseline: int
    switch: int
    push: int
    coarse: int
    timed: int

    @classmethod
    def for_episodes(cls, episodes: int, *, gaits_only: bool = False) -> EvaluationSize:
        """With 300 episodes a gait go 100 of the baseline, and 50 of each switch, with pushes and in coarse physics.

        With `gaits_only` there are only planner and expert, as for comparing several trainings.
        """
        timed = min(episodes, TIMED_EPISODES)
        if gaits_only:
            return cls(gait=episodes, baseline=0, switch=0, push=0, coarse=0, timed=timed)
        part = max(1, episodes // 6)
        return cls(gait=episodes, baseline=max(1, episodes // 3), switch=part, push=part, coarse=part, timed=timed)


def evaluate(
    model: EvaluatedModel,
    *,
    size: EvaluationSize,
    seed: int,
    processes: int,
    command_delay: float = 0.0,
    sensor_noise: float = 0.0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Scores of the model, JSON-able.

    Args:
        model: what is evaluated, as it is deployed.
        size: how many episodes.
        seed: of all episodes; training data must not have used it.
        processes: to share the work.
        command_delay: after which commands take hold in every episode [s].
        sensor_noise: of what the planner sees, in multiples of ordinary sensors'.
        progress: told how many episodes of how many are done.

    Raises:
        ConfigurationError: the delay is not a multiple of the physics' step of each episode, below a control step.
    """
    jobs_of = episode_jobs(size, seed)
    groups = {name: _hampered(jobs, command_delay, sensor_noise) for name, jobs in jobs_of.items()}
    group_of_job = {job: name for name, jobs in groups.items() for job in jobs}
    rollouts: dict[str, list[GaitRollout]] = {name: [] for name in groups}
    for done, (job, rollout) in enumerate(run_jobs(list(group_of_job), model, processes=processes), start=1):
        rollouts[group_of_job[job]].append(rollout)
        progress(done, len(group_of_job))
    plan_ms = 1e3 * _plan_seconds(model, [job for gait in GAITS for job in groups[f"{PLANNER} {gait}"][: size.timed]])
    return {
        "episodes": size.gait,
        "seed": seed,
        "command_delay": command_delay,
        "sensor_noise": {"scale": sensor_noise, "standard_deviations_at_1": ORDINARY_NOISE},
        "gaits": {gait: _gait_scores(gait, rollouts) for gait in GAITS},
        "switches": {
            f"{old}_to_{new}": switch_scores(rollouts[f"switch {old} {new}"])
            for old, new in itertools.permutations(GAITS, 2)
            if size.switch
        },
        "pushed": {gait: gait_scores(rollouts[f"push {gait}"]) for gait in GAITS if size.push},
        "time_step_2ms": {gait: gait_scores(rollouts[f"coarse {gait}"]) for gait in GAITS if size.coarse},
        **plan_times(plan_ms),
    }


def _hampered(jobs: Sequence[Job], command_delay: float, sensor_noise: float) -> list[Job]:
    for time_step in {job.time_step for job in jobs}:
        check_command_delay(command_delay, multiple_of=time_step)
    return [
        replace(job, task=replace(job.task, command_delay=command_delay, sensor_noise=sensor_noise)) for job in jobs
    ]


def _plan_seconds(model: EvaluatedModel, jobs: Sequence[Job]) -> np.ndarray:
    """Computing times of plans [s]: the episodes one after the other in one process, without each one's first plan.

    Episodes beside each other on all cores say how busy the machine is, and the first plan pays for what is prepared
    once.
    """
    return np.concatenate([rollout.plan_seconds[1:] for _, rollout in run_jobs(jobs, model, processes=1)])


def episode_jobs(size: EvaluationSize, seed: int) -> dict[str, list[Job]]:
    """The episodes of each group; planner, expert and baseline meet the same starts, floors and commands."""
    # As many as there are episodes; the first ones are those of fewer.
    count = len(GAITS) * (max(size.gait, size.baseline) + size.push + size.coarse + (len(GAITS) - 1) * size.switch)
    seeds = (int(number) for number in np.random.SeedSequence(seed).generate_state(count, dtype=np.uint32))
    groups: dict[str, list[Job]] = {}
    for gait in GAITS:
        tasks = [GaitTask(seed=next(seeds), skills=(gait,), steps=STEPS) for _ in range(max(size.gait, size.baseline))]
        for policy, count in ((PLANNER, size.gait), (EXPERT, size.gait), (ONE_STEP, size.baseline)):
            groups[f"{policy} {gait}"] = [Job(task=task, policy=policy) for task in tasks[:count]]
        pushed = [
            GaitTask(seed=next(seeds), skills=(gait,), steps=STEPS, push_every=PUSH_EVERY, push_speed=PUSH_SPEED)
            for _ in range(size.push)
        ]
        groups[f"push {gait}"] = [Job(task=task, policy=PLANNER) for task in pushed]
        coarse = [GaitTask(seed=next(seeds), skills=(gait,), steps=STEPS) for _ in range(size.coarse)]
        groups[f"coarse {gait}"] = [Job(task=task, policy=PLANNER, time_step=COARSE_TIME_STEP) for task in coarse]
    for old, new in itertools.permutations(GAITS, 2):
        tasks = []
        for _ in range(size.switch):
            task_seed = next(seeds)
            # The switch comes anywhere in the cycle.
            switch_step = 100 + task_seed % 25
            tasks.append(GaitTask(seed=task_seed, skills=(old, new), switch_steps=(switch_step,), steps=STEPS))
        groups[f"switch {old} {new}"] = [Job(task=task, policy=PLANNER) for task in tasks]
    return groups


def _gait_scores(gait: str, rollouts: dict[str, list[GaitRollout]]) -> dict[str, Any]:
    expert = gait_scores(rollouts[f"{EXPERT} {gait}"])
    scores = {
        **gait_scores(rollouts[f"{PLANNER} {gait}"]),
        **{f"expert_{name}": value for name, value in expert.items() if name != "episodes"},
    }
    if rollouts[f"{ONE_STEP} {gait}"]:
        scores["one_step"] = gait_scores(rollouts[f"{ONE_STEP} {gait}"])
    return scores


def gait_scores(rollouts: Sequence[GaitRollout]) -> dict[str, Any]:
    """Scores of episodes of one gait each: shares in [0, 1], speeds in [m/s].

    The time after a fall counts as time outside the pattern.
    """
    patterns: list[float] = []
    leads: list[float] = []
    speeds: list[float] = []
    for rollout in rollouts:
        gait, counted = rollout.task.skills[0], rollout.task.steps - SETTLING_STEPS
        together = gait_pattern.pairs_together(rollout.foot_contacts, gait)[SETTLING_STEPS:]
        leading = gait_pattern.leading_gait(rollout.foot_contacts)[SETTLING_STEPS:] == gait
        patterns.append(together.sum() / counted)
        leads.append(leading.sum() / counted)
        speeds.extend(rollout.forward_speed[SPEED_STEPS:])
    return {
        "episodes": len(rollouts),
        "survived": _rounded(np.mean([rollout.survived for rollout in rollouts])),
        "pattern_share": _rounded(np.mean(patterns)),
        "gait_share": _rounded(np.mean(leads)),
        "speed_mean": _rounded(np.mean(speeds)) if speeds else 0.0,
    }


def switch_scores(rollouts: Sequence[GaitRollout]) -> dict[str, Any]:
    """Scores of episodes with one switch each; an episode that never reaches the new gait counts as infinitely late."""
    seconds = []
    for rollout in rollouts:
        steps = gait_pattern.steps_to_reach(
            rollout.foot_contacts, rollout.task.skills[1], switch_step=rollout.task.switch_steps[0]
        )
        seconds.append(np.inf if steps is None or not rollout.survived else steps * CONTROL_STEP)
    p95 = float(np.percentile(seconds, 95, method="higher"))
    return {
        "switches": len(rollouts),
        "survived": _rounded(np.mean([rollout.survived for rollout in rollouts])),
        "reached": _rounded(np.mean(np.isfinite(seconds))),
        "seconds_to_reach_p95": round(p95, 3) if np.isfinite(p95) else None,
    }


def _rounded(value: float | np.floating) -> float:
    return round(float(value), 4)
