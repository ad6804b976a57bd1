"""Which object stands on which: read from where they are, and turned into another arrangement move by move.

An arrangement is what each object stands on, a tuple: another object's number, or `TABLE`. Where on the table a pile
stands is no part of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

TABLE = -1
SAME_PLACE_IN_HEIGHTS = 0.7
"""Up to which distance in x and y objects are in one pile, in heights of an object."""

Arrangement = tuple[int, ...]
"""What objects 0, 1, ... stand on."""


class Move(NamedTuple):
    """One pick and place: which block goes onto which, or onto the `TABLE`."""

    block: int
    onto: int


def arrangement_at(position: np.ndarray, *, object_height: float) -> Arrangement:
    """What each object stands on; what is held in the air stands on the table.

    Args:
        position: of the objects' centres, (objects, 3) [m].
        object_height: of all of them [m].
    """
    apart = np.linalg.norm(position[:, None, :2] - position[:, :2], axis=-1)
    rise = (position[:, None, 2] - position[:, 2]) / object_height
    is_below = (apart < SAME_PLACE_IN_HEIGHTS * object_height) & (rise > 0.5) & (rise < 1.5)
    return tuple(int(below.argmax()) if below.any() else TABLE for below in is_below)


def next_move(now: Arrangement, goal: Arrangement, *, order: Sequence[int] | None = None) -> Move | None:
    """The next move towards the goal, or None when it is reached.

    A block goes to its final place as soon as that is free; otherwise one that is in the way goes to the table.

    Args:
        now: what the blocks stand on.
        goal: what they are to stand on.
        order: all blocks; where several may move, the first of them does. By default in the order of their numbers.
    """
    final = [_is_final(block, now, goal) for block in range(len(now))]
    movable = [block for block in order or range(len(now)) if block not in now and not final[block]]
    for block in movable:
        onto = goal[block]
        if onto == TABLE or (final[onto] and onto not in now):
            return Move(block, onto)
    for block in movable:
        if now[block] != TABLE:
            return Move(block, TABLE)
    return None


def moves_between(start: Arrangement, goal: Arrangement) -> int:
    """How many moves it takes from one arrangement to another; neither may be a circle."""
    now, moves = list(start), 0
    while (move := next_move(tuple(now), goal)) is not None:
        now[move.block] = move.onto
        moves += 1
    return moves


def _is_final(block: int, now: Arrangement, goal: Arrangement) -> bool:
    if now[block] != goal[block]:
        return False
    return now[block] == TABLE or _is_final(now[block], now, goal)
