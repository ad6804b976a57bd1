"""A source that repeats itself to the last bit is noticed; one that is sent again is not taken for new."""

import numpy as np
import pytest

from decision_diffuser_ros.control.frozen_readings import FrozenCheck
from decision_diffuser_ros.errors import ConfigurationError, StateError

VALUES = np.array([0.1, 0.2])


def test_so_many_equal_readings_are_one_too_many_until_one_differs():
    check = FrozenCheck("joint state", limit=3)
    assert all(check.is_new(0.01 * tick + 1.0, VALUES) for tick in range(3))
    for tick in (3, 4):
        with pytest.raises(StateError, match=f"joint state is frozen: {tick + 1} readings in a row"):
            check.is_new(0.01 * tick + 1.0, VALUES)
    assert check.is_new(2.0, np.nextafter(VALUES, 1.0))


def test_values_that_move_by_a_bit_are_not_frozen():
    check = FrozenCheck("joint state", limit=3)
    values = VALUES
    for tick in range(20):
        values = np.nextafter(values, 1.0)
        assert check.is_new(0.01 * tick + 1.0, values)


def test_a_message_that_is_sent_again_is_not_new_and_does_not_count():
    check = FrozenCheck("joint state", limit=2)
    assert check.is_new(1.0, VALUES)
    assert not any(check.is_new(1.0, VALUES) for _ in range(10))
    assert check.is_new(1.01, VALUES)


def test_a_source_that_does_not_stamp_is_taken_as_new_every_time():
    check = FrozenCheck("joint state", limit=0)
    assert all(check.is_new(0.0, VALUES) for _ in range(100))


def test_after_a_reset_nothing_is_remembered():
    check = FrozenCheck("joint state", limit=1)
    check.is_new(1.0, VALUES)
    check.reset()
    assert check.is_new(1.0, VALUES)


def test_a_negative_limit_is_refused():
    with pytest.raises(ConfigurationError, match="must not be negative. Got -1"):
        FrozenCheck("joint state", limit=-1)
