"""Which block stands on which: read from the world, drawn at random, and turned into one another move by move.

An arrangement is what each block stands on, a tuple of four: another block's number, or `TABLE`. Where on the table
a pile stands is no part of it.
"""

import itertools
from collections.abc import Sequence

import numpy as np

from decision_diffuser_ros.planner.piles import TABLE, Arrangement, arrangement_at
from decision_diffuser_ros.simulation.stacking_model import BLOCK_NAMES, BLOCK_SIZE

BLOCKS = range(len(BLOCK_NAMES))

SCATTERED: Arrangement = (TABLE,) * len(BLOCKS)


def arrangement_of(block_position: np.ndarray) -> Arrangement:
    """What each block stands on, by where the centres are, (4, 3) [m]; what is held in the air stands on the table."""
    return arrangement_at(np.asarray(block_position), object_height=BLOCK_SIZE)


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
