"""Figures of late, and what they are judged by."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from decision_diffuser_ros.control.health import (
    HealthLevel,
    RecentIncrease,
    RecentValues,
    Threshold,
    percentiles,
    period_jitter,
)
from decision_diffuser_ros.errors import ConfigurationError


@pytest.mark.parametrize(
    "value, level",
    [(0.5, HealthLevel.OK), (1.0, HealthLevel.OK), (1.5, HealthLevel.WARN), (2.5, HealthLevel.ERROR)],
)
def test_what_grows_is_judged_by_two_thresholds(value, level):
    assert Threshold("age", 1.0, 2.0).level(value) is level


@pytest.mark.parametrize(
    "value, level", [(1.0, HealthLevel.OK), (0.9, HealthLevel.WARN), (0.7, HealthLevel.ERROR), (np.nan, HealthLevel.OK)]
)
def test_what_falls_is_judged_the_other_way_round(value, level):
    assert Threshold("rate", 0.95, 0.8, falling=True).level(value) is level


@pytest.mark.parametrize("thresholds, falling", [((2.0, 1.0), False), ((0.8, 0.95), True)])
def test_an_error_before_the_warning_is_refused(thresholds, falling):
    with pytest.raises(ConfigurationError, match="`x_error` must not lie on the harmless side of `x_warn`"):
        Threshold("x", *thresholds, falling=falling)


def test_only_the_last_values_count():
    values = RecentValues(window=1.0)
    for tick in range(30):
        values.add(0.1 * tick, tick)
    np.testing.assert_array_equal(values.since(2.95), range(20, 30))


def test_an_increase_is_that_of_the_window_and_survives_a_counter_that_begins_anew():
    increase = RecentIncrease(window=2.0)
    assert [increase.add(now, total) for now, total in enumerate([5, 6, 8, 8, 8, 8])] == [0, 1, 3, 2, 0, 0]
    assert increase.add(6.0, 1) == 1
    increase.clear()
    assert [increase.add(now, total) for now, total in ((6.5, 3), (7.0, 7))] == [0, 4]


@given(st.lists(st.floats(0, 1e3), min_size=1, max_size=50))
def test_percentiles_are_in_order_and_within_the_values(values):
    found = percentiles(np.array(values))
    assert min(values) - 1e-9 <= found[0] <= found[1] <= found[2] <= max(values) + 1e-9


def test_no_values_have_no_percentiles():
    assert np.isnan(percentiles(np.array([]))).all()


def test_jitter_is_the_distance_from_the_period():
    np.testing.assert_allclose(period_jitter(np.array([0.0, 0.02, 0.05, 0.06]), 0.02), [0.0, 0.01, 0.01], atol=1e-12)
