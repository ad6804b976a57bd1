"""States that hold the action that led to them."""

import numpy as np

from decision_diffuser_ros.data.action_states import with_actions_in_states
from decision_diffuser_ros.data.demonstration_set import DemonstrationSet
from decision_diffuser_ros.data.description import DataDescription
from tests.training.toy import DESCRIPTION, toy_episode


def extended():
    episodes = [toy_episode(np.zeros(length, int), phase=0.4 * length) for length in (5, 7)]
    metadata = {"attributes": {"description": DESCRIPTION.to_json()}}
    plain = DemonstrationSet.from_episodes(episodes, metadata=metadata)
    return plain, with_actions_in_states(plain)


def test_each_state_is_followed_by_the_action_that_led_to_it():
    plain, both = extended()
    np.testing.assert_array_equal(both.states[:, :3], plain.states)
    np.testing.assert_array_equal(both.states[plain.state_of_action + 1, 3], plain.actions[:, 0])
    np.testing.assert_array_equal(both.actions, plain.actions)


def test_the_first_state_of_an_episode_holds_its_own_joint_positions():
    plain, both = extended()
    assert plain.first_state.tolist() == [0, 6]
    np.testing.assert_array_equal(both.states[[0, 6], 3], plain.states[[0, 6], 0])


def test_the_description_names_the_actions_among_the_state_and_the_original_stays_as_it_was():
    plain, both = extended()
    names = [[entry.name for entry in DataDescription.from_metadata(each.metadata).state] for each in (plain, both)]
    assert names[0] == ["arm/position", "arm/velocity", "lamp"]
    assert names[1] == [*names[0], "arm/position_target"]
