"""Which block stands on which: read from the world, drawn at random, and turned into one another move by move.

An arrangement is what each block stands on, a tuple of four: another block's number, or `TABLE`. Where on the table
a pile stands is no part of it.
"""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from decision_diffuser_ros.simulation.stacking_model import BLOCK_NAMES, BLOCK_SIZE

TABLE = -1
BLOCKS = range(len(BLOCK_NAMES))

Arrangement = tuple[int, ...]
"""What blocks 0 to 3 stand on."""

SCATTERED: Arrangement = (TABLE,) * len(BLOCKS)


class Move(NamedTuple):
    """One pick and place: which block goes onto which, or onto the `TABLE`."""

    block: int
    onto: int


def arrangement_of(block_position: np.ndarray) -> Arrangement:
    """What each block stands on, by where the centres are, (4, 3) [m]; what is held in the air stands on the table."""
    position = np.asarray(block_position)
    supports = []
    for block in BLOCKS:
        apart = np.linalg.norm(position[:, :2] - position[block, :2], axis=1)
        rise = position[block, 2] - position[:, 2]
        below = [other for other in BLOCKS if apart[other] < 0.7 * BLOCK_SIZE and 0.5 < rise[other] / BLOCK_SIZE < 1.5]
        supports.append(below[0] if below else TABLE)
    return tuple(supports)


def from_piles(piles: Sequence[Sequence[int]]) -> Arrangement:
    """The arrangement of piles, each named from bottom to top."""
    supports = list(SCATTERED)
    for pile in piles:
        for lower, upper in itertools.pairwise(pile):
            supports[upper] = lower
    return tuple(supports)


def piles_of(arrangement: Arrangement) -> list[list[int]]:
    """The piles of an arrangement, each from bottom to top, the one with the lowest bottom number first."""
    above = {support: block for block, support in enumerate(arrangement) if support != TABLE}
    piles = []
    for block in BLOCKS:
        if arrangement[block] == TABLE:
            piles.append([block])
            while piles[-1][-1] in above:
                piles[-1].append(above[piles[-1][-1]])
    return piles


def levels_of(arrangement: Arrangement) -> np.ndarray:
    """How many blocks are under each block, (4,) int."""
    levels = np.zeros(len(BLOCKS), dtype=int)
    for pile in piles_of(arrangement):
        levels[pile] = range(len(pile))
    return levels


def all_arrangements() -> list[Arrangement]:
    """The 73 ways in which four blocks can stand."""
    candidates = itertools.product((TABLE, *BLOCKS), repeat=len(BLOCKS))
    return [supports for supports in candidates if _can_stand(supports)]


def _can_stand(supports: Arrangement) -> bool:
    """Whether no two blocks share one and all stand, through others, on the table."""
    carrying = [support for support in supports if support != TABLE]
    return len(set(carrying)) == len(carrying) and sum(map(len, piles_of(supports))) == len(BLOCKS)


def random_arrangement(random: np.random.Generator, pile_sizes: Sequence[int]) -> Arrangement:
    """An arrangement with piles of the given sizes, any block anywhere with equal probability."""
    blocks = [int(block) for block in random.permutation(len(BLOCKS))]
    ends = np.cumsum(pile_sizes)
    return from_piles([blocks[end - size : end] for end, size in zip(ends, pile_sizes, strict=True)])


def next_move(now: Arrangement, goal: Arrangement) -> Move | None:
    """The next move towards the goal, or None when it is reached.

    The same arrangement always gets the same move: whatever a planner cannot see does not decide. A block goes to its
    final place as soon as that is free; otherwise one that is in the way goes to the table.
    """
    final = [_is_final(block, now, goal) for block in BLOCKS]
    movable = [block for block in BLOCKS if block not in now and not final[block]]
    for block in movable:
        onto = goal[block]
        if onto == TABLE or (final[onto] and onto not in now):
            return Move(block, onto)
    for block in movable:
        if now[block] != TABLE:
            return Move(block, TABLE)
    return None


def _is_final(block: int, now: Arrangement, goal: Arrangement) -> bool:
    if now[block] != goal[block]:
        return False
    return now[block] == TABLE or _is_final(now[block], now, goal)


def moves_between(start: Arrangement, goal: Arrangement) -> int:
    """How many moves it takes from one arrangement to another."""
    now, moves = list(start), 0
    while (move := next_move(tuple(now), goal)) is not None:
        now[move.block] = move.onto
        moves += 1
    return moves
