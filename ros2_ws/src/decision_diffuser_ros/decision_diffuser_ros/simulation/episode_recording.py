"""An episode that grows while an expert is watched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import DTypeLike

Step = TypeVar("Step")


@dataclass
class EpisodeRecording(Generic[Step]):
    """States, with what the environment told beside them, and the control steps between; one state more than steps.

    Attributes:
        states: each (state_dim,).
        infos: facts about each state, by name.
        steps: what was done in each control step: a record of the caller's.
    """

    states: list[np.ndarray]
    infos: list[Mapping[str, Any]]
    steps: list[Step] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.steps)

    def add(self, step: Step, state: np.ndarray, info: Mapping[str, Any]) -> None:
        """Adds a control step and what it led to."""
        self.steps.append(step)
        self.states.append(state)
        self.infos.append(info)

    def forget_all_but(self, last: int) -> None:
        """Keeps the last so many control steps, and the states before, between and after them."""
        first = max(0, len(self.steps) - last)
        del self.states[:first], self.infos[:first], self.steps[:first]

    def of_steps(self, name: str, dtype: DTypeLike | None = None) -> np.ndarray:
        """A field of every step, (steps, ...)."""
        return np.array([getattr(step, name) for step in self.steps], dtype=dtype)

    def of_states(self, name: str, dtype: DTypeLike | None = None) -> np.ndarray:
        """A fact about every state, (steps + 1, ...)."""
        return np.array([info[name] for info in self.infos], dtype=dtype)
