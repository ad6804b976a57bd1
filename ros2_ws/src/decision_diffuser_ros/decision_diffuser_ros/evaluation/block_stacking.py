"""Closed-loop scores of block stacking: the planner, the expert as the ceiling, behaviour cloning as the floor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from decision_diffuser_ros.evaluation.plan_times import plan_times
from decision_diffuser_ros.evaluation.stacking_rollout import StackingRollout
from decision_diffuser_ros.evaluation.stacking_tasks import TASKS, task_named
from decision_diffuser_ros.evaluation.stacking_workers import PLANNER, Drivers, Job, run_jobs


def evaluate(
    drivers: Drivers,
    *,
    tasks: Sequence[str] = tuple(TASKS),
    episodes: int,
    seed: int,
    processes: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Scores of each task, JSON-able: those of the first driver, and beside them those of the others by name.

    Args:
        drivers: who drives; all meet the same starts and requests.
        tasks: names in `TASKS`; each counts once.
        episodes: of each task, by each driver.
        seed: of all episodes; training data must not have used it.
        processes: to share the work.
        progress: told how many episodes of how many are done.
    """
    tasks = tuple(dict.fromkeys(tasks))
    jobs = [
        Job(task=task, seed=episode_seed, policy=policy)
        for task in tasks
        for episode_seed in episode_seeds(task, seed, episodes)
        for policy in drivers.names
    ]
    rollouts: dict[tuple[str, str], list[StackingRollout]] = {
        (task, policy): [] for task in tasks for policy in drivers.names
    }
    for done, (job, rollout) in enumerate(run_jobs(jobs, drivers, processes=processes), start=1):
        rollouts[job.task, job.policy].append(rollout)
        progress(done, len(jobs))
    first, *others = drivers.names
    plan_ms = [1e3 * rollout.plan_seconds for task in tasks for rollout in rollouts[task, first]]
    return {
        "seed": seed,
        "driver": first,
        "tasks": {
            task: {
                **scores_of(rollouts[task, first]),
                **{other: scores_of(rollouts[task, other]) for other in others},
            }
            for task in tasks
        },
        **(plan_times(np.concatenate(plan_ms)) if first == PLANNER else {}),
    }


def episode_seeds(task: str, seed: int, episodes: int) -> list[int]:
    """Seeds of a task's episodes; the same whichever other tasks are run, and the first ones of a longer run."""
    task_named(task)
    entropy = [seed, list(TASKS).index(task)]
    return [int(number) for number in np.random.SeedSequence(entropy).generate_state(episodes, dtype=np.uint32)]


def scores_of(rollouts: Sequence[StackingRollout]) -> dict[str, Any]:
    """Scores of episodes of one task: shares in [0, 1], steps of 0.1 s, and how many failed of what.

    `steps_mean` is over the successes; None if there is none.
    """
    steps = [rollout.steps for rollout in rollouts if rollout.is_success]
    failures = Counter(rollout.failure.value for rollout in rollouts if rollout.failure is not None)
    return {
        "episodes": len(rollouts),
        "success_strict": round(float(np.mean([rollout.is_success for rollout in rollouts])), 4),
        "score_partial": round(float(np.mean([rollout.credit for rollout in rollouts])), 4),
        "steps_mean": round(float(np.mean(steps)), 1) if steps else None,
        "failures": dict(failures.most_common()),
    }


def with_only_task_on_top(scores: dict[str, Any]) -> dict[str, Any]:
    """The scores with those of the task, if there is but one, on the first level too."""
    if len(scores["tasks"]) != 1:
        return scores
    ((task, values),) = scores["tasks"].items()
    return {"task": task, **values, **scores}
