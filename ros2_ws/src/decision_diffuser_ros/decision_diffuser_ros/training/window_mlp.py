"""A noise model for small windows: an MLP that sees all of the window at once.

The temporal U-Net (`temporal_unet`) passes on from slot to slot what it knows; it is made for robots with many numbers
in a state. Where a whole window is only a hundred numbers, as in the paper's 2-D example, fully connected layers reach
the same loss with a fraction of the training. Denoising step and conditions scale and shift each hidden layer (Perez
2018, FiLM), and say of each number how much of the noisy one to keep: both must change with the noise.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from decision_diffuser_ros.training.temporal_unet import ConditionEmbedding, StepEmbedding

HIDDEN_LAYERS = 3


class WindowMLP(nn.Module):
    """Predicts the clean window, or its noise, from a noisy one; called as `TemporalUNet` is.

    Args:
        state_dim: numbers in a state.
        kind_sizes: numbers of each kind of condition, in the order of the condition vector.
        horizon: slots of a window, observed and planned.
        width: units of a hidden layer.
        embedding_dim: of each embedding, of the denoising step and of each kind.
    """

    def __init__(
        self, state_dim: int, kind_sizes: Sequence[int], *, horizon: int, width: int = 128, embedding_dim: int = 32
    ) -> None:
        super().__init__()
        self.horizon, self.state_dim = horizon, state_dim
        self.step_embedding = StepEmbedding(embedding_dim)
        self.condition_embedding = ConditionEmbedding(kind_sizes, embedding_dim)
        embedding = embedding_dim * (1 + len(kind_sizes))
        sizes = [horizon * (state_dim + 1), *[width] * HIDDEN_LAYERS]
        self.layers = nn.ModuleList(nn.Linear(inputs, outputs) for inputs, outputs in itertools.pairwise(sizes))
        self.modulations = nn.ModuleList(nn.Linear(embedding, 2 * width) for _ in range(HIDDEN_LAYERS))
        self.head = nn.Linear(width, horizon * state_dim)
        self.kept_share = nn.Linear(embedding, horizon * state_dim)

    def forward(
        self,
        trajectory: Tensor,
        observation_mask: Tensor,
        denoising_step: Tensor,
        condition: Tensor,
        condition_present: Tensor,
    ) -> Tensor:
        """Prediction `(batch, horizon, state_dim)`, normalised; arguments as those of `TemporalUNet.forward`."""
        embeddings = [self.step_embedding(denoising_step), self.condition_embedding(condition, condition_present)]
        embedding = silu(torch.cat(embeddings, dim=-1))
        values = torch.cat([trajectory.flatten(1), observation_mask], dim=-1)
        for layer, modulation in zip(self.layers, self.modulations, strict=True):
            scale, shift = modulation(embedding).chunk(2, dim=-1)
            values = silu(layer(values) * (1.0 + scale) + shift)
        kept = self.kept_share(embedding) * trajectory.flatten(1)
        return (self.head(values) + kept).unflatten(1, (self.horizon, self.state_dim))
