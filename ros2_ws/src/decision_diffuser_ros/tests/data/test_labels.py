"""Labels say what each window shows."""

from __future__ import annotations

import numpy as np
import pytest

from decision_diffuser_ros.data.demonstration_set import DemonstrationSet
from decision_diffuser_ros.data.demonstrations import Episode
from decision_diffuser_ros.data.labels import choice_labels, number_labels
from decision_diffuser_ros.data.windows import index_windows
from decision_diffuser_ros.errors import DataError

STEP_DURATION = 0.1


@pytest.fixture
def demonstrations() -> DemonstrationSet:
    """Ten steps ahead at 0.4 m/s, ten at 0.8, on a heading that turns; the second episode goes backwards."""
    episodes = []
    for sign in (1.0, -1.0):
        speed = sign * np.repeat([0.4, 0.8], 10)
        heading = np.linspace(0.5, 2.0, 21)
        forward = np.stack([np.cos(heading[:-1]), np.sin(heading[:-1])], axis=1)
        steps = speed[:, None] * forward * STEP_DURATION
        position = np.zeros((21, 3))
        position[1:, :2] = np.cumsum(steps, axis=0)
        position[:, 2] = np.linspace(0.0, 5.0, 21)  # height is no progress
        extras = {"base_position": position, "heading": heading, "forward_speed_command": np.full(20, 0.6)}
        episodes.append(Episode(np.zeros((21, 2)), np.zeros((20, 1)), np.repeat([0, 1], 10), extras))
    return DemonstrationSet.from_episodes(episodes)


def labels(demonstrations, *, kind, averaging_steps=5, scale=1.0):
    windows = index_windows(demonstrations, history=2, plan_steps=3)
    values = number_labels(
        demonstrations,
        windows,
        kind=kind,
        scale=scale,
        averaging_steps=averaging_steps,
        step_duration=STEP_DURATION,
    )
    assert values.shape == (len(windows), 1)
    return windows, values[:, 0]


def test_the_return_is_the_measured_speed_along_the_heading_within_the_skill(demonstrations):
    windows, values = labels(demonstrations, kind="return")
    first = windows.current_action < 20
    skill = demonstrations.skills[windows.current_action]
    np.testing.assert_allclose(values[first & (skill == 0)], 0.4, atol=1e-5)  # never mixed with the 0.8 that follows
    np.testing.assert_allclose(values[first & (skill == 1)], 0.8, atol=1e-5)


def test_going_backwards_has_no_return(demonstrations):
    windows, values = labels(demonstrations, kind="return")
    assert (values[windows.current_action >= 20] == 0.0).all()


def test_labels_are_shares_of_the_scale_and_at_most_one(demonstrations):
    _, halved = labels(demonstrations, kind="forward_speed", scale=1.2)
    np.testing.assert_allclose(halved, 0.5, atol=1e-6)
    _, clipped = labels(demonstrations, kind="forward_speed", scale=0.3)
    assert (clipped == 1.0).all()


def test_an_unknown_kind_lists_the_known_ones(demonstrations):
    with pytest.raises(DataError, match="kind 'height' has no label .* available: return, forward_speed"):
        labels(demonstrations, kind="height")


def test_skills_are_one_hot(demonstrations):
    windows = index_windows(demonstrations, history=2, plan_steps=3)
    one_hot = choice_labels(demonstrations, windows, kind="skill", choices=3)
    assert one_hot.shape == (len(windows), 3)
    np.testing.assert_array_equal(one_hot.argmax(axis=1), demonstrations.skills[windows.current_action])
    np.testing.assert_array_equal(one_hot.sum(axis=1), 1.0)


def test_a_choice_without_a_name_is_refused(demonstrations):
    windows = index_windows(demonstrations, history=2, plan_steps=3)
    with pytest.raises(DataError, match=r"constraint indices must lie in 0\.\.0; got 0\.\.1"):
        choice_labels(demonstrations, windows, kind="constraint", choices=1)
