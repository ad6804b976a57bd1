"""Behaviour cloning's network: an MLP from observed states and a condition to the expert's action."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from decision_diffuser_ros.data.normalisation import Normaliser
from decision_diffuser_ros.training.inverse_dynamics_network import selection_matrix
from decision_diffuser_ros.training.training_data import Batch


class BehaviourCloningNetwork(nn.Module):
    """An MLP from raw states to a raw action, with the normalisers inside.

    As in the inverse dynamics, a target is learnt as its distance from the entry it is a target for, here in the
    state now.

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
        super().__init__()
        for name, normaliser in (("state", states), ("residual", residuals)):
            self.register_buffer(f"{name}_mean", torch.from_numpy(normaliser.mean.copy()))
            self.register_buffer(f"{name}_std", torch.from_numpy(normaliser.std.copy()))
        selection = selection_matrix(target_positions, len(states.mean))
        self.register_buffer("target_selection", torch.from_numpy(selection))
        sizes = [history * len(states.mean) + condition_dim, *[width] * layers]
        hidden = [
            module
            for inputs, outputs in itertools.pairwise(sizes)
            for module in (nn.Linear(inputs, outputs), nn.Mish())
        ]
        self.mlp = nn.Sequential(*hidden, nn.Linear(width, len(residuals.mean)))

    def forward(self, history: Tensor, condition: Tensor) -> Tensor:
        """Action `(batch, action_dim)` after states `(batch, history, state_dim)`, oldest first, the last one now."""
        residual = self.normalised_residual(history, condition)
        return history[:, -1] @ self.target_selection + residual * self.residual_std + self.residual_mean

    def normalised_residual(self, history: Tensor, condition: Tensor, *, noise: Tensor | None = None) -> Tensor:
        """What the MLP itself puts out, `(batch, action_dim)`; `noise` is added to the normalised states."""
        normalised = (history - self.state_mean) / self.state_std
        shown = normalised if noise is None else normalised + noise
        return self.mlp(torch.cat([shown.flatten(1), condition], dim=-1))


def cloning_loss(network: BehaviourCloningNetwork, batch: Batch) -> Tensor:
    """Mean squared error of the normalised residual."""
    residual = network.normalised_residual(batch["history"], batch["condition"], noise=batch["noise"])
    distance = batch["action"] - batch["history"][:, -1] @ network.target_selection
    return (residual - (distance - network.residual_mean) / network.residual_std).square().mean()
