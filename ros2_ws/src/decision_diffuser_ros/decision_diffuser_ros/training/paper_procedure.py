"""The planning procedure of the paper, to be measured beside ours: in torch, 100 steps, two network passes a step.

Only its duration is of interest, so the networks have random weights: what a pass costs does not depend on them.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from decision_diffuser_ros.diffusion.schedule import DenoisingLevel, noise_schedule
from decision_diffuser_ros.training.hidden_layers import hidden_layers
from decision_diffuser_ros.training.temporal_unet import TemporalUNet

DENOISING_STEPS = 100
GUIDANCE_WEIGHT = 1.2
TEMPERATURE = 0.5
INVERSE_DYNAMICS_WIDTH = 512


@dataclass(frozen=True, kw_only=True)
class PaperPlanner:
    """A network to plan with, by the paper's procedure.

    Attributes:
        name: for reports.
        history: observed slots.
        plan_steps: planned slots.
        network: further arguments of `TemporalUNet`.
    """

    name: str
    history: int
    plan_steps: int
    network: dict[str, Any] = field(default_factory=dict)


OUR_NETWORK = PaperPlanner(name="our network", history=8, plan_steps=24)
PAPER_NETWORK = PaperPlanner(
    name="the paper's network",
    history=20,
    plan_steps=36,
    network={"width": 128, "multipliers": (1, 4, 8), "embedding_dim": 128, "history_width": 0},
)
"""Horizon 56, dimensions 128, 512 and 1024 (Ajay 2023, App. B; the sizes are those of its published code)."""


@dataclass(frozen=True)
class PaperTiming:
    """How long plans took.

    Attributes:
        parameters: of the noise model.
        seconds: of each plan [s].
    """

    parameters: int
    seconds: tuple[float, ...]


def time_paper_procedure(
    planner: PaperPlanner, *, state_dim: int, action_dim: int, kind_sizes: Sequence[int], plans: int, threads: int
) -> PaperTiming:
    """Plans by Algorithm 1 of the paper, after one denoising step that is not counted.

    Args:
        planner: the network.
        state_dim: numbers in a state.
        action_dim: numbers in an action.
        kind_sizes: numbers of each kind of condition.
        plans: to be measured.
        threads: of torch; restored afterwards.
    """
    network = TemporalUNet(
        state_dim, kind_sizes, history=planner.history, plan_steps=planner.plan_steps, **planner.network
    ).eval()
    inverse_dynamics = _inverse_dynamics(state_dim, action_dim)
    levels = noise_schedule("cosine", DENOISING_STEPS).levels(DENOISING_STEPS)
    threads_before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with torch.inference_mode():
            _plan(network, inverse_dynamics, levels[:1], state_dim, sum(kind_sizes), len(kind_sizes))
            seconds = []
            for _ in range(plans):
                began = time.perf_counter()
                _plan(network, inverse_dynamics, levels, state_dim, sum(kind_sizes), len(kind_sizes))
                seconds.append(time.perf_counter() - began)
    finally:
        torch.set_num_threads(threads_before)
    return PaperTiming(sum(each.numel() for each in network.parameters()), tuple(seconds))


def _plan(
    network: TemporalUNet,
    inverse_dynamics: nn.Module,
    levels: Sequence[DenoisingLevel],
    state_dim: int,
    condition_dim: int,
    condition_kinds: int,
) -> Tensor:
    """The first action of a plan (Ajay 2023, Algorithm 1), normalised."""
    horizon = network.history + network.plan_steps
    observed = torch.zeros(1, network.history, state_dim)
    mask = (torch.arange(horizon) < network.history).float()[None]
    condition, present = torch.ones(1, condition_dim), torch.ones(1, condition_kinds)
    null = torch.zeros(1, condition_kinds)
    trajectory = TEMPERATURE**0.5 * torch.randn(1, horizon, state_dim)
    for level in levels:
        trajectory[:, : network.history] = observed
        step = torch.tensor([level.denoising_step])
        unconditional = network(trajectory, mask, step, condition, null)
        conditional = network(trajectory, mask, step, condition, present)
        noise = unconditional + GUIDANCE_WEIGHT * (conditional - unconditional)
        trajectory = _ancestral_step(trajectory, noise, level)
    now, after = trajectory[:, network.history - 1], trajectory[:, network.history]
    return inverse_dynamics(torch.cat([now, after], dim=-1))


def _ancestral_step(noisy: Tensor, noise: Tensor, level: DenoisingLevel) -> Tensor:
    """One draw from the reverse process (Ho 2020, Algorithm 2), its variance scaled by the temperature."""
    a, a_after = level.alpha_cumprod, level.alpha_cumprod_after
    beta = 1.0 - a / a_after
    mean = (noisy - beta / np.sqrt(1.0 - a) * noise) / np.sqrt(1.0 - beta)
    return mean + np.sqrt(TEMPERATURE * beta * (1.0 - a_after) / (1.0 - a)) * torch.randn_like(noisy)


def _inverse_dynamics(state_dim: int, action_dim: int) -> nn.Module:
    hidden = hidden_layers(2 * state_dim, width=INVERSE_DYNAMICS_WIDTH, layers=2)
    return nn.Sequential(*hidden, nn.Linear(INVERSE_DYNAMICS_WIDTH, action_dim)).eval()
