"""Errors of trained networks on episodes that were not used for training."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from decision_diffuser_ros.training.denoising_task import DenoisingTask
from decision_diffuser_ros.training.training_data import TransitionBatches, WindowBatches

BATCH_SIZE = 512
BATCHES = 8


@torch.no_grad()
def noise_model_loss(network: nn.Module, task: DenoisingTask, windows: WindowBatches, *, seed: int) -> float:
    """Mean training loss over random windows and denoising steps."""
    rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    losses = [task.loss(network, task.example(windows.draw(rng, BATCH_SIZE), generator)).item() for _ in range(BATCHES)]
    return float(np.mean(losses))


@torch.no_grad()
def inverse_dynamics_error(network: nn.Module, transitions: TransitionBatches) -> float:
    """Root mean squared error of the actions, without noise on the inputs, in the actions' unit."""
    count = min(len(transitions), BATCH_SIZE * BATCHES)
    batch = transitions.gather(torch.linspace(0, len(transitions) - 1, count).long())
    error = network(batch["state"], batch["next_state"]) - batch["action"]
    return error.square().mean().sqrt().item()
