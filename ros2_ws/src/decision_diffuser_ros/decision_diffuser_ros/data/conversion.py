"""Recordings of a robot as a data set of demonstrations."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from decision_diffuser_ros.data.demonstrations import merge_shards, shard_path, shard_paths, write_shard
from decision_diffuser_ros.data.recording import Refusals, sample_recording
from decision_diffuser_ros.data.recording_description import RecordingDescription
from decision_diffuser_ros.data.rosbag import recorded_messages
from decision_diffuser_ros.errors import DataError
from decision_diffuser_ros.planner.strict_record import write_record


@dataclasses.dataclass(frozen=True)
class ConvertedRecording:
    """What one recording gave.

    Attributes:
        bag: the recording.
        episodes: how many.
        seconds: of all of them together.
        refused: what could not be used, by topic.
    """

    bag: Path
    episodes: int
    seconds: float
    refused: Mapping[str, Refusals]


def convert_recordings(
    bags: Sequence[Path], description: RecordingDescription, directory: Path, *, provenance: Mapping[str, object]
) -> Iterator[ConvertedRecording]:
    """Writes the episodes of all recordings, a shard each, and joins them to one data set.

    Args:
        bags: directories made by `ros2 bag record`, at least one.
        description: of what was recorded.
        directory: of the data set; there must be none yet.
        provenance: JSON-able facts on how the data set is made.

    Yields:
        What each recording gave, as soon as it is written.

    Raises:
        DataError: there is a data set already, a recording does not fit the description, or none gives an episode.
    """
    if shard_paths(directory):
        raise DataError(f"'{directory}' holds demonstrations already; choose another directory or remove it")
    attributes = {
        "description": description.data_description().to_json(),
        "recordings": write_record(description),
    }
    found = 0
    for bag in bags:
        sampler = sample_recording(recorded_messages(bag, description.topics), description)
        episodes = [
            dataclasses.replace(episode, attributes={"recording": bag.name}) for episode in sampler.episodes()
        ]
        if episodes:
            write_shard(shard_path(directory, found), episodes, attributes)
            found += 1
        steps = sum(len(episode) for episode in episodes)
        yield ConvertedRecording(bag, len(episodes), steps * description.step_duration, sampler.refused)
    if not found:
        raise DataError(
            f"no recording has {description.shortest_episode:g} s on end with joint states, commands and a skill; "
            "check `topics`, `joints` and `shortest_episode`"
        )
    merge_shards(directory, provenance=provenance)
