"""The gait classifier's network: a multi-layer perceptron on a window of joint states, as in Ajay 2023, App. I."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from decision_diffuser_ros.data.normalisation import Normaliser
from decision_diffuser_ros.training.gait_classifier_windows import Batch
from decision_diffuser_ros.training.hidden_layers import hidden_layers


class GaitClassifierNetwork(nn.Module):
    """An MLP on a window of raw joint states; the normaliser is inside."""

    def __init__(
        self, normaliser: Normaliser, *, window_steps: int, gait_count: int, width: int = 128, layers: int = 3
    ) -> None:
        super().__init__()
        self.register_buffer("mean", torch.from_numpy(normaliser.mean))
        self.register_buffer("std", torch.from_numpy(normaliser.std))
        hidden = hidden_layers(window_steps * len(normaliser.mean), width=width, layers=layers)
        self.mlp = nn.Sequential(nn.Flatten(), *hidden, nn.Linear(width, gait_count))

    def forward(self, joint_states: Tensor) -> Tensor:
        """Logarithms of the gaits' odds `(batch, gaits)` from joint states `(batch, window_steps, inputs)`, raw."""
        return self.mlp((joint_states - self.mean) / self.std)


class GaitProbabilities(nn.Module):
    """What is exported: the network with its answers as probabilities."""

    def __init__(self, network: GaitClassifierNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, joint_states: Tensor) -> Tensor:
        """Probabilities `(batch, gaits)` from joint states `(batch, window_steps, inputs)`, raw."""
        return self.network(joint_states).softmax(dim=1)


def classifier_loss(network: nn.Module, batch: Batch) -> Tensor:
    """Cross-entropy against the gaits' shares."""
    return nn.functional.cross_entropy(network(batch["joint_states"]), batch["gait_share"])
