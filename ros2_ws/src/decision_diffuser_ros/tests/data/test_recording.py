"""Recorded messages become the control steps that the planner node would have made of them."""

from __future__ import annotations

import numpy as np
import pytest

from decision_diffuser_ros.data.labels import ASKED_NUMBERS
from decision_diffuser_ros.data.recording import RecordedMessage, sample_recording
from decision_diffuser_ros.errors import ConfigurationError, DataError
from tests.data.recordings import (
    STEP_DURATION,
    command,
    description,
    imu,
    joints,
    odometry,
    skill,
    velocity,
)

BEGIN = 1_700_000_000.0  # [s], as stamps of a running robot are


def walk(steps: int = 20, *, begin: float = BEGIN, states_per_step: int = 4) -> list[RecordedMessage]:
    """Joint states at several times the control rate and a command in answer to each that is due.

    The knee's position is the number of the joint state, the hip's its tenth; the command the number of the step.
    """
    messages = []
    for number in range(steps * states_per_step + 1):
        time = begin + number * STEP_DURATION / states_per_step
        messages += [imu(time), joints(time, (float(number), 0.1 * number))]
        if number % states_per_step == 0:
            messages.append(command(time + 0.002, number // states_per_step, -1.0))
    return messages


def shown(messages: list[RecordedMessage]) -> list[RecordedMessage]:
    """The messages, in the order of their times, after one that says what they show and a first command."""
    ordered = sorted(messages, key=lambda message: message.time)
    return [skill(BEGIN - 0.1, "trot"), command(BEGIN - 0.1, -9.0, -9.0), *ordered]


def test_states_are_those_of_the_control_steps_and_actions_what_answered_them():
    (episode,) = sample_recording(shown(walk()), description()).episodes()
    np.testing.assert_allclose(episode.states[:, 0], 0.4 * np.arange(21), rtol=1e-6)
    np.testing.assert_allclose(episode.states[:, 1], 4.0 * np.arange(21))
    np.testing.assert_allclose(episode.states[:, 3], 400.0 * np.arange(21))
    np.testing.assert_allclose(episode.states[:, 4:], np.tile([0, 0, -1, 0, 0, 0.5], (21, 1)))
    np.testing.assert_array_equal(episode.actions, np.stack([np.arange(20), np.full(20, -1)], axis=1))
    assert episode.skills.tolist() == [1] * 20
    assert not episode.extras


def test_of_commands_that_come_more_often_the_one_half_way_through_a_step_is_the_action():
    often = [command(BEGIN + 0.001 * number, number, 0.0) for number in range(420)]
    states = [message for message in walk() if message.topic != "/commands"]
    (episode,) = sample_recording(shown([*often, *states]), description()).episodes()
    np.testing.assert_allclose(episode.actions[:, 0], 20 * np.arange(20) + 10, atol=1)


def test_joint_states_as_often_as_control_steps_may_be_a_little_early_or_late():
    rng = np.random.default_rng(0)
    messages = []
    for number in range(100):
        time = BEGIN + STEP_DURATION * number + rng.uniform(-0.0009, 0.0009)
        messages += [imu(time), joints(time, (number, number)), command(time + 0.001, number, number)]
    (episode,) = sample_recording(shown(messages), description()).episodes()
    np.testing.assert_array_equal(episode.states[:, 0], np.arange(100))
    np.testing.assert_array_equal(episode.actions[:, 0], np.arange(99))


@pytest.mark.parametrize("missing", ["/joint_states", "/imu"])
def test_an_episode_ends_where_readings_are_missing(missing):
    kept = [message for message in walk(40) if message.topic != missing or not 0.3 < message.time - BEGIN < 0.5]
    episodes = sample_recording(shown(kept), description()).episodes()
    assert len(episodes) == 2
    assert sum(len(episode) for episode in episodes) < 40
    for episode in episodes:
        np.testing.assert_allclose(np.diff(episode.states[:, 1]), 4.0)


def test_stretches_without_a_skill_or_too_short_are_left_out():
    changes = {0.39: "", 0.59: "walk", 0.99: "", 1.09: "trot", 1.15: ""}
    skills = [skill(BEGIN + at, name) for at, name in changes.items()]
    episodes = sample_recording(shown([*walk(60), *skills]), description()).episodes()
    assert [set(episode.skills.tolist()) for episode in episodes] == [{1}, {0}]
    assert [len(episode) for episode in episodes] == [19, 19]


def test_a_skill_that_changes_stays_within_the_episode():
    (episode,) = sample_recording(shown([*walk(), skill(BEGIN + 0.21, "walk")]), description()).episodes()
    assert episode.skills.tolist() == [1] * 11 + [0] * 9


def test_one_skill_alone_needs_no_topic_and_an_arm_no_imu():
    alone = description(skills=("walk",), topics={"skill": None, "imu": None}, joint_velocities=False)
    messages = [message for message in shown(walk()) if message.topic in alone.topics.names.values()]
    (episode,) = sample_recording(messages, alone).episodes()
    assert episode.states.shape == (21, 2)
    assert episode.skills.tolist() == [0] * 20


@pytest.mark.parametrize("is_stamped", [False, True])
def test_speed_and_odometry_are_recorded_where_they_are_named(is_stamped):
    named = description(topics={"velocity": "/cmd_vel", "odometry": "/odom"})
    messages = [
        *(odometry(message.time, message.time - BEGIN, 0.3) for message in walk() if message.topic == "/imu"),
        *walk(),
        velocity(BEGIN + 0.1, 0.4, is_stamped=is_stamped),
    ]
    (episode,) = sample_recording(shown(messages), named).episodes()
    speeds = episode.extras[ASKED_NUMBERS["forward_speed"]]
    assert speeds[0] == 0.0
    np.testing.assert_allclose(speeds[6:], 0.4)
    positions = episode.extras["base_position"]
    np.testing.assert_allclose(positions[:, 0], STEP_DURATION * np.arange(21), atol=1e-6)
    np.testing.assert_allclose(positions[:, 1:], np.tile([0.0, 0.3], (21, 1)))
    np.testing.assert_allclose(episode.extras["heading"], 0.3)


def test_messages_that_cannot_be_are_counted_with_the_reason_and_bridged_where_others_are_there():
    bad = [
        joints(BEGIN + 0.1012, (np.nan, 0.0)),
        command(BEGIN + 0.1013, np.inf, 0.0),
        imu(BEGIN + 0.1014, turning=np.nan),
        imu(BEGIN + 0.1016, is_measured=False),
    ]
    sampler = sample_recording(shown([*walk(), *bad]), description())
    (episode,) = sampler.episodes()
    assert len(episode) == 20
    assert {topic: refusals.count for topic, refusals in sampler.refused.items()} == {
        "/joint_states": 1, "/commands": 1, "/imu": 2
    }  # fmt: skip
    assert "joint 'knee' must be finite" in sampler.refused["/joint_states"].first_reason
    assert "angular velocity must be finite" in sampler.refused["/imu"].first_reason


def test_what_does_not_fit_the_description_is_refused():
    with pytest.raises(DataError, match="has 3 values; `joints` names 2: hip, knee"):
        sample_recording([command(BEGIN, 1.0, 2.0, 3.0)], description())
    with pytest.raises(DataError, match="skill 'fly' on '/skill' is not in `skills`: walk, trot"):
        sample_recording([skill(BEGIN, "fly")], description())
    named = joints(BEGIN, (1.0, 2.0), names=("knee", "elbow"))
    with pytest.raises(DataError, match="a command on '/commands' has no joint 'hip'; got: knee, elbow"):
        sample_recording([RecordedMessage("/commands", BEGIN, named.message)], description())


def test_commands_by_name_are_put_in_order():
    messages = [
        RecordedMessage("/commands", m.time, joints(m.time, (7.0, 3.0)).message) if m.topic == "/commands" else m
        for m in shown(walk())
    ]
    (episode,) = sample_recording(messages, description()).episodes()
    np.testing.assert_array_equal(episode.actions, np.tile([3.0, 7.0], (20, 1)))


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"joints": ()}, "expected `joints` at least one name"),
        ({"joints": ("hip", "hip")}, "expected `joints` that are unique"),
        ({"topics": {"skill": None}}, "expected `topics: skill` a topic that says which of several skills is shown"),
        ({"topics": {"skill": "/imu"}}, "expected names of `topics` that are unique"),
        ({"step_duration": 0.0}, "expected `step_duration` above 0"),
        ({"oldest_reading": 0.0}, "expected `oldest_reading` above 0"),
    ],
)
def test_a_description_that_cannot_be_is_refused(changes, message):
    with pytest.raises(ConfigurationError, match=message):
        description(**changes)
