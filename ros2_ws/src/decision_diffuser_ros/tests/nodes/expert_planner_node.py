"""The planner node with the scripted expert in place of a trained model: what it plans are the expert's targets.

Everything else is the node that ships. It is for lockstep with `synchronous_planning`, `replan_every: 1` and
`planning_latency_steps: 0`, and a bundle of `make_stacking_bundle`, whose actions are the next state's first numbers.
"""

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

from decision_diffuser_ros.control.planner_process import PlannerState, PlanResult
from decision_diffuser_ros.nodes import control_assembly, planner_node
from decision_diffuser_ros.planner.piles import moves_between
from decision_diffuser_ros.planner.planner import Plan
from decision_diffuser_ros.simulation.block_arrangement import all_arrangements, arrangement_of
from decision_diffuser_ros.simulation.block_constraints import constraint_index
from decision_diffuser_ros.simulation.stacking_expert import StackingExpert
from decision_diffuser_ros.simulation.stacking_goals import constraints_of

PLAN_STEPS = 12


class ExpertPlannerProcess:
    """Answers requests at once, in this process."""

    hang_timeout = 1.0
    warm_up_duration = 0.0
    restarts = 0
    last_error = ""
    state = PlannerState.READY

    def __init__(self, worker, supervision=None) -> None:
        self._results: list[PlanResult] = []
        self._conditions: tuple = ()
        self._expert: StackingExpert | None = None

    def start(self, *, abort: Callable[[], bool]) -> None:
        """Nothing to start."""

    def stop(self) -> None:
        """Nothing to stop."""

    def wait_until_idle(self, timeout: float) -> bool:
        """It always is."""
        return True

    def take_results(self) -> list[PlanResult]:
        results, self._results = self._results, []
        return results

    def submit(self, request) -> None:
        world = seen(request.history[-1])
        if request.conditions != self._conditions:
            self._conditions = request.conditions
            self._expert = expert_for(request.conditions, world)
        held = np.append(world.joint_position, world.opening)
        targets = held if self._expert is None else self._expert.targets(world)
        states = np.tile(request.history[-1], (PLAN_STEPS, 1))
        states[:, : len(targets)] = targets
        actions = np.tile(targets, (PLAN_STEPS, 1))
        chosen = next(iter(request.conditions), ())
        plan = Plan(states=states, actions=actions, conditions=chosen, denoising_steps=1, seconds=0.0)
        self._results.append(PlanResult(request, plan, "", 0.0))


def seen(state: np.ndarray) -> SimpleNamespace:
    """What the expert looks at in a world, from a state."""
    blocks = state[8:].reshape(-1, 7)
    return SimpleNamespace(
        joint_position=state[:7], opening=float(state[7]), block_position=blocks[:, :3], block_orientation=blocks[:, 3:]
    )


def expert_for(conditions, world: SimpleNamespace) -> StackingExpert | None:
    """The expert that builds the nearest arrangement in which the first alternative holds; None for nothing asked."""
    asked = next(iter(conditions), ())
    if not asked:
        return None
    wanted = [(constraint_index(each.values["constraint"]), each.weight > 0) for each in asked]
    goals = [
        goal for goal in all_arrangements() if all(constraints_of(goal)[index] == holds for index, holds in wanted)
    ]
    now = arrangement_of(world.block_position)
    return StackingExpert(min(goals, key=lambda goal: moves_between(now, goal)))


if __name__ == "__main__":
    control_assembly.PlannerProcess = ExpertPlannerProcess  # type: ignore[misc]
    raise SystemExit(planner_node.main())
