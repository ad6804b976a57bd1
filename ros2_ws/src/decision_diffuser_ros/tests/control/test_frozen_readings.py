"""A source that repeats itself to the last bit is noticed; one that is sent again is not taken for new."""

import numpy as np
import pytest

from decision_diffuser_ros.control.frozen_readings import FrozenCheck
from decision_diffuser_ros.errors import ConfigurationError, StateError

VALUES = np.array([0.1, 0.2])


def heard(check, stamps, values=VALUES, *, now=0.0):
    """What the check says to each of several readings."""
    return [check.is_new(stamp, values, now=now) for stamp in stamps]


def test_equal_readings_for_too_long_are_refused_until_one_differs():
    check = FrozenCheck("joint state", frozen_after=0.5)
    assert all(heard(check, np.arange(1.0, 1.495, 0.01)))
    for stamp in (1.51, 1.6):
        with pytest.raises(StateError, match=f"joint state is frozen: the very same values for {stamp - 1.0:.2f} s"):
            check.is_new(stamp, VALUES, now=0.0)
    assert check.is_new(2.0, np.nextafter(VALUES, 1.0), now=0.0)


def test_values_that_move_by_a_bit_are_not_frozen():
    check = FrozenCheck("joint state", frozen_after=0.1)
    values = VALUES
    for tick in range(100):
        values = np.nextafter(values, 1.0)
        assert check.is_new(0.01 * tick + 1.0, values, now=0.0)


def test_a_clock_that_jumps_between_two_equal_readings_does_not_make_them_frozen():
    check = FrozenCheck("joint state", frozen_after=0.5)
    assert all(heard(check, [1.0, 11.0, 11.01]))


def test_a_message_that_is_sent_again_is_not_new_and_does_not_count():
    check = FrozenCheck("joint state", frozen_after=0.5)
    assert heard(check, [1.0] * 10) == [True] + [False] * 9
    assert check.is_new(2.0, VALUES, now=9.0)


def test_a_source_that_does_not_stamp_is_taken_as_new_and_judged_by_the_time_of_arrival():
    check = FrozenCheck("joint state", frozen_after=0.5)
    assert all(check.is_new(0.0, VALUES, now=0.1 * tick + 5.0) for tick in range(5))
    with pytest.raises(StateError, match="frozen"):
        check.is_new(0.0, VALUES, now=6.0)


def test_without_a_limit_nothing_is_frozen():
    assert all(heard(FrozenCheck("joint state", frozen_after=0.0), np.arange(1.0, 100.0)))


def test_after_a_reset_nothing_is_remembered():
    check = FrozenCheck("joint state", frozen_after=0.1)
    heard(check, [1.0, 1.05])
    check.reset()
    assert all(heard(check, [1.05, 1.06, 1.07, 1.08, 1.09, 1.1]))


def test_a_negative_time_is_refused():
    with pytest.raises(ConfigurationError, match="must not be negative. Got -1"):
        FrozenCheck("joint state", frozen_after=-1.0)
