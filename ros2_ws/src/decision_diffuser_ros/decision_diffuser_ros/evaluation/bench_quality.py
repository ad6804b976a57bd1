"""What the number of denoising steps does to gaits and stacking: closed-loop scores beside the time of a plan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from decision_diffuser_ros.evaluation import stacking_workers
from decision_diffuser_ros.evaluation.block_stacking import episode_seeds, scores_of
from decision_diffuser_ros.evaluation.quadruped_gaits import GAITS, gait_scores
from decision_diffuser_ros.evaluation.quadruped_policies import QUADRUPED
from decision_diffuser_ros.evaluation.quadruped_rollout import GaitTask
from decision_diffuser_ros.evaluation.quadruped_workers import PLANNER, Job, run_jobs
from decision_diffuser_ros.evaluation.stacking_deployment import stacking_model
from decision_diffuser_ros.planner.manifest import Manifest

FIRST_SEED = 5000
"""Of the episodes: seeds of validation, which neither training nor the final evaluation uses."""

MEASURED = ("survived", "gait_share", "pattern_share")
STACKING_TASK = "single_stacking"


def has_gaits(manifest: Manifest) -> bool:
    """Whether a model can be asked for the gaits that are scored here."""
    skills = [kind.names for kind in manifest.conditions if kind.kind == "skill"]
    return manifest.robot == "unitree_a1" and len(skills) == 1 and set(GAITS) <= set(skills[0])


def stacks_blocks(manifest: Manifest) -> bool:
    """Whether a model can be asked for the constraints that are scored here."""
    return manifest.robot == "kuka_iiwa" and any(kind.kind == "constraint" for kind in manifest.conditions)


def gait_quality(
    robot: str,
    *,
    denoising_steps: int,
    episodes: int,
    processes: int,
    progress: Callable[[str], None] = lambda what: None,
) -> dict[str, Any]:
    """Mean scores over episodes of every gait, each an average over the gaits.

    Args:
        robot: name or path of a bundle that `has_gaits`.
        denoising_steps: of a plan.
        episodes: of each gait.
        processes: to share the work.
        progress: told what goes on.
    """
    model = QUADRUPED.model(robot, denoising_steps=denoising_steps, warm_start_steps=None)
    jobs = [
        Job(task=GaitTask(seed=FIRST_SEED + number, skills=(gait,)), policy=PLANNER)
        for gait in GAITS
        for number in range(episodes)
    ]
    rollouts: dict[str, list] = {gait: [] for gait in GAITS}
    for done, (job, rollout) in enumerate(run_jobs(jobs, model, processes=processes), start=1):
        progress(f"{robot}, {denoising_steps} steps: episode {done} of {len(jobs)}")
        rollouts[job.task.skills[0]].append(rollout)
    scores = [gait_scores(rollouts[gait]) for gait in GAITS]
    means = {name: round(float(np.mean([each[name] for each in scores])), 4) for name in MEASURED}
    return {"robot": robot, "denoising_steps": denoising_steps, "episodes": len(jobs), **means}


def stacking_quality(
    robot: str,
    *,
    denoising_steps: int,
    episodes: int,
    processes: int,
    progress: Callable[[str], None] = lambda what: None,
) -> dict[str, Any]:
    """Share of episodes in which one constraint is fulfilled, from blocks on the table.

    Args:
        robot: name or path of a bundle that `stacks_blocks`.
        denoising_steps: of a plan; an outcome takes its own.
        episodes: how many.
        processes: to share the work.
        progress: told what goes on.
    """
    drivers = stacking_workers.Drivers(planner=stacking_model(robot, denoising_steps=denoising_steps))
    jobs = [
        stacking_workers.Job(task=STACKING_TASK, seed=seed, policy=stacking_workers.PLANNER)
        for seed in episode_seeds(STACKING_TASK, FIRST_SEED, episodes)
    ]
    rollouts = []
    for done, (_, rollout) in enumerate(stacking_workers.run_jobs(jobs, drivers, processes=processes), start=1):
        progress(f"{robot}, {denoising_steps} steps: episode {done} of {episodes}")
        rollouts.append(rollout)
    share = scores_of(rollouts)["success_strict"]
    return {"robot": robot, "denoising_steps": denoising_steps, "episodes": episodes, "success_strict": share}
