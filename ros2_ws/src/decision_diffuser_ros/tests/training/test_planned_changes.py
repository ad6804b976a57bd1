"""Planned states as changes from now: what an answer means, and what an error costs."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from decision_diffuser_ros.training.configuration import DiffusionConfiguration
from decision_diffuser_ros.training.denoising_task import DenoisingTask
from decision_diffuser_ros.training.planned_changes import PlannedChanges, usual_change

HISTORY, PLAN, STATE_DIM = 2, 3, 2


class Constant(nn.Module):
    def __init__(self, answer: float) -> None:
        super().__init__()
        self.answer = answer

    def forward(self, trajectory, *others):
        return torch.full_like(trajectory, self.answer)


def windows(count: int = 4) -> torch.Tensor:
    return torch.randn(count, HISTORY + PLAN, STATE_DIM, generator=torch.Generator().manual_seed(0))


def predict(answer: float, scale: torch.Tensor, trajectory: torch.Tensor) -> torch.Tensor:
    network = PlannedChanges(Constant(answer), history=HISTORY, plan_steps=PLAN, state_dim=STATE_DIM)
    network.change_scale.copy_(scale)
    return network(trajectory, *[torch.zeros(len(trajectory), 1)] * 4)


def test_an_answer_of_zero_means_that_nothing_moves():
    trajectory = windows()
    planned = predict(0.0, torch.ones(PLAN, STATE_DIM), trajectory)[:, HISTORY:]
    torch.testing.assert_close(planned, trajectory[:, 1:2].expand(-1, PLAN, -1))


def test_an_answer_of_one_is_the_usual_change_of_each_slot_and_entry():
    scale = torch.tensor([[0.1, 1.0], [0.2, 2.0], [0.3, 3.0]])
    trajectory = windows()
    planned = predict(1.0, scale, trajectory)[:, HISTORY:]
    torch.testing.assert_close(planned - trajectory[:, 1:2], scale.expand(len(trajectory), -1, -1))


def test_the_usual_change_is_a_root_mean_square_with_a_floor():
    given = torch.zeros(2, HISTORY + PLAN, STATE_DIM)
    given[:, 1] = 5.0
    given[0, 2:, 0], given[1, 2:, 0] = 5.0 + 3.0, 5.0 + 4.0
    given[:, 2:, 1] = 5.0
    scale = usual_change(given, history=HISTORY, floor=0.01)
    assert scale[:, 0].tolist() == pytest.approx([12.5**0.5] * PLAN)
    assert scale[:, 1].tolist() == pytest.approx([0.01] * PLAN)


def test_the_loss_counts_errors_in_units_of_the_usual_change():
    configuration = DiffusionConfiguration(denoising_steps=4, history_length_weights=(1.0, 1.0), first_states=0)
    scale = torch.full((PLAN, STATE_DIM), 0.1)
    batch = {
        "trajectory": windows(),
        "available_history": torch.full((4,), HISTORY),
        "condition": torch.zeros(4, 1),
    }
    losses = []
    for error_scale in (None, scale):
        task = DenoisingTask(configuration, history=HISTORY, plan_steps=PLAN, kind_count=1, error_scale=error_scale)
        example = task.example(batch, torch.Generator().manual_seed(0))
        losses.append(task.loss(lambda **_: torch.zeros(()), example).item())
    assert losses[1] == pytest.approx(losses[0] / 0.01, rel=1e-4)
