"""The constraints "one block above another": their names, which of them hold, and how an episode is scored."""

import itertools
from collections.abc import Sequence

import numpy as np

from decision_diffuser_ros.errors import ConditionError
from decision_diffuser_ros.simulation.stacking_model import BLOCK_NAMES, BLOCK_SIZE

CONSTRAINT_PAIRS = tuple(itertools.permutations(range(len(BLOCK_NAMES)), 2))
"""(upper, lower) block of each constraint."""
CONSTRAINT_NAMES = tuple(f"{BLOCK_NAMES[upper]} > {BLOCK_NAMES[lower]}" for upper, lower in CONSTRAINT_PAIRS)

HEIGHT_MARGIN = BLOCK_SIZE / 2
"""How much higher the centre of a block must be to count as above [m]: half of what one level makes."""

_UPPER, _LOWER = np.array(CONSTRAINT_PAIRS).T


def constraints_that_hold(block_position: np.ndarray) -> np.ndarray:
    """Which constraints hold, (..., 12) bool.

    Args:
        block_position: centres of the blocks, (..., 4, 3) [m]. Whether they count (nothing moves, the gripper has let
            go) is for the caller to see to.
    """
    height = np.asarray(block_position)[..., 2]
    return height[..., _UPPER] - height[..., _LOWER] > HEIGHT_MARGIN


def constraint_index(name: str) -> int:
    """Place of a constraint such as `red > blue` in `CONSTRAINT_NAMES`.

    Raises:
        ConditionError: when there is no such constraint.
    """
    if name not in CONSTRAINT_NAMES:
        raise ConditionError(f"constraint {name!r} is not known; available: {', '.join(CONSTRAINT_NAMES)}")
    return CONSTRAINT_NAMES.index(name)


def partial_credit(block_position_when_released: np.ndarray, asked: Sequence[int]) -> float:
    """Share of the asked constraints that were ever built, in [0, 1]: a later collapse takes nothing away.

    The original benchmark gives its credit so. Report it beside strict success in the settled world, never instead.

    Args:
        block_position_when_released: centres of the blocks at every moment at which the gripper held nothing,
            (moments, 4, 3) [m].
        asked: indices of the constraints that are to hold.
    """
    if len(asked) == 0 or len(block_position_when_released) == 0:
        return 0.0
    return float(constraints_that_hold(block_position_when_released)[:, list(asked)].any(axis=0).mean())
