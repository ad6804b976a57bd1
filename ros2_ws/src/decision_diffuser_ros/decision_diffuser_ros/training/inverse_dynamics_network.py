"""Inverse dynamics: which action leads from one state to the next (Ajay 2023, Eq. 7)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from decision_diffuser_ros.data.normalisation import Normaliser
from decision_diffuser_ros.training.hidden_layers import hidden_layers
from decision_diffuser_ros.training.target_residual import ResidualNetwork


class InverseDynamicsNetwork(ResidualNetwork):
    """An MLP from two raw states to the raw action between them, learnt as its residual from the next state.

    Args:
        states: normaliser of states.
        residuals: normaliser of what is learnt.
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
        super().__init__(states, residuals, target_positions)
        hidden = hidden_layers(2 * len(states.mean), width=width, layers=layers)
        self.mlp = nn.Sequential(*hidden, nn.Linear(width, len(residuals.mean)))

    def forward(self, state: Tensor, next_state: Tensor) -> Tensor:
        """Action `(batch, action_dim)` between states `(batch, state_dim)`; raw SI units throughout."""
        return self.action_of(self.normalised_residual(state, next_state), next_state)

    def normalised_residual(self, state: Tensor, next_state: Tensor, *, input_noise: Tensor | None = None) -> Tensor:
        """What the MLP itself puts out, `(batch, action_dim)`.

        Args:
            state: shape `(batch, state_dim)`, raw.
            next_state: shape `(batch, state_dim)`, raw.
            input_noise: added to the normalised inputs, shape `(batch, 2 * state_dim)`.
        """
        inputs = torch.cat([self.normalise_state(state), self.normalise_state(next_state)], dim=-1)
        return self.mlp(inputs if input_noise is None else inputs + input_noise)
