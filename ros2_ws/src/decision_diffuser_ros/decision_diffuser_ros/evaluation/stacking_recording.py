"""What was seen of an arm that stacks blocks over time, and how its goals ended."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from decision_diffuser_ros.evaluation.plan_times import plan_times

BLOCK_STATES = slice(8, None)
"""Of a state: position (3) and orientation (4) of each block."""


@dataclass(frozen=True)
class StackingGoal:
    """Constraints asked for, and how it ended.

    Attributes:
        constraints: as they were asked.
        asked_at: simulated time [s].
        ended_at: simulated time [s].
        success: whether they were built, in the settled world.
        holding: constraints asked that held at the end.
        failing: constraints asked that did not.
        message: why it ended.
    """

    constraints: str
    asked_at: float
    ended_at: float
    success: bool
    holding: tuple[str, ...]
    failing: tuple[str, ...]
    message: str

    @property
    def outcome(self) -> str:
        """In a word: `built`, `refused` before the arm moved, or `not built`."""
        if self.success:
            return "built"
        return "not built" if self.holding or self.failing else "refused"


@dataclass
class StackingRecording:
    """Samples at even steps of simulated time; lists grow together, one entry a sample.

    Attributes:
        step_duration: between samples [s].
        time: since the start of the simulation [s].
        state: of arm, gripper and blocks, (36,) as `stacking_model` says.
        phase: what the arm was doing; empty while no goal was under way.
        planning_ms: wall time of the plan that was followed [ms]; NaN before the first.
        goals: that have ended, in the order of time.
    """

    step_duration: float = 0.1
    time: list[float] = field(default_factory=list)
    state: list[np.ndarray] = field(default_factory=list)
    phase: list[str] = field(default_factory=list)
    planning_ms: list[float] = field(default_factory=list)
    goals: list[StackingGoal] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.time)

    def block_heights(self) -> np.ndarray:
        """Of the blocks' centres over the table, (samples, 4) [m]."""
        return self._states()[:, BLOCK_STATES].reshape(len(self), -1, 7)[:, :, 2]

    def arm_motion(self, goal: StackingGoal) -> float:
        """How far any joint was from where it stood when the goal was asked, until it ended [rad]."""
        time = np.array(self.time)
        joints = self._states()[(time >= goal.asked_at) & (time <= goal.ended_at), :7]
        return float(np.abs(joints - joints[0]).max()) if len(joints) else 0.0

    def summary(self) -> dict[str, Any]:
        """Numbers for each goal in turn, and the planning times."""
        return {
            "seconds": round(self.time[-1] - self.time[0], 2) if len(self) else 0.0,
            "goals": [
                {
                    "constraints": goal.constraints,
                    "asked_at": round(goal.asked_at, 2),
                    "seconds": round(goal.ended_at - goal.asked_at, 2),
                    "success": goal.success,
                    "holding": list(goal.holding),
                    "failing": list(goal.failing),
                    "message": goal.message,
                    "arm_motion_rad": round(self.arm_motion(goal), 4),
                }
                for goal in self.goals
            ],
            **plan_times(self.planning_ms, shares=(50, 95), digits=2),
        }

    def _states(self) -> np.ndarray:
        return np.array(self.state, dtype=float).reshape(len(self), -1)
