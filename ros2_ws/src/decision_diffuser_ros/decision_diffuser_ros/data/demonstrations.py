"""Demonstrations on disk: shards while they are collected, one Minari data set afterwards.

    <directory>/shards/shard_00012.hdf5     written whole or not at all
    <directory>/data/main_data.hdf5         episode_0/{observations, actions, rewards, ..., infos/}
    <directory>/data/metadata.json          written last: without it the data set is not there

The layout is Minari's, so `minari.load_dataset` reads it (with `MINARI_DATASETS_PATH` set to the
parent directory), but h5py alone is enough to write and to read it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np

from decision_diffuser_ros.data.episode import Episode
from decision_diffuser_ros.data.whole_file import whole_file
from decision_diffuser_ros.errors import DataError

__all__ = [
    "Episode",
    "merge_shards",
    "read_attributes",
    "read_episodes",
    "read_metadata",
    "read_shard",
    "write_shard",
]

MAIN_FILE = Path("data") / "main_data.hdf5"
METADATA_FILE = Path("data") / "metadata.json"
SHARD_DIRECTORY = "shards"
MINARI_VERSION = "0.5.3"  # the format version we write; Minari refuses versions that it does not know
SKILL = "skill"  # where an episode's skills lie among Minari's `infos`


def shard_path(directory: str | Path, index: int) -> Path:
    """Where shard number `index` of a data set lies."""
    return Path(directory) / SHARD_DIRECTORY / f"shard_{index:05d}.hdf5"


def shard_paths(directory: str | Path) -> list[Path]:
    """The whole shards of a data set, in order; half-written ones have another name."""
    return sorted((Path(directory) / SHARD_DIRECTORY).glob("shard_*.hdf5"))


def write_shard(path: str | Path, episodes: Iterable[Episode], attributes: Mapping[str, object]) -> Path:
    """Write some episodes to a file that appears under its name only when it is whole.

    Args:
        path: the shard's file, see `shard_path`.
        episodes: at least one episode.
        attributes: JSON-able facts about the data set, the same in all of its shards.

    Raises:
        DataError: when there is no episode, or they differ in dimensions.
    """
    path = Path(path)
    with whole_file(path) as partial, h5py.File(partial, "w", libver="latest") as file:
        dimensions = {_write_episode(file, index, episode) for index, episode in enumerate(episodes)}
        if len(dimensions) != 1:
            raise DataError(f"a shard needs episodes of one (state_dim, action_dim); got {sorted(dimensions)}")
        file.attrs["attributes"] = json.dumps(attributes, sort_keys=True)
    return path


def read_shard(path: str | Path) -> list[Episode]:
    """The episodes of one shard."""
    with _open(Path(path)) as file:
        return [_read_episode(file[name]) for name in _episode_names(file)]


def read_attributes(path: str | Path) -> dict:
    """Facts about the data set that a shard was made with."""
    return json.loads(_attributes_text(Path(path)))


def merge_shards(directory: str | Path, *, provenance: Mapping[str, object]) -> Path:
    """Join a directory's shards, in order, to one data set that Minari and `read_episodes` load.

    Args:
        directory: the data set's directory; its name is the Minari identifier.
        provenance: JSON-able facts on how the data set was made (command, seed, commit, ...).

    Returns:
        The merged HDF5 file.

    Raises:
        DataError: when there are no shards or they were not made with the same attributes.
    """
    directory = Path(directory)
    shards = shard_paths(directory)
    attributes = _common_attributes(shards, directory)
    target, metadata_file = directory / MAIN_FILE, directory / METADATA_FILE
    metadata_file.unlink(missing_ok=True)
    with whole_file(target) as partial:
        layout = _copy_episodes(shards, partial)
    metadata = {
        "dataset_id": directory.resolve().name,
        "minari_version": MINARI_VERSION,
        "data_format": "hdf5",
        "dataset_size": round(target.stat().st_size / 1e6, 1),
        **layout,
        "attributes": attributes,
        "provenance": dict(provenance),
    }
    with whole_file(metadata_file) as partial:
        partial.write_text(json.dumps(metadata, indent=1) + "\n", encoding="utf-8")
    return target


def read_metadata(directory: str | Path) -> dict:
    """The data set's metadata: Minari's keys, and ours in `attributes` and `provenance`.

    Raises:
        DataError: when the directory holds no merged data set.
    """
    path = Path(directory) / METADATA_FILE
    if not path.is_file():
        raise DataError(
            f"no demonstrations in '{directory}' (there is no {METADATA_FILE}); "
            "make them with `decision-diffuser collect`"
        )
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise DataError(f"'{path}' is not valid JSON: {error}") from error


def read_episodes(directory: str | Path, *, extras: Sequence[str] | None = None) -> Iterator[Episode]:
    """The episodes of a merged data set, one after the other.

    Args:
        directory: the data set's directory.
        extras: names of the extra arrays to read; all when None.

    Raises:
        DataError: when there is no data set, it is damaged, or a named extra is not in it.
    """
    total_episodes = read_metadata(directory)["total_episodes"]
    with _open(Path(directory) / MAIN_FILE) as file:
        names = _episode_names(file)
        if len(names) != total_episodes:
            raise DataError(
                f"'{directory}' holds {len(names)} episodes but its metadata says {total_episodes}; "
                "merge its shards again"
            )
        for name in names:
            yield _read_episode(file[name], extras=extras)


def _copy_episodes(shards: list[Path], target: Path) -> dict:
    """Copy the shards' episodes to one file; how many there are and of what shape, for Minari."""
    lengths: list[int] = []
    with h5py.File(target, "w", libver="latest") as merged:
        for shard in shards:
            with _open(shard) as file:
                for name in _episode_names(file):
                    file.copy(name, merged, f"episode_{len(lengths)}")
                    group = merged[f"episode_{len(lengths)}"]
                    group.attrs["id"] = len(lengths)
                    lengths.append(int(group.attrs["total_steps"]))
        return {
            "total_episodes": len(lengths),
            "total_steps": sum(lengths),
            "observation_space": _unbounded_box(group["observations"].shape[1]),
            "action_space": _unbounded_box(group["actions"].shape[1]),
        }


def _write_episode(file: h5py.File, index: int, episode: Episode) -> tuple[int, int]:
    control_steps = len(episode)
    group = file.create_group(f"episode_{index}")
    group.create_dataset("observations", data=episode.states)
    group.create_dataset("actions", data=episode.actions)
    group.create_dataset("rewards", data=np.zeros(control_steps, np.float32))
    group.create_dataset("terminations", data=np.zeros(control_steps, bool))
    group.create_dataset("truncations", data=np.arange(control_steps) == control_steps - 1)
    infos = group.create_group("infos")
    for name, value in {**episode.extras, SKILL: episode.skills}.items():
        infos.create_dataset(name, data=value)
    group.attrs.update({**episode.attributes, "id": index, "total_steps": control_steps})
    return episode.states.shape[1], episode.actions.shape[1]


def _read_episode(group: h5py.Group, *, extras: Sequence[str] | None = None) -> Episode:
    infos = group["infos"]
    names = [name for name in infos if name != SKILL] if extras is None else extras
    missing = [name for name in names if name not in infos]
    if missing:
        raise DataError(f"{group.name} has no extra {missing}; available: {sorted(set(infos) - {SKILL})}")
    bookkeeping = ("id", "total_steps")
    return Episode(
        states=group["observations"][()],
        actions=group["actions"][()],
        skills=infos[SKILL][()],
        extras={name: infos[name][()] for name in names},
        attributes={key: value for key, value in group.attrs.items() if key not in bookkeeping},
    )


def _episode_names(file: h5py.File) -> list[str]:
    return [f"episode_{index}" for index in range(len(file))]


def _common_attributes(shards: list[Path], directory: Path) -> dict:
    if not shards:
        raise DataError(f"no shards in '{directory / SHARD_DIRECTORY}'; collect episodes first")
    texts = [_attributes_text(shard) for shard in shards]
    for shard, text in zip(shards, texts, strict=True):
        if text != texts[0]:
            raise DataError(
                f"'{shard}' was made with attributes {text}, '{shards[0]}' with {texts[0]}; "
                "one data set needs the same in all shards: remove the odd ones"
            )
    return json.loads(texts[0])


def _attributes_text(shard: Path) -> str:
    with _open(shard) as file:
        return str(file.attrs["attributes"])


def _unbounded_box(dimension: int) -> str:
    """Gymnasium's Box(-inf, inf, (dimension,), float32), serialised as Minari does."""
    low, high = [-np.inf] * dimension, [np.inf] * dimension
    box = {"type": "Box", "dtype": "float32", "shape": [dimension], "low": low, "high": high}
    return json.dumps(box)


def _open(path: Path) -> h5py.File:
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise DataError(f"'{path}' cannot be read as HDF5: {error}") from error
