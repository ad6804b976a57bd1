"""Collections: complete, the same on any number of processes, and resumable."""

from dataclasses import replace

import numpy as np
import pytest

from decision_diffuser_ros.data.collection import Collection, collect
from decision_diffuser_ros.data.demonstrations import read_episodes, shard_path, shard_paths
from decision_diffuser_ros.data.episode import Episode
from decision_diffuser_ros.errors import ConfigurationError, DataError

ATTRIBUTES = {"what": "numbers"}


def record(seed, number):
    """An episode that can be told by its numbers."""
    random = np.random.default_rng([seed, number])
    return Episode(
        states=random.normal(size=(5, 2)),
        actions=random.normal(size=(4, 1)),
        skills=np.zeros(4, np.int8),
        attributes={"seed": seed, "number": number},
    )


def collection(directory, episodes=7, seed=1):
    return Collection(directory=directory, episodes=episodes, seed=seed, attributes=ATTRIBUTES, shard_episodes=3)


def run(planned, processes=1):
    return list(collect(planned, record, processes=processes, provenance={}))


def test_all_episodes_are_there_in_order_on_one_process_and_on_two(tmp_path):
    for processes in (1, 2):
        directory = tmp_path / str(processes)
        counts = run(collection(directory), processes)
        assert counts[0] == 0
        assert counts[-1] == 7
        episodes = list(read_episodes(directory))
        assert [episode.attributes["number"] for episode in episodes] == list(range(7))
        np.testing.assert_array_equal(episodes[6].states, record(1, 6).states)


def test_an_interrupted_collection_records_only_what_is_missing(tmp_path):
    run(collection(tmp_path))
    kept = shard_path(tmp_path, 0)
    written = kept.stat().st_mtime_ns
    shard_path(tmp_path, 1).unlink()
    counts = run(collection(tmp_path))
    assert counts == [4, 7]
    assert kept.stat().st_mtime_ns == written
    assert len(shard_paths(tmp_path)) == 3


def test_shards_of_another_seed_are_not_taken_for_this_one(tmp_path):
    run(collection(tmp_path, seed=1))
    with pytest.raises(DataError, match=r"of seed \[1\], not .* of seed 2; choose another directory"):
        run(collection(tmp_path, seed=2))


def test_shards_with_other_attributes_are_refused_before_anything_is_recorded(tmp_path):
    run(collection(tmp_path))
    shard_path(tmp_path, 1).unlink()
    other = replace(collection(tmp_path), attributes={**ATTRIBUTES, "learner": {"share": 0.5}})
    with pytest.raises(DataError, match=r"with `attributes/learner` None, not {'share': 0.5}; choose another"):
        run(other)
    assert not shard_path(tmp_path, 1).exists()


def test_fewer_episodes_than_are_there_are_refused(tmp_path):
    run(collection(tmp_path, episodes=7))
    with pytest.raises(DataError, match="shards more than 3 episodes need"):
        run(collection(tmp_path, episodes=3))


def test_a_collection_of_nothing_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="`episodes` must be at least 1. Got 0."):
        collection(tmp_path, episodes=0)
