"""Inverse dynamics: which action leads from one state to the next (Ajay 2023, Eq. 7)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from decision_diffuser_ros.data.normalisation import Normaliser


class InverseDynamicsNetwork(nn.Module):
    """An MLP from raw states to raw actions, with the normalisers inside.

    Actions are position targets, and targets run ahead of the positions that follow; the network
    learns only by how much: the residual from the next state's own entry, where there is one.

    Args:
        states: normaliser of states.
        residuals: normaliser of `residual_of(...)`.
        target_positions: for each action, the state entry it is a target for, or None.
        width: units of a hidden layer.
        layers: number of hidden layers.
    """

    def __init__(
        self,
        states: Normaliser,
        residuals: Normaliser,
        target_positions: Sequence[int | None],
        *,
        width: int = 384,
        layers: int = 2,
    ) -> None:
        super().__init__()
        state_dim, action_dim = len(states.mean), len(residuals.mean)
        for name, normaliser in (("state", states), ("residual", residuals)):
            self.register_buffer(f"{name}_mean", torch.from_numpy(normaliser.mean.copy()))
            self.register_buffer(f"{name}_std", torch.from_numpy(normaliser.std.copy()))
        selection = selection_matrix(target_positions, state_dim)
        self.register_buffer("target_selection", torch.from_numpy(selection))
        sizes = [2 * state_dim, *[width] * layers]
        hidden = [
            module
            for inputs, outputs in itertools.pairwise(sizes)
            for module in (nn.Linear(inputs, outputs), nn.ReLU())
        ]
        self.mlp = nn.Sequential(*hidden, nn.Linear(sizes[-1], action_dim))

    def forward(self, state: Tensor, next_state: Tensor) -> Tensor:
        """Action `(batch, action_dim)` between states `(batch, state_dim)`; raw SI units throughout."""
        residual = self.normalised_residual(state, next_state)
        return next_state @ self.target_selection + residual * self.residual_std + self.residual_mean

    def normalised_residual(
        self, state: Tensor, next_state: Tensor, *, input_noise: Tensor | None = None
    ) -> Tensor:
        """What the MLP itself puts out, `(batch, action_dim)`.

        Args:
            state: shape `(batch, state_dim)`, raw.
            next_state: shape `(batch, state_dim)`, raw.
            input_noise: added to the normalised inputs, shape `(batch, 2 * state_dim)`.
        """
        normalised = [(values - self.state_mean) / self.state_std for values in (state, next_state)]
        inputs = torch.cat(normalised, dim=-1)
        return self.mlp(inputs if input_noise is None else inputs + input_noise)

    def normalise_action(self, action: Tensor, next_state: Tensor) -> Tensor:
        """The residual `(batch, action_dim)` that the MLP should put out for an action."""
        return (action - next_state @ self.target_selection - self.residual_mean) / self.residual_std


def selection_matrix(target_positions: Sequence[int | None], state_dim: int) -> np.ndarray:
    """0/1 matrix `(state_dim, action_dim)` that picks each action's own entry from a state."""
    matrix = np.zeros((state_dim, len(target_positions)), dtype=np.float32)
    for action, position in enumerate(target_positions):
        if position is not None:
            matrix[position, action] = 1.0
    return matrix


def residual_of(
    actions: np.ndarray, next_states: np.ndarray, target_positions: Sequence[int | None]
) -> np.ndarray:
    """How far actions `(count, action_dim)` lie from the entries of the next states they are targets for."""
    return actions - next_states @ selection_matrix(target_positions, next_states.shape[1])
