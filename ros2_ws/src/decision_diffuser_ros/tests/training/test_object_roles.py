"""What a condition's name says to which object."""

from __future__ import annotations

import pytest

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.simulation.block_constraints import CONSTRAINT_NAMES, CONSTRAINT_PAIRS
from decision_diffuser_ros.simulation.stacking_model import BLOCK_NAMES
from decision_diffuser_ros.training.object_roles import object_roles

OBJECTS = [f"block_{name}" for name in BLOCK_NAMES]


def test_the_upper_and_the_lower_block_have_their_roles():
    roles = object_roles(CONSTRAINT_NAMES, OBJECTS)
    assert roles.sum() == 2 * len(CONSTRAINT_PAIRS)
    for condition, (upper, lower) in enumerate(CONSTRAINT_PAIRS):
        assert roles[condition, upper].tolist() == [1.0, 0.0]
        assert roles[condition, lower].tolist() == [0.0, 1.0]


@pytest.mark.parametrize("name", ["trot", "red > red", "red > violet", "red > blue > green"])
def test_a_condition_of_another_form_is_refused(name):
    with pytest.raises(ConfigurationError, match=f"condition '{name}' does not say which object .* red, green, blue"):
        object_roles([name], OBJECTS)
