"""The demonstrations' actions, with what was observed before them: what behaviour cloning learns from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from decision_diffuser_ros.data.demonstration_set import DemonstrationSet
from decision_diffuser_ros.training.training_data import Batch


@dataclass(frozen=True)
class ActionBatches:
    """Actions with the states that were observed before them and what was asked, raw.

    Attributes:
        states: shape `(states, state_dim)`.
        actions: shape `(actions, action_dim)`.
        history_rows: rows of `states` before each action, `(actions, history)`; an episode's first one again and again
            where it had not begun.
        condition: one-hot, shape `(actions, choices)`.
        input_noise: standard deviation, normalised.
    """

    states: Tensor
    actions: Tensor
    history_rows: Tensor
    condition: Tensor
    input_noise: float

    @classmethod
    def of(cls, demonstrations: DemonstrationSet, *, history: int, choices: int, input_noise: float) -> ActionBatches:
        """All actions of a demonstration set."""
        now = demonstrations.state_of_action
        first = np.repeat(demonstrations.first_state, demonstrations.lengths)
        ages = np.arange(history - 1, -1, -1)
        condition = np.eye(choices, dtype=np.float32)[demonstrations.skills]
        return cls(
            states=torch.from_numpy(demonstrations.states),
            actions=torch.from_numpy(demonstrations.actions),
            history_rows=torch.from_numpy(np.maximum(now[:, None] - ages, first[:, None])),
            condition=torch.from_numpy(condition),
            input_noise=input_noise,
        )

    def draw(self, rng: np.random.Generator, generator: torch.Generator, batch_size: int) -> Batch:
        """A random batch, see `gather`, with `noise` for the normalised states."""
        batch = self.gather(torch.from_numpy(rng.integers(len(self.actions), size=batch_size)))
        noise = self.input_noise * torch.randn(batch["history"].shape, generator=generator)
        return {**batch, "noise": noise}

    def gather(self, chosen: Tensor) -> Batch:
        """`history` `(batch, history, state_dim)`, `condition` `(batch, choices)`, `action` `(batch, action_dim)`."""
        return {
            "history": self.states[self.history_rows[chosen]],
            "condition": self.condition[chosen],
            "action": self.actions[chosen],
        }
