"""Ways in the plane end where their constraint wants them, from rest to rest, and are the same again."""

import numpy as np
import pytest

from decision_diffuser_ros.data.description import DataDescription
from decision_diffuser_ros.robots import demonstrations_of
from decision_diffuser_ros.simulation.circles_demonstrations import curved_way, record_episode
from decision_diffuser_ros.simulation.circles_world import (
    ARENA,
    CONSTRAINTS,
    CONTROL_STEP,
    CONTROL_STEPS,
    MAX_SPEED,
    PointRobot,
    satisfied,
)

NUMBERS = range(300)


@pytest.fixture(scope="module")
def episodes():
    return [record_episode(1, number) for number in NUMBERS]


def test_every_end_fulfils_the_constraint_it_is_labelled_with_and_some_both(episodes):
    ends = np.array([episode.states[-1] for episode in episodes])
    labels = np.array([episode.skills[0] for episode in episodes])
    for label, constraint in enumerate(CONSTRAINTS):
        assert satisfied(constraint, ends[labels == label]).all()
        others = satisfied(CONSTRAINTS[1 - label], ends[labels == label]).mean()
        assert 0.2 < others < 0.7
    assert np.bincount(labels).tolist() == [150, 150]


def test_a_label_holds_for_the_whole_episode_of_50_states(episodes):
    for episode in episodes:
        assert episode.states.shape == (50, 2)
        assert len(set(episode.skills.tolist())) == 1


def test_actions_are_the_velocities_that_lead_from_state_to_state(episodes):
    for episode in episodes[:20]:
        np.testing.assert_allclose(np.diff(episode.states, axis=0), episode.actions * CONTROL_STEP, atol=1e-6)
    fastest = max(np.linalg.norm(episode.actions, axis=1).max() for episode in episodes)
    assert 1.0 < fastest < MAX_SPEED  # no demonstration is slowed by the robot


def test_the_same_seed_and_number_is_the_same_way(episodes):
    np.testing.assert_array_equal(record_episode(1, 7).states, episodes[7].states)
    assert not np.allclose(record_episode(2, 7).states, episodes[7].states)
    assert max(np.abs(episode.states[0]).max() for episode in episodes) <= ARENA


def test_a_way_starts_and_ends_at_rest_and_bends_to_the_left():
    way = curved_way(np.zeros(2), np.array([2.0, 0.0]), bend=0.1)
    assert way.shape == (CONTROL_STEPS + 1, 2)
    np.testing.assert_allclose(way[[0, -1]], [[0.0, 0.0], [2.0, 0.0]], atol=1e-12)
    steps = np.linalg.norm(np.diff(way, axis=0), axis=1)
    assert max(steps[0], steps[-1]) < 0.01 * steps.max()
    assert way[:, 1].max() == pytest.approx(0.2, abs=1e-3)
    assert way[:, 1].min() > -1e-9


def test_a_point_is_no_faster_than_it_can_be():
    robot = PointRobot(np.zeros((2, 2)))
    moved = robot.step(np.array([[0.3, 0.0], [0.0, 100.0]]))
    np.testing.assert_allclose(moved, [[0.3 * CONTROL_STEP, 0.0], [0.0, MAX_SPEED * CONTROL_STEP]])


def test_the_data_set_says_that_it_is_labelled_with_constraints():
    description = DataDescription.from_metadata({"attributes": demonstrations_of("circles").attributes})
    assert (description.choice_kind, description.skill_names, description.joint_names) == (
        "constraint",
        CONSTRAINTS,
        (),
    )
