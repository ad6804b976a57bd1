"""Actions that are position targets, as distances from where the joints are.

Targets run ahead of the positions that follow; a network learns only by how much: the residual from a state's own
entry, where there is one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from decision_diffuser_ros.data.normalisation import Normaliser


class ResidualNetwork(nn.Module):
    """A network from raw states to raw actions that learns normalised residuals, with the normalisers inside.

    Args:
        states: normaliser of states.
        residuals: normaliser of `residual_of(...)`.
        target_positions: for each action, the state entry it is a target for, or None.
    """

    def __init__(self, states: Normaliser, residuals: Normaliser, target_positions: Sequence[int | None]) -> None:
        super().__init__()
        for name, normaliser in (("state", states), ("residual", residuals)):
            self.register_buffer(f"{name}_mean", torch.from_numpy(normaliser.mean.copy()))
            self.register_buffer(f"{name}_std", torch.from_numpy(normaliser.std.copy()))
        selection = selection_matrix(target_positions, len(states.mean))
        self.register_buffer("target_selection", torch.from_numpy(selection))

    def normalise_state(self, state: Tensor) -> Tensor:
        """States `(..., state_dim)` as the network sees them."""
        return (state - self.state_mean) / self.state_std

    def action_of(self, residual: Tensor, state: Tensor) -> Tensor:
        """The action `(batch, action_dim)` at a normalised residual from a state `(batch, state_dim)`; both raw."""
        return state @ self.target_selection + residual * self.residual_std + self.residual_mean

    def normalise_action(self, action: Tensor, state: Tensor) -> Tensor:
        """The normalised residual `(batch, action_dim)` of an action from a state `(batch, state_dim)`."""
        return (action - state @ self.target_selection - self.residual_mean) / self.residual_std


def selection_matrix(target_positions: Sequence[int | None], state_dim: int) -> np.ndarray:
    """0/1 matrix `(state_dim, action_dim)` that picks each action's own entry from a state."""
    matrix = np.zeros((state_dim, len(target_positions)), dtype=np.float32)
    for action, position in enumerate(target_positions):
        if position is not None:
            matrix[position, action] = 1.0
    return matrix


def residual_of(actions: np.ndarray, states: np.ndarray, target_positions: Sequence[int | None]) -> np.ndarray:
    """How far actions `(count, action_dim)` lie from the entries of states that they are targets for."""
    return actions - states @ selection_matrix(target_positions, states.shape[1])
