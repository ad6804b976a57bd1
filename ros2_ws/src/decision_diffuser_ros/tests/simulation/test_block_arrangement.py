"""Arrangements of blocks, and the moves between them."""

import itertools

import numpy as np
import pytest

from decision_diffuser_ros.planner.piles import TABLE, Move, moves_between, next_move
from decision_diffuser_ros.simulation.block_arrangement import (
    SCATTERED,
    all_arrangements,
    arrangement_of,
    from_piles,
    levels_of,
    piles_of,
    random_arrangement,
)

ALL = all_arrangements()


def test_there_are_73_arrangements_of_four_blocks():
    assert len(set(ALL)) == len(ALL) == 73  # the sets of ordered lists of four things
    assert all(from_piles(piles_of(arrangement)) == arrangement for arrangement in ALL)


def test_levels_count_the_blocks_below():
    assert levels_of(from_piles([[2, 0, 3], [1]])).tolist() == [1, 0, 0, 2]


def test_every_arrangement_can_be_turned_into_every_other_one():
    for start, goal in itertools.product(ALL, ALL):
        assert moves_between(start, goal) <= 6
        assert (moves_between(start, goal) == 0) == (start == goal)


def test_only_a_free_block_moves_and_only_onto_a_free_one():
    for start, goal in itertools.product(ALL, ALL):
        move = next_move(start, goal)
        if move is not None:
            assert move.block not in start
            assert move.onto == TABLE or (move.onto not in start and move.onto != move.block)


def test_a_tower_is_built_from_below_and_a_block_in_the_way_goes_to_the_table():
    assert next_move(SCATTERED, from_piles([[2, 0, 1, 3]])) == Move(block=0, onto=2)
    assert next_move(from_piles([[0, 1], [2], [3]]), from_piles([[2, 0], [1], [3]])) == Move(block=1, onto=TABLE)


@pytest.mark.parametrize("arrangement", [SCATTERED, from_piles([[3, 1, 0, 2]]), from_piles([[1, 0], [2, 3]])])
def test_an_arrangement_is_read_from_where_the_blocks_are(arrangement):
    position = np.zeros((4, 3))
    for number, pile in enumerate(piles_of(arrangement)):
        for level, block in enumerate(pile):
            position[block] = [0.5, 0.15 * number + 0.004 * level, 0.025 + 0.05 * level]
    assert arrangement_of(position) == arrangement


def test_a_random_arrangement_has_piles_of_the_sizes_asked():
    random = np.random.default_rng(0)
    drawn = {random_arrangement(random, (2, 2)) for _ in range(200)}
    assert all(sorted(map(len, piles_of(arrangement))) == [2, 2] for arrangement in drawn)
    assert len(drawn) == 12
