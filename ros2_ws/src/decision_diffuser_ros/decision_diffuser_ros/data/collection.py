"""Recording demonstrations on all cores, shard by shard, so that a collection that was interrupted goes on."""

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import as_completed
from dataclasses import dataclass
from pathlib import Path

from decision_diffuser_ros.data.demonstrations import (
    merge_shards,
    read_attributes,
    read_shard,
    shard_path,
    shard_paths,
    write_shard,
)
from decision_diffuser_ros.data.episode import Episode
from decision_diffuser_ros.errors import ConfigurationError, DataError
from decision_diffuser_ros.process_pool import process_pool

RecordEpisode = Callable[[int, int], Episode]
"""(seed, number of the episode) -> the episode; the same for the same arguments, and picklable by name."""


@dataclass(frozen=True)
class Collection:
    """Which episodes are to be recorded, and where.

    Attributes:
        directory: the data set's.
        episodes: how many.
        seed: of the whole collection.
        attributes: JSON-able facts about the data set (names of states, skills, ...).
        shard_episodes: episodes of one shard.
    """

    directory: Path
    episodes: int
    seed: int
    attributes: Mapping[str, object]
    shard_episodes: int = 20

    def __post_init__(self) -> None:
        for name in ("episodes", "shard_episodes"):
            if getattr(self, name) < 1:
                raise ConfigurationError(f"`{name}` must be at least 1. Got {getattr(self, name)}.")
        if self.seed < 0:
            raise ConfigurationError(f"`seed` must not be negative. Got {self.seed}.")

    def shard_numbers(self, shard: int) -> range:
        """Numbers of the episodes in shard number `shard`."""
        return range(shard * self.shard_episodes, min((shard + 1) * self.shard_episodes, self.episodes))

    @property
    def shards(self) -> int:
        """How many shards the collection has."""
        return -(-self.episodes // self.shard_episodes)


def collect(
    collection: Collection, record: RecordEpisode, *, processes: int, provenance: Mapping[str, object]
) -> Iterator[int]:
    """Records what is still missing of the collection and merges it to one data set.

    Yields:
        The number of episodes on disk, whenever it has grown; first, what an earlier run had left.

    Raises:
        DataError: when the directory holds shards of another collection.
    """
    missing = [shard for shard in range(collection.shards) if not _is_there(collection, shard)]
    recorded = collection.episodes - sum(len(collection.shard_numbers(shard)) for shard in missing)
    yield recorded
    if missing:
        with process_pool(min(processes, len(missing))) as pool:
            for shard in as_completed([pool.submit(_record_shard, collection, record, shard) for shard in missing]):
                recorded += shard.result()
                yield recorded
    expected = {shard_path(collection.directory, shard) for shard in range(collection.shards)}
    superfluous = set(shard_paths(collection.directory)) - expected
    if superfluous:
        raise DataError(
            f"'{collection.directory}' holds {len(superfluous)} shards more than {collection.episodes} episodes need; "
            "ask for as many episodes as before, or another directory"
        )
    merge_shards(collection.directory, provenance=provenance)


def _is_there(collection: Collection, shard: int) -> bool:
    """Whether a shard was recorded before.

    Raises:
        DataError: when it belongs to another collection.
    """
    path = shard_path(collection.directory, shard)
    if not path.exists():
        return False
    episodes = read_shard(path)
    numbers = [int(episode.attributes["number"]) for episode in episodes]
    seeds = {int(episode.attributes["seed"]) for episode in episodes}
    if numbers != list(collection.shard_numbers(shard)) or seeds != {collection.seed}:
        raise DataError(
            f"{path} holds episodes {numbers[0]}..{numbers[-1]} of seed {sorted(seeds)}, not "
            f"{collection.shard_numbers(shard)} of seed {collection.seed}; choose another directory or remove it"
        )
    differences = _differences(read_attributes(path), json.loads(json.dumps(collection.attributes)))
    if differences:
        raise DataError(f"{path} was recorded with {differences[0]}; choose another directory or remove it")
    return True


def _differences(recorded: object, wanted: object, name: str = "attributes") -> list[str]:
    """Which of some attributes, JSON values, were recorded with another value than is wanted."""
    if isinstance(recorded, dict) and isinstance(wanted, dict):
        return [
            difference
            for key in sorted({*recorded, *wanted})
            for difference in _differences(recorded.get(key), wanted.get(key), f"{name}/{key}")
        ]
    return [] if recorded == wanted else [f"`{name}` {recorded!r}, not {wanted!r}"]


def _record_shard(collection: Collection, record: RecordEpisode, shard: int) -> int:
    episodes = [record(collection.seed, number) for number in collection.shard_numbers(shard)]
    write_shard(shard_path(collection.directory, shard), episodes, collection.attributes)
    return len(episodes)
