"""Behaviour cloning's network: an MLP from observed states and a condition to the expert's action."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from decision_diffuser_ros.data.normalisation import Normaliser
from decision_diffuser_ros.training.hidden_layers import hidden_layers
from decision_diffuser_ros.training.target_residual import ResidualNetwork
from decision_diffuser_ros.training.training_data import Batch


class BehaviourCloningNetwork(ResidualNetwork):
    """An MLP from raw states to a raw action, learnt as its residual from the state now.

    Args:
        states: normaliser of states.
        residuals: normaliser of what is learnt.
        target_positions: for each action, the state entry it is a target for, or None.
        history: observed states.
        condition_dim: numbers of a condition.
        width: units of a hidden layer.
        layers: number of hidden layers.
    """

    def __init__(
        self,
        states: Normaliser,
        residuals: Normaliser,
        target_positions: Sequence[int | None],
        *,
        history: int,
        condition_dim: int,
        width: int,
        layers: int,
    ) -> None:
        super().__init__(states, residuals, target_positions)
        inputs = history * len(states.mean) + condition_dim
        hidden = hidden_layers(inputs, width=width, layers=layers, activation=nn.Mish)
        self.mlp = nn.Sequential(*hidden, nn.Linear(width, len(residuals.mean)))

    def forward(self, history: Tensor, condition: Tensor) -> Tensor:
        """Action `(batch, action_dim)` after states `(batch, history, state_dim)`, oldest first, the last one now."""
        return self.action_of(self.normalised_residual(history, condition), history[:, -1])

    def normalised_residual(self, history: Tensor, condition: Tensor, *, noise: Tensor | None = None) -> Tensor:
        """What the MLP itself puts out, `(batch, action_dim)`; `noise` is added to the normalised states."""
        normalised = self.normalise_state(history)
        shown = normalised if noise is None else normalised + noise
        return self.mlp(torch.cat([shown.flatten(1), condition], dim=-1))


def cloning_loss(network: BehaviourCloningNetwork, batch: Batch) -> Tensor:
    """Mean squared error of the normalised residual."""
    residual = network.normalised_residual(batch["history"], batch["condition"], noise=batch["noise"])
    return (residual - network.normalise_action(batch["action"], batch["history"][:, -1])).square().mean()
