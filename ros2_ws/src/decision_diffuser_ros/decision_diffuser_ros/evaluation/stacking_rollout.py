"""One closed-loop episode of block stacking, and what was seen of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from decision_diffuser_ros.evaluation.stacking_policies import StackingPolicy
from decision_diffuser_ros.evaluation.stacking_tasks import Request, draw_request, task_named
from decision_diffuser_ros.evaluation.stacking_trace import SETTLING_STEPS, Failure, StackingTrace
from decision_diffuser_ros.simulation.block_arrangement import arrangement_of
from decision_diffuser_ros.simulation.stacking_env import EPISODE_STEPS, BlockStackingEnv
from decision_diffuser_ros.simulation.stacking_world import StackingWorld


@dataclass(frozen=True, kw_only=True)
class StackingRollout:
    """What happened.

    Attributes:
        request: what was asked.
        steps: control steps until it was done, the second of settling included, or time ran out.
        is_success: strictly: all asked, in the settled world.
        credit: the original benchmark's partial credit.
        failure: why it was no success.
        plan_seconds: computing time of every plan [s].
    """

    request: Request
    steps: int
    is_success: bool
    credit: float
    failure: Failure | None
    plan_seconds: np.ndarray


def run_episode(
    task: str,
    seed: int,
    policy: StackingPolicy,
    env: BlockStackingEnv,
    *,
    most_steps: int = EPISODE_STEPS,
    watch: Callable[[StackingWorld], None] = lambda world: None,
) -> StackingRollout:
    """Lets the policy fulfil a request of the task.

    The episode ends when all that is asked has held with an open, empty gripper for a second, or after `most_steps`
    control steps. Then nothing is commanded for another second, and what stands counts.

    Args:
        task: a name in `TASKS`.
        seed: the start, the request and the planner's noise come from it.
        policy: who drives.
        env: the world.
        most_steps: control steps after which time has run out.
        watch: called before every control step and after the last, for films.
    """
    rng = np.random.default_rng(seed)
    kind = task_named(task)
    env.reset(seed=seed, options={"start": kind.start})
    world = env.world
    request = draw_request(kind, rng, arrangement_of(world.block_position))
    policy.start(request, world, rng)
    seen = _Seen()
    seen.look(world)
    steps = 0
    while steps < most_steps and not seen.trace(last=SETTLING_STEPS + 1).is_done(request):
        watch(world)
        env.step(policy.targets(world))
        seen.look(world)
        steps += 1
    for _ in range(SETTLING_STEPS):
        watch(world)
        env.step(world.targets)
        seen.look(world)
    watch(world)
    trace = seen.trace()
    return StackingRollout(
        request=request,
        steps=steps,
        is_success=trace.is_success(request),
        credit=trace.credit(request),
        failure=trace.failure(request),
        plan_seconds=np.array(policy.plan_seconds),
    )


class _Seen:
    """A trace that grows."""

    def __init__(self) -> None:
        self._rows: list[tuple[np.ndarray, float, np.ndarray, np.ndarray]] = []

    def look(self, world: StackingWorld) -> None:
        """Adds what the world looks like now."""
        self._rows.append((world.joint_position, world.opening, world.block_position, world.gripped))

    def trace(self, *, last: int = 0) -> StackingTrace:
        """What was seen, all of it or the last moments only."""
        return StackingTrace(*(np.array(column) for column in zip(*self._rows[-last:], strict=True)))
