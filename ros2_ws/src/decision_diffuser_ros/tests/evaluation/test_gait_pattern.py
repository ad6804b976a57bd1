"""Gaits are told by which feet move together."""

import numpy as np
import pytest

from decision_diffuser_ros.evaluation import gait_pattern

OFFSETS = {"trot": (0, 10, 10, 0), "pace": (0, 10, 0, 10), "bound": (0, 0, 10, 10)}


def contacts_of(gait, steps, period=20):
    """Ideal contacts of a gait: each foot stands half of the cycle, (steps, 4)."""
    time = np.arange(steps)[:, None]
    return (time + np.array(OFFSETS[gait])) % period < period // 2


@pytest.mark.parametrize("gait", OFFSETS)
def test_an_ideal_gait_keeps_its_own_pattern_all_the_time_and_no_other(gait):
    contacts = contacts_of(gait, 100)
    assert gait_pattern.pattern_share(contacts, gait) == 1.0
    assert gait_pattern.gait_share(contacts, gait) == 1.0
    for other in set(OFFSETS) - {gait}:
        assert gait_pattern.pattern_share(contacts, other) == 0.0
        assert gait_pattern.gait_share(contacts, other) == 0.0


def test_a_robot_that_stands_still_leads_in_no_gait():
    contacts = np.ones((60, 4), dtype=bool)
    assert set(gait_pattern.leading_gait(contacts)) == {""}


def test_one_pair_out_of_step_halves_the_pattern():
    contacts = contacts_of("trot", 100)
    contacts[:, 0] = ~contacts[:, 0]
    assert gait_pattern.pattern_share(contacts, "trot") == 0.5


def test_a_switch_is_reached_when_the_new_pattern_begins_to_lead():
    contacts = np.concatenate([contacts_of("trot", 112), contacts_of("pace", 100)])
    reached = gait_pattern.steps_to_reach(contacts, "pace", switch_step=100)
    assert reached == pytest.approx(12, abs=2)


def test_a_gait_that_leads_for_less_than_half_a_second_is_not_reached():
    contacts = np.concatenate([contacts_of("trot", 100), contacts_of("pace", 20), contacts_of("trot", 100)])
    assert gait_pattern.steps_to_reach(contacts, "pace", switch_step=100) is None


def test_a_gait_that_led_before_the_switch_is_reached_at_once():
    assert gait_pattern.steps_to_reach(contacts_of("bound", 120), "bound", switch_step=60) == 0
