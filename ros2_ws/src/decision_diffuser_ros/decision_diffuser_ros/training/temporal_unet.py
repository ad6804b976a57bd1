"""The noise model: a temporal U-Net over a window of states.

After Janner 2022 and Ajay 2023, App. B: residual blocks of two temporal convolutions with group norm and
Mish; embeddings of denoising step and conditions, concatenated, added after the first convolution.
Three things differ, all because the networks are of a size that a robot computer can afford. For noise prediction,
the outermost skip is connected, and a linear path leads from input to output: the noise of a window need not squeeze
through the bottleneck. For the prediction of clean windows, an MLP leads from the observed states straight to the
planned ones: what follows from the history alone need not be passed on from slot to slot by convolutions, and the
U-Net is left with what depends on the noisy window. The MLP may be shown more than the states: features of them that
are hard to learn, and the noisy plan, where it is the noise that chooses between ways on which all must be exact.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from decision_diffuser_ros.training.hidden_layers import hidden_layers

GROUPS = 8
MASK_CHANNELS = 3  # observed, future, missing


class StepEmbedding(nn.Module):
    """Sinusoids of the denoising step, then a two-layer MLP."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        half = dim // 2
        frequencies = torch.exp(-math.log(10_000.0) * torch.arange(half) / (half - 1))
        self.register_buffer("frequencies", frequencies, persistent=False)
        self.mlp = _mlp(dim, dim)

    def forward(self, denoising_step: Tensor) -> Tensor:
        """Embedding `(batch, dim)` of steps `(batch,)`."""
        angles = denoising_step.to(self.frequencies.dtype)[:, None] * self.frequencies
        return self.mlp(torch.cat([angles.sin(), angles.cos()], dim=-1))


class ConditionEmbedding(nn.Module):
    """One MLP for each kind of condition; the embedding of an absent kind is zero.

    All kinds absent is the null condition (Ajay 2023, Sec. 3.2).
    """

    def __init__(self, kind_sizes: Sequence[int], dim: int) -> None:
        super().__init__()
        self.kind_sizes = list(kind_sizes)
        self.mlps = nn.ModuleList(_mlp(size, dim) for size in kind_sizes)

    def forward(self, condition: Tensor, condition_present: Tensor) -> Tensor:
        """Embedding `(batch, kinds * dim)`.

        Args:
            condition: shape `(batch, condition_dim)`, the kinds one after the other.
            condition_present: shape `(batch, kinds)`, 1 or 0.
        """
        parts = condition.split(self.kind_sizes, dim=-1)
        embedded = [
            mlp(part) * condition_present[:, kind : kind + 1]
            for kind, (mlp, part) in enumerate(zip(self.mlps, parts, strict=True))
        ]
        return torch.cat(embedded, dim=-1)


class ResidualBlock(nn.Module):
    """Two temporal convolutions with an embedding added between them."""

    def __init__(self, in_channels: int, out_channels: int, embedding_dim: int, kernel_size: int) -> None:
        super().__init__()
        self.first = _convolution(in_channels, out_channels, kernel_size)
        self.second = _convolution(out_channels, out_channels, kernel_size)
        self.embedding = nn.Sequential(nn.Mish(), nn.Linear(embedding_dim, out_channels))
        self.residual = nn.Identity() if in_channels == out_channels else nn.Conv1d(in_channels, out_channels, 1)

    def forward(self, values: Tensor, embedding: Tensor) -> Tensor:
        """Values `(batch, in_channels, time)` to `(batch, out_channels, time)`."""
        hidden = self.first(values) + self.embedding(embedding)[:, :, None]
        return self.second(hidden) + self.residual(values)


class TemporalUNet(nn.Module):
    """Prediction of the clean window, or of its noise, from a noisy one.

    Args:
        state_dim: numbers in a state.
        kind_sizes: numbers of each kind of condition, in the order of the condition vector.
        width: channels at full resolution.
        multipliers: channels at each resolution, as multiples of `width`; each halves the time axis.
        kernel_size: of the temporal convolutions, odd.
        embedding_dim: of the denoising step and of each kind of condition.
        history: observed slots, the first ones of a window.
        plan_steps: planned slots, the others.
        history_width: units of the two hidden layers between observed and planned states; 0 for no such path.
    """

    def __init__(
        self,
        state_dim: int,
        kind_sizes: Sequence[int],
        *,
        history: int = 8,
        plan_steps: int = 24,
        history_width: int = 512,
        width: int = 32,
        multipliers: Sequence[int] = (1, 2, 4),
        kernel_size: int = 5,
        embedding_dim: int = 64,
    ) -> None:
        super().__init__()
        self.step_embedding = StepEmbedding(embedding_dim)
        self.condition_embedding = ConditionEmbedding(kind_sizes, embedding_dim)
        embedding = embedding_dim * (1 + len(kind_sizes))
        in_channels = state_dim + MASK_CHANNELS
        channels = [width * multiplier for multiplier in multipliers]

        def block(inputs: int, outputs: int) -> ResidualBlock:
            return ResidualBlock(inputs, outputs, embedding, kernel_size)

        self.down = nn.ModuleList(
            nn.ModuleList([block(inputs, outputs), block(outputs, outputs)])
            for inputs, outputs in itertools.pairwise([in_channels, *channels])
        )
        self.shrink = nn.ModuleList(nn.Conv1d(size, size, 3, stride=2, padding=1) for size in channels[:-1])
        self.middle = nn.ModuleList(block(channels[-1], channels[-1]) for _ in range(2))
        self.up = nn.ModuleList(
            nn.ModuleList([block(2 * inputs, outputs), block(outputs, outputs)])
            for inputs, outputs in itertools.pairwise([*channels[::-1], channels[0]])
        )
        self.grow = nn.ModuleList(nn.ConvTranspose1d(size, size, 4, stride=2, padding=1) for size in channels[-2::-1])
        self.head = nn.Sequential(
            _convolution(channels[0], channels[0], kernel_size), nn.Conv1d(channels[0], state_dim, 1)
        )
        self.input_to_output = nn.Conv1d(in_channels, state_dim, 1)
        self.history, self.plan_steps, self.state_dim = history, plan_steps, state_dim
        seen = history * (state_dim + 1)
        self.history_to_plan: nn.Sequential | None = None
        if history_width:
            hidden = hidden_layers(seen + embedding, width=history_width, layers=2, activation=nn.Mish)
            self.history_to_plan = nn.Sequential(*hidden, nn.Linear(history_width, plan_steps * state_dim))

    def forward(
        self,
        trajectory: Tensor,
        observation_mask: Tensor,
        denoising_step: Tensor,
        condition: Tensor,
        condition_present: Tensor,
    ) -> Tensor:
        """Prediction `(batch, horizon, state_dim)`, normalised.

        Args:
            trajectory: shape `(batch, horizon, state_dim)`, normalised; observed rows are clean,
                future rows noisy, missing rows zero.
            observation_mask: shape `(batch, horizon)`: 1 observed, 0 future, -1 missing.
            denoising_step: shape `(batch,)`, integers.
            condition: shape `(batch, condition_dim)`.
            condition_present: shape `(batch, kinds)`, 1 or 0.
        """
        embedding = torch.cat(
            [
                self.step_embedding(denoising_step),
                self.condition_embedding(condition, condition_present),
            ],
            dim=-1,
        )
        mask = observation_mask[..., None]
        channels = [trajectory, mask.clamp(min=0.0), 1.0 - mask.abs(), (-mask).clamp(min=0.0)]
        inputs = torch.cat(channels, dim=-1).transpose(1, 2)  # (batch, channels, horizon)

        values, skips = inputs, []
        for level, (first, second) in enumerate(self.down):
            values = second(first(values, embedding), embedding)
            skips.append(values)
            if level < len(self.shrink):
                values = self.shrink[level](values)
        for block in self.middle:
            values = block(values, embedding)
        for level, (first, second) in enumerate(self.up):
            values = torch.cat([values, skips.pop()], dim=1)
            values = second(first(values, embedding), embedding)
            if level < len(self.grow):
                values = self.grow[level](values)
        prediction = (self.head(values) + self.input_to_output(inputs)).transpose(1, 2)
        if self.history_to_plan is None:
            return prediction
        seen = torch.cat([self._observed_history(trajectory, observation_mask), embedding], dim=-1)
        plan = self.history_to_plan(seen)
        rows = plan.unflatten(1, (self.plan_steps, self.state_dim))
        return prediction + nn.functional.pad(rows, (0, 0, self.history, 0))

    def _observed_history(self, trajectory: Tensor, observation_mask: Tensor) -> Tensor:
        """The observed states, and which of them there are, `(batch, ...)`; others are zero."""
        is_observed = observation_mask[:, : self.history].clamp(min=0.0)
        observed = trajectory[:, : self.history] * is_observed[..., None]
        return torch.cat([observed.flatten(1), is_observed], dim=-1)


def _convolution(in_channels: int, out_channels: int, kernel_size: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv1d(in_channels, out_channels, kernel_size, padding=kernel_size // 2),
        nn.GroupNorm(GROUPS, out_channels),
        nn.Mish(),
    )


def _mlp(in_features: int, out_features: int) -> nn.Sequential:
    hidden = 2 * out_features
    return nn.Sequential(nn.Linear(in_features, hidden), nn.Mish(), nn.Linear(hidden, out_features))
