"""Demonstrations: what an episode holds, and that it depends on nothing but seed and number."""

from dataclasses import replace

import numpy as np
import pytest

from decision_diffuser_ros.data.description import DataDescription
from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.robots import Variety, demonstrations_of
from decision_diffuser_ros.simulation import quadruped_model as model
from decision_diffuser_ros.simulation.quadruped_course import SKILLS, DemonstrationRange
from decision_diffuser_ros.simulation.quadruped_demonstrations import attributes, record_episode
from decision_diffuser_ros.simulation.quadruped_world import FALLEN_TILT_COSINE

SHORT = DemonstrationRange(steps=60, segment_steps=(20, 40), switching_share=1.0)


@pytest.fixture(scope="module")
def episode():
    return record_episode(7, 4, SHORT)


def test_an_episode_is_the_same_whenever_it_is_recorded(episode):
    record_episode(7, 5, SHORT)
    again = record_episode(7, 4, SHORT)
    np.testing.assert_array_equal(episode.states, again.states)
    np.testing.assert_array_equal(episode.actions, again.actions)


def test_another_number_is_another_episode(episode):
    other = record_episode(7, 10, SHORT)
    assert not np.array_equal(episode.states[-1], other.states[-1])


def test_every_step_is_labelled_with_the_gait_asked(episode):
    assert episode.skills[0] == 4 % len(SKILLS)
    switches = np.flatnonzero(np.diff(episode.skills))
    assert len(switches) >= 1
    assert len(episode.states) == len(episode.actions) + 1 == len(episode.skills) + 1


def test_actions_are_the_experts_clean_targets_and_not_what_was_applied(episode):
    applied = episode.extras["applied_actions"]
    assert applied.shape == episode.actions.shape
    assert np.abs(applied - episode.actions).max() > 0.001
    assert (applied >= model.JOINT_LOWER.astype(np.float32)).all()
    assert (applied <= model.JOINT_UPPER.astype(np.float32)).all()


def test_without_switches_an_episode_has_one_gait():
    episode = record_episode(1, 1, replace(SHORT, switching_share=0.0))
    assert len(set(episode.skills.tolist())) == 1


def test_the_commanded_speed_can_change_within_an_episode_again_and_again():
    episode = record_episode(1, 2, replace(SHORT, new_speed_share=1.0, speed_steps=(15, 20)))
    changes = np.flatnonzero(np.diff(episode.extras["forward_speed_command"]))
    assert len(changes) >= 2
    assert (np.diff(changes) >= 15).all()
    assert (np.diff(changes) <= 20).all()


def test_the_commanded_speed_can_stay():
    episode = record_episode(1, 2, replace(SHORT, new_speed_share=0.0))
    assert len(np.unique(episode.extras["forward_speed_command"])) == 1


def test_attributes_describe_every_number_of_a_state_and_an_action(episode):
    description = DataDescription.from_metadata({"attributes": attributes(SHORT)})
    assert len(description.state) == episode.states.shape[1]
    assert len(description.action) == episode.actions.shape[1]
    assert description.skill_names == SKILLS


def test_the_demonstrations_for_composition_show_one_gait_each_under_a_name_of_their_own():
    gaits, composition = demonstrations_of("quadruped_gaits"), demonstrations_of("quadruped_composition")
    names = [DataDescription.from_metadata({"attributes": each.attributes}).name for each in (gaits, composition)]
    assert names == ["quadruped_gaits", "quadruped_composition"]
    assert gaits.attributes["ranges"]["switching_share"] > 0.0
    assert composition.attributes["ranges"]["switching_share"] == 0.0


def test_an_episode_may_begin_in_the_stride_of_another_gait_that_is_not_recorded():
    ranges = replace(SHORT, steps=30, switching_share=0.0, standing_share=1.0, disturbed_share=0.0, pushed_share=0.0)
    standing = record_episode(1, 0, ranges)
    striding = record_episode(1, 0, replace(ranges, striding_share=1.0))
    assert np.abs(standing.states[0, 12:24]).max() < 0.1  # [rad/s]
    assert np.abs(striding.states[0, 12:24]).max() > 1.0
    assert len(striding) == len(standing) == 30
    assert set(striding.skills.tolist()) == {0}


STRIDING = replace(
    SHORT,
    steps=5,
    switching_share=0.0,
    standing_share=1.0,
    pushed_share=0.0,
    disturbed_share=1.0,
    freeze_share=0.0,
    striding_share=1.0,
)


def test_the_stride_before_an_episode_can_be_disturbed():
    calm, disturbed = (
        record_episode(1, 0, STRIDING),
        record_episode(1, 0, replace(STRIDING, striding_calm_steps=(1, 3))),
    )
    assert not np.allclose(calm.states[0], disturbed.states[0], atol=0.01)


def test_an_episode_begins_on_its_feet_however_often_the_robot_fell_before():
    wild = replace(STRIDING, striding_calm_steps=(1, 2), target_noise=0.6)  # about half of the walks end in a fall
    episodes = [record_episode(1, number, wild) for number in range(6)]
    assert all(episode.states[0, 26] < -FALLEN_TILT_COSINE for episode in episodes)  # gravity points to the feet


def test_strides_that_all_end_in_a_fall_are_refused():
    with pytest.raises(ConfigurationError, match="20 falls in 20 walks"):
        record_episode(1, 0, replace(STRIDING, striding_calm_steps=(1, 2), target_noise=3.0))


def test_late_commands_are_late_by_one_delay_an_episode():
    late = replace(SHORT, steps=10, command_delays=(0.002, 0.006))
    episodes = [record_episode(3, number, late) for number in range(8)]
    assert {episode.attributes["command_delay"] for episode in episodes} == {0.002, 0.006}
    assert record_episode(3, 0, SHORT).attributes["command_delay"] == 0.0


def test_only_a_quadruped_has_late_commands():
    late = demonstrations_of("quadruped_gaits", Variety(command_delay=0.004))
    assert late.attributes["ranges"]["command_delays"] == (0.0, 0.002, 0.004)
    with pytest.raises(ConfigurationError, match="late commands are for .*quadruped_gaits. Got block_stacking"):
        demonstrations_of("block_stacking", Variety(command_delay=0.004))


@pytest.mark.parametrize("delay", [-0.002, 0.003, 0.02])
def test_a_delay_that_the_simulation_cannot_have_is_refused(delay):
    with pytest.raises(ConfigurationError, match=f"a multiple of 0.002 s below 0.02 s. Got {delay:g} s"):
        demonstrations_of("quadruped_gaits", Variety(command_delay=delay))
