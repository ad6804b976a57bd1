"""Demonstrations survive the disk, and a half-written file is never taken for a whole one."""

from __future__ import annotations

import numpy as np
import pytest

from decision_diffuser_ros.data import demonstrations
from decision_diffuser_ros.data.demonstration_set import DemonstrationSet
from decision_diffuser_ros.data.demonstrations import (
    Episode,
    merge_shards,
    read_episodes,
    read_metadata,
    read_shard,
    shard_path,
    shard_paths,
    write_shard,
)
from decision_diffuser_ros.errors import DataError

ATTRIBUTES = {"robot": "toy", "seed": 3}


def make_episode(rng: np.random.Generator, control_steps: int = 7) -> Episode:
    return Episode(
        states=rng.normal(size=(control_steps + 1, 4)),
        actions=rng.normal(size=(control_steps, 2)),
        skills=rng.integers(0, 3, size=control_steps),
        extras={"base_position": rng.normal(size=(control_steps + 1, 3))},
        attributes={"seed": int(rng.integers(1000)), "friction": 0.5},
    )


@pytest.fixture
def episodes() -> list[Episode]:
    rng = np.random.default_rng(0)
    return [make_episode(rng, control_steps) for control_steps in (5, 9, 7)]


@pytest.fixture
def dataset(tmp_path, episodes):
    directory = tmp_path / "toy-v0"
    write_shard(shard_path(directory, 0), episodes[:2], ATTRIBUTES)
    write_shard(shard_path(directory, 1), episodes[2:], ATTRIBUTES)
    merge_shards(directory, provenance={"command": "test"})
    return directory


def assert_same_episode(left: Episode, right: Episode) -> None:
    np.testing.assert_array_equal(left.states, right.states)
    np.testing.assert_array_equal(left.actions, right.actions)
    np.testing.assert_array_equal(left.skills, right.skills)
    assert left.extras.keys() == right.extras.keys()
    for name in left.extras:
        np.testing.assert_array_equal(left.extras[name], right.extras[name])
    assert dict(left.attributes) == dict(right.attributes)


def test_merged_episodes_are_those_written_in_the_order_of_the_shards(dataset, episodes):
    loaded = list(read_episodes(dataset))
    assert len(loaded) == 3
    for left, right in zip(loaded, episodes, strict=True):
        assert_same_episode(left, right)
    assert read_metadata(dataset)["attributes"] == ATTRIBUTES
    assert read_metadata(dataset)["provenance"] == {"command": "test"}


def test_a_shard_can_be_read_back_alone(dataset, episodes):
    loaded = read_shard(shard_paths(dataset)[1])
    assert len(loaded) == 1
    assert_same_episode(loaded[0], episodes[2])


def test_minari_loads_the_data_set(dataset, episodes, monkeypatch):
    minari = pytest.importorskip("minari")
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(dataset.parent))
    loaded = minari.load_dataset("toy-v0")
    assert (loaded.total_episodes, loaded.total_steps) == (3, 5 + 9 + 7)
    assert loaded.observation_space.shape == (4,)
    assert loaded.action_space.shape == (2,)
    for left, right in zip(loaded.iterate_episodes(), episodes, strict=True):
        np.testing.assert_array_equal(left.observations, right.states)
        np.testing.assert_array_equal(left.actions, right.actions)
        np.testing.assert_array_equal(left.infos["skill"], right.skills)
        np.testing.assert_array_equal(left.infos["base_position"], right.extras["base_position"])
        assert left.truncations[-1]
        assert not left.truncations[:-1].any()


def test_a_shard_whose_writer_fails_leaves_no_shard(tmp_path, episodes):
    def broken():
        yield episodes[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_shard(shard_path(tmp_path, 0), broken(), ATTRIBUTES)
    assert shard_paths(tmp_path) == []


def test_a_truncated_shard_is_refused_by_name(dataset):
    damaged = shard_paths(dataset)[0]
    damaged.write_bytes(damaged.read_bytes()[:1000])
    with pytest.raises(DataError, match="shard_00000.hdf5' cannot be read"):
        merge_shards(dataset, provenance={})


def test_an_interrupted_merge_leaves_no_data_set(dataset, monkeypatch):
    def interrupted(shards, target):
        target.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(demonstrations, "_copy_episodes", interrupted)
    with pytest.raises(KeyboardInterrupt):
        merge_shards(dataset, provenance={})
    with pytest.raises(DataError, match="no demonstrations in .*`decision-diffuser collect`"):
        list(read_episodes(dataset))
    assert [path.name for path in (dataset / "data").iterdir()] == ["main_data.hdf5"]


def test_shards_of_different_data_sets_are_not_merged(dataset, episodes):
    write_shard(shard_path(dataset, 2), episodes[:1], {"robot": "toy", "seed": 4})
    with pytest.raises(DataError, match="same in all shards"):
        merge_shards(dataset, provenance={})


def test_merging_without_shards_says_so(tmp_path):
    with pytest.raises(DataError, match="no shards"):
        merge_shards(tmp_path, provenance={})


def test_an_unknown_extra_lists_the_available_ones(dataset):
    with pytest.raises(DataError, match=r"\['height'\]; available: \['base_position'\]"):
        list(read_episodes(dataset, extras=["height"]))


def test_an_episode_whose_arrays_do_not_fit_is_refused():
    zeros = np.zeros
    with pytest.raises(DataError, match="one state more than actions"):
        Episode(zeros((5, 2)), zeros((5, 1)), zeros(5))
    with pytest.raises(DataError, match="one index an action"):
        Episode(zeros((6, 2)), zeros((5, 1)), zeros(4))
    with pytest.raises(DataError, match="extra 'x' must have 5 or 6 rows"):
        Episode(zeros((6, 2)), zeros((5, 1)), zeros(5), {"x": zeros(3)})
    with pytest.raises(DataError, match="must be finite"):
        Episode(np.full((6, 2), np.nan), zeros((5, 1)), zeros(5))


def test_the_demonstration_set_knows_where_each_episode_begins(dataset, episodes):
    loaded = DemonstrationSet.load(dataset, extras=["base_position"])
    for index, episode in enumerate(episodes):
        action = loaded.first_action[index]
        state = loaded.first_state[index]
        rows = slice(action, action + len(episode))
        np.testing.assert_array_equal(loaded.actions[rows], episode.actions)
        np.testing.assert_array_equal(loaded.states[state:][: len(episode) + 1], episode.states)
        taken_in = loaded.states[loaded.state_of_action[rows]]
        np.testing.assert_array_equal(taken_in, episode.states[:-1])
    assert loaded.extras["base_position"].shape == (5 + 9 + 7 + 3, 3)
