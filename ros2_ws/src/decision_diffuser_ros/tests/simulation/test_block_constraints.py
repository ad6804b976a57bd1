"""Which constraints hold, and what counts as success."""

import numpy as np
import pytest

from decision_diffuser_ros.errors import ConditionError
from decision_diffuser_ros.simulation.block_constraints import (
    CONSTRAINT_NAMES,
    constraint_index,
    constraints_that_hold,
    partial_credit,
)

RED_OVER_BLUE = constraint_index("red > blue")
GREEN_OVER_BLUE = constraint_index("green > blue")


def blocks(**height):
    position = np.zeros((4, 3))
    position[:, 2] = [height.get(name, 0.025) for name in ("red", "green", "blue", "yellow")]
    return position


def test_there_are_twelve_constraints_each_ordered_pair_once():
    assert len(CONSTRAINT_NAMES) == len(set(CONSTRAINT_NAMES)) == 12


def test_a_tower_of_four_fulfils_six_constraints():
    held = constraints_that_hold(blocks(red=0.175, green=0.125, blue=0.075))
    assert {name for name, holds in zip(CONSTRAINT_NAMES, held, strict=True) if holds} == {
        "red > green", "red > blue", "red > yellow", "green > blue", "green > yellow", "blue > yellow"
    }  # fmt: skip


def test_a_block_must_be_higher_by_half_a_block():
    assert not constraints_that_hold(blocks(red=0.049))[RED_OVER_BLUE]
    assert constraints_that_hold(blocks(red=0.051))[RED_OVER_BLUE]


def test_partial_credit_outlasts_a_collapse():
    built, collapsed = blocks(red=0.075), blocks()
    assert partial_credit(np.array([built, collapsed]), [RED_OVER_BLUE, GREEN_OVER_BLUE]) == pytest.approx(0.5)
    assert partial_credit(np.array([collapsed]), [RED_OVER_BLUE]) == 0.0
    assert partial_credit(np.empty((0, 4, 3)), [RED_OVER_BLUE]) == 0.0


def test_an_unknown_constraint_lists_the_known_ones():
    with pytest.raises(ConditionError, match="'red > pink' is not known; available: red > green, red > blue"):
        constraint_index("red > pink")
