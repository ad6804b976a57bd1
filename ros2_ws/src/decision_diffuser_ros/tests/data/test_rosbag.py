"""Real rosbag2 recordings of a walk, read and made into demonstrations."""

from __future__ import annotations

import numpy as np
import pytest
from rosbags.rosbag2 import StoragePlugin

from decision_diffuser_ros.data.conversion import convert_recordings
from decision_diffuser_ros.data.demonstrations import read_episodes, read_metadata
from decision_diffuser_ros.data.description import DataDescription
from decision_diffuser_ros.data.rosbag import recorded_messages
from decision_diffuser_ros.errors import DataError
from tests.data.recordings import description, ros_command, ros_imu, ros_joints, ros_text, write_bag

BEGIN = 1_700_000_000.0  # [s]


def small_bag(directory, *, seconds=0.5, storage=StoragePlugin.MCAP):
    """Two joints at 100 Hz that stand still, with what else the description names."""
    messages = [("/skill", BEGIN, ros_text("trot")), ("/commands", BEGIN, ros_command([0.5, 0.6]))]
    for number in range(round(seconds * 100) + 1):
        time = BEGIN + 0.01 * number
        messages.append(("/imu", time, ros_imu(time, [0, 0, 0, 1], [0, 0, 0])))
        messages.append(("/joint_states", time, ros_joints(time, ("hip", "knee"), np.ones(2), np.zeros(2))))
    return write_bag(directory, messages, storage=storage)


@pytest.mark.parametrize("storage", [StoragePlugin.MCAP, StoragePlugin.SQLITE3])
def test_recordings_of_both_storages_become_one_data_set(tmp_path, storage):
    bags = [small_bag(tmp_path / name, seconds=seconds, storage=storage) for name, seconds in (("a", 0.5), ("b", 0.3))]
    converted = list(convert_recordings(bags, description(), tmp_path / "set", provenance={"made": "by a test"}))
    assert [(one.episodes, round(one.seconds, 3)) for one in converted] == [(1, 0.5), (1, 0.3)]
    first, second = read_episodes(tmp_path / "set")
    assert (len(first), len(second)) == (25, 15)
    np.testing.assert_allclose(first.actions, np.tile([0.5, 0.6], (25, 1)), rtol=1e-6)
    assert first.attributes["recording"] == "a"
    metadata = read_metadata(tmp_path / "set")
    assert DataDescription.from_metadata(metadata) == description().data_description()
    assert metadata["attributes"]["recordings"]["topics"]["imu"] == "/imu"
    with pytest.raises(DataError, match="holds demonstrations already"):
        next(convert_recordings(bags, description(), tmp_path / "set", provenance={}))


def test_topics_may_be_named_from_the_root_or_without(tmp_path):
    topics = {"joint_states": "joint_states", "commands": "commands", "imu": "imu", "skill": "skill"}
    relative = description(topics=topics)
    assert {message.topic for message in recorded_messages(small_bag(tmp_path / "a"), relative.topics)} == set(topics)


def test_what_is_no_recording_or_has_not_what_is_named_is_refused(tmp_path):
    bag = small_bag(tmp_path / "a")
    for topics, message in (
        ({"skill": "/gait"}, r"'/gait' \(`topics: skill`\); recorded: /commands, /imu, /joint_states, /skill$"),
        ({"imu": "/skill", "skill": "/imu"}, "'/skill' .* must be sensor_msgs/msg/Imu. Got std_msgs/msg/String in "),
    ):
        with pytest.raises(DataError, match=message):
            list(recorded_messages(bag, description(topics=topics).topics))
    (tmp_path / "empty").mkdir()
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "metadata.yaml").write_text("rosbag2_bagfile_information: {", encoding="utf-8")
    for name in ("none", "empty", "damaged"):
        with pytest.raises(DataError, match=f"'.*{name}' cannot be read as a ROS 2 recording"):
            list(recorded_messages(tmp_path / name, description().topics))


def test_recordings_without_anything_to_learn_from_are_refused(tmp_path):
    bag = small_bag(tmp_path / "a", seconds=0.06)
    converted = convert_recordings([bag], description(), tmp_path / "set", provenance={})
    assert next(converted).episodes == 0
    with pytest.raises(DataError, match=r"no recording has 0\.1 s on end"):
        next(converted)


def test_a_recorded_walk_is_what_was_walked(tmp_path):
    pytest.importorskip("pybullet", reason="needs PyBullet")
    from decision_diffuser_ros.simulation import quadruped_model as model
    from decision_diffuser_ros.simulation.gait_expert import GaitExpert
    from decision_diffuser_ros.simulation.quadruped_world import QuadrupedWorld, QuadrupedWorldSettings

    world, expert = QuadrupedWorld(QuadrupedWorldSettings(time_step=0.002)), GaitExpert(skill="trot", forward_speed=0.6)
    order = np.random.default_rng(0).permutation(12)
    messages = [("/skill", BEGIN, ros_text("trot"))]
    states, targets = [world.state()], []
    for _ in range(60):
        targets.append(expert.targets(world))
        for part in range(2):
            time = BEGIN + world.time
            names, turning = tuple(model.JOINT_NAMES[i] for i in order), world.angular_velocity_in_base
            messages.append(("/imu", time, ros_imu(time, world.base_orientation, turning)))
            reading = ros_joints(time, names, world.joint_position[order], world.joint_velocity[order])
            messages.append(("/joint_states", time, reading))
            if part == 0:
                messages.append(("/commands", time + 0.001, ros_command(targets[-1])))
            world.step(targets[-1], duration=0.01)
        states.append(world.state())
    world.close()
    a1 = description(joints=tuple(model.JOINT_NAMES))
    (converted,) = convert_recordings([write_bag(tmp_path / "walk", messages)], a1, tmp_path / "set", provenance={})
    (episode,) = read_episodes(tmp_path / "set")
    assert (converted.episodes, converted.refused) == (1, {})
    np.testing.assert_allclose(episode.states, states[:60], atol=2e-6)
    np.testing.assert_allclose(episode.actions, targets[:59], atol=1e-6)
