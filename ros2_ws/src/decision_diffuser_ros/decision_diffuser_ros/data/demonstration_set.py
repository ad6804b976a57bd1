"""All demonstrations in memory as a few long arrays, cut at the episode boundaries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from decision_diffuser_ros.data.demonstrations import read_episodes, read_metadata
from decision_diffuser_ros.data.episode import Episode
from decision_diffuser_ros.errors import DataError


@dataclass(frozen=True)
class DemonstrationSet:
    """The episodes of a data set, concatenated.

    With T_e control steps in episode e, N = sum(T_e) and E episodes:

    Attributes:
        states: shape `(N + E, state_dim)`, float32, raw SI units.
        actions: shape `(N, action_dim)`, float32, the expert's clean targets.
        skills: shape `(N,)`, int8, the skill asked at each control step.
        lengths: shape `(E,)`, int64, control steps of each episode.
        fallen: shape `(E,)`, bool, whether the episode ended in a fall.
        extras: further arrays, concatenated in the same way: N or N + E rows.
        metadata: the data set's metadata, see `demonstrations.read_metadata`.
    """

    states: np.ndarray
    actions: np.ndarray
    skills: np.ndarray
    lengths: np.ndarray
    fallen: np.ndarray
    extras: Mapping[str, np.ndarray] = field(default_factory=dict)
    metadata: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def load(cls, directory: str | Path, *, extras: Sequence[str] = ()) -> DemonstrationSet:
        """Read a merged data set; `extras` names the extra arrays to load.

        Raises:
            DataError: when there is no data set or a named extra is not in it.
        """
        metadata = read_metadata(directory)
        return cls.from_episodes(read_episodes(directory, extras=extras), metadata=metadata)

    @classmethod
    def from_episodes(
        cls, episodes: Iterable[Episode], *, metadata: Mapping[str, object] | None = None
    ) -> DemonstrationSet:
        """Concatenate episodes that carry the same extras."""
        episodes = list(episodes)
        if not episodes:
            raise DataError("a demonstration set needs at least one episode; got none")
        return cls(
            states=np.concatenate([episode.states for episode in episodes]),
            actions=np.concatenate([episode.actions for episode in episodes]),
            skills=np.concatenate([episode.skills for episode in episodes]),
            lengths=np.array([len(episode) for episode in episodes], dtype=np.int64),
            fallen=np.array([bool(episode.attributes.get("fallen", False)) for episode in episodes]),
            extras={
                name: np.concatenate([episode.extras[name] for episode in episodes]) for name in episodes[0].extras
            },
            metadata=dict(metadata or {}),
        )

    def select(self, first: int, last: int) -> DemonstrationSet:
        """The episodes `first` to `last - 1`; the arrays are views."""
        actions = slice(int(self.lengths[:first].sum()), int(self.lengths[:last].sum()))
        states = slice(actions.start + first, actions.stop + last)
        return DemonstrationSet(
            states=self.states[states],
            actions=self.actions[actions],
            skills=self.skills[actions],
            lengths=self.lengths[first:last],
            fallen=self.fallen[first:last],
            extras={
                name: value[states if len(value) == len(self.states) else actions]
                for name, value in self.extras.items()
            },
            metadata=self.metadata,
        )

    @property
    def first_action(self) -> np.ndarray:
        """Row of each episode's first action in `actions` and `skills`, shape `(E,)`."""
        return np.cumsum(self.lengths) - self.lengths

    @property
    def first_state(self) -> np.ndarray:
        """Row of each episode's first state in `states`, shape `(E,)`."""
        return self.first_action + np.arange(len(self.lengths))

    @property
    def state_of_action(self) -> np.ndarray:
        """Row in `states` of the state in which each action was taken, shape `(N,)`."""
        return np.arange(len(self.actions)) + np.repeat(np.arange(len(self.lengths)), self.lengths)
