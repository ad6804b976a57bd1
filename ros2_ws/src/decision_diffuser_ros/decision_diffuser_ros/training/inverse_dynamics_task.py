"""One step of learning inverse dynamics: single transitions, seen through a little noise."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from decision_diffuser_ros.training.inverse_dynamics_network import InverseDynamicsNetwork
from decision_diffuser_ros.training.training_data import Batch


class TransitionExample(NamedTuple):
    """What the network is shown, and the action it should answer with.

    Attributes:
        state: shape `(batch, state_dim)`, raw.
        next_state: shape `(batch, state_dim)`, raw.
        input_noise: shape `(batch, 2 * state_dim)`, for the normalised inputs.
        action: shape `(batch, action_dim)`, raw.
    """

    state: Tensor
    next_state: Tensor
    input_noise: Tensor
    action: Tensor


class InverseDynamicsTask:
    """Makes examples from transitions and scores the network's answers (Ajay 2023, Eq. 7).

    Args:
        input_noise: standard deviation of the noise on the normalised inputs: a plan is never quite
            a state that the robot can reach.
    """

    def __init__(self, *, input_noise: float) -> None:
        self.input_noise = input_noise

    def example(self, batch: Batch, generator: torch.Generator) -> TransitionExample:
        """An example of each transition."""
        count, state_dim = batch["state"].shape
        noise = self.input_noise * torch.randn(count, 2 * state_dim, generator=generator)
        return TransitionExample(batch["state"], batch["next_state"], noise, batch["action"])

    def loss(self, network: InverseDynamicsNetwork, example: TransitionExample) -> Tensor:
        """Mean squared error of the normalised residual."""
        residual = network.normalised_residual(example.state, example.next_state, input_noise=example.input_noise)
        return (residual - network.normalise_action(example.action, example.next_state)).square().mean()
