"""What was seen of an episode of block stacking, and why it failed, if it did."""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np

from decision_diffuser_ros.evaluation.stacking_tasks import Request
from decision_diffuser_ros.simulation.block_constraints import constraints_that_hold, partial_credit
from decision_diffuser_ros.simulation.iiwa_kinematics import JOINT_LOWER, JOINT_UPPER
from decision_diffuser_ros.simulation.stacking_model import BLOCK_SIZE

RELEASED_OPENING = 0.06
"""Opening at which the fingers hold nothing: a centimetre more than a block [m]."""
SETTLING_STEPS = 10
"""Control steps in which the asked constraints must hold, with an open and empty gripper: one second."""
CARRYING_HEIGHT = 0.015
"""Least clearance under a block that is carried, and under one that is dropped [m]."""
LIMIT_MARGIN = 0.002
"""How near to its limit a joint is at it [rad]."""
LATE_STEPS = 60
"""Control steps before the end in which blocks were still being moved when time ran out."""


class Failure(enum.Enum):
    """Why an episode failed; the first that fits, in this order."""

    TOPPLED = "toppled"
    """All that was asked held in the open, but fell before it had settled, or later."""
    NEVER_GRASPED = "never grasped"
    JOINT_LIMIT = "joint limit"
    """A joint ended at its limit."""
    DROPPED = "dropped"
    """The last block that was carried fell."""
    OUT_OF_TIME = "out of time"
    """The gripper holds a block at the end, or moved one shortly before."""
    WRONG_PLAN = "wrong plan"
    """Blocks stand, undisturbed for a while, where nobody asked them to."""


@dataclass(frozen=True)
class StackingTrace:
    """An episode, every array with one row before each control step and one after the last.

    Attributes:
        joint_position: (steps + 1, 7) [rad].
        opening: between the fingers, (steps + 1,) [m].
        block_position: (steps + 1, 4, 3) [m].
        gripped: whether both fingers touch each block, (steps + 1, 4) bool.
    """

    joint_position: np.ndarray
    opening: np.ndarray
    block_position: np.ndarray
    gripped: np.ndarray

    @property
    def released(self) -> np.ndarray:
        """Whether the gripper was open and empty, (steps + 1,) bool."""
        return (self.opening > RELEASED_OPENING) & ~self.gripped.any(axis=1)

    def fulfils(self, request: Request) -> np.ndarray:
        """Whether all that was asked held with an open, empty gripper, (steps + 1,) bool."""
        return request.fulfilled(constraints_that_hold(self.block_position)) & self.released

    def is_done(self, request: Request) -> bool:
        """Whether that has been so for the last second."""
        fulfilled = self.fulfils(request)[-SETTLING_STEPS - 1 :]
        return len(fulfilled) > SETTLING_STEPS and bool(fulfilled.all())

    def is_success(self, request: Request) -> bool:
        """Strict success: done, and so to the end."""
        return self.is_done(request) and bool(request.fulfilled(constraints_that_hold(self.block_position[-1])))

    def credit(self, request: Request) -> float:
        """The original benchmark's partial credit, in [0, 1].

        Of alternatives, the best one's. What only refuses has all of it once what is refused did not hold any more.
        """
        moments = self.block_position[self.released]
        return max(
            partial_credit(moments, each.asked) if each.asked else float(self.fulfils(each).any())
            for each in request.alternatives
        )

    def failure(self, request: Request) -> Failure | None:
        """Why it failed; None for a success."""
        if self.is_success(request):
            return None
        lifted = self._lifted()
        causes = {
            Failure.TOPPLED: bool(self.fulfils(request).any()),
            Failure.NEVER_GRASPED: not lifted.any(),
            Failure.JOINT_LIMIT: self._is_at_joint_limit(),
            Failure.DROPPED: self._fell_last(lifted),
            Failure.OUT_OF_TIME: bool(lifted[-LATE_STEPS:].any() or self.gripped[-1].any()),
        }
        return next((cause for cause, applies in causes.items() if applies), Failure.WRONG_PLAN)

    def _lifted(self) -> np.ndarray:
        """Which blocks the gripper held in the air, well above whatever is under them, (steps + 1, 4) bool."""
        position = self.block_position
        apart = np.linalg.norm(position[:, :, None, :2] - position[:, None, :, :2], axis=-1)
        rise = position[:, :, None, 2] - position[:, None, :, 2]
        clearance = np.where((apart < BLOCK_SIZE) & (rise > 0), rise - BLOCK_SIZE, np.inf).min(axis=2)
        clearance = np.minimum(clearance, position[..., 2] - BLOCK_SIZE / 2)
        return self.gripped & (clearance > CARRYING_HEIGHT)

    def _is_at_joint_limit(self) -> bool:
        near = np.minimum(self.joint_position[-1] - JOINT_LOWER, JOINT_UPPER - self.joint_position[-1])
        return bool(near.min() < LIMIT_MARGIN)

    def _fell_last(self, lifted: np.ndarray) -> bool:
        """Whether the block that was carried last left the gripper in the air instead of being put down."""
        if not lifted.any():
            return False
        step, block = np.argwhere(lifted)[-1]
        return bool(step + 1 < len(lifted) and not self.gripped[step + 1, block])
