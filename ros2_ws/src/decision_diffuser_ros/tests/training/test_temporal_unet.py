"""The temporal U-Net: shapes, what it may see, and the skip that noise prediction needs."""

from __future__ import annotations

import pytest
import torch

from decision_diffuser_ros.training.temporal_unet import TemporalUNet

BATCH, HORIZON, STATE_DIM = 3, 16, 4
HISTORY = 4
SMALL = {
    "width": 16,
    "multipliers": (1, 2),
    "kernel_size": 3,
    "embedding_dim": 16,
    "history": HISTORY,
    "plan_steps": HORIZON - HISTORY,
    "history_width": 32,
}


def make_inputs(generator: torch.Generator) -> dict[str, torch.Tensor]:
    mask = torch.zeros(BATCH, HORIZON)
    mask[:, :2], mask[:, 2:4] = -1.0, 1.0
    return {
        "trajectory": torch.randn(BATCH, HORIZON, STATE_DIM, generator=generator),
        "observation_mask": mask,
        "denoising_step": torch.tensor([0, 5, 19]),
        "condition": torch.rand(BATCH, 3, generator=generator),
        "condition_present": torch.ones(BATCH, 2),
    }


@pytest.fixture
def network() -> TemporalUNet:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return TemporalUNet(STATE_DIM, [2, 1], **SMALL)


@pytest.fixture
def inputs() -> dict[str, torch.Tensor]:
    return make_inputs(torch.Generator().manual_seed(1))


def test_the_prediction_has_the_shape_of_the_trajectory(network, inputs):
    assert network(**inputs).shape == (BATCH, HORIZON, STATE_DIM)


def test_the_default_size_is_what_a_robot_computer_can_afford():
    def count(**options) -> int:
        return sum(parameter.numel() for parameter in TemporalUNet(30, [3, 1], **options).parameters())

    assert 1.0e6 < count(history_width=0) < 1.3e6
    assert 0.7e6 < count(history_width=0, kernel_size=3) < 0.9e6
    assert 1.9e6 < count() < 2.2e6


@pytest.mark.parametrize("kind, columns", [(0, slice(0, 2)), (1, slice(2, 3))])
def test_the_value_of_an_absent_kind_does_not_matter_and_that_of_a_present_one_does(network, inputs, kind, columns):
    inputs["condition_present"][:, kind] = 0.0
    before = network(**inputs)
    inputs["condition"][:, columns] += 1.0
    torch.testing.assert_close(network(**inputs), before)
    inputs["condition_present"][:, kind] = 1.0
    assert (network(**inputs) - before).abs().max() > 1e-4


@pytest.mark.parametrize("values", [1.0, 0.0, -1.0])
def test_observed_future_and_missing_rows_are_told_apart(network, inputs, values):
    before = network(**inputs)
    other = inputs["observation_mask"].clone()
    other[:, 8] = values
    changed = (network(**{**inputs, "observation_mask": other}) - before).abs().max()
    assert (changed > 1e-4) == (values != 0.0)


def test_the_denoising_step_matters(network, inputs):
    before = network(**inputs)
    assert (network(**{**inputs, "denoising_step": torch.tensor([1, 5, 19])}) - before)[0].abs().max() > 1e-4


def test_the_path_from_observed_to_planned_states_sees_observed_states_only(network, inputs):
    """Missing and noisy rows leave it as it is; the observed ones, its only input, do not."""
    seen = []
    network.history_to_plan.register_forward_pre_hook(lambda module, arguments: seen.append(arguments[0]))
    trajectory = inputs["trajectory"].clone()
    for rows, matters in ((slice(0, 2), False), (slice(HISTORY, None), False), (slice(2, 4), True)):
        network(**inputs)
        changed = trajectory.clone()
        changed[:, rows] += 1.0
        network(**{**inputs, "trajectory": changed})
        assert torch.equal(seen[-1], seen[-2]) != matters


def test_the_path_from_observed_to_planned_states_leaves_observed_rows_alone(network, inputs):
    before = network(**inputs)
    torch.nn.init.constant_(network.history_to_plan[-1].bias, 3.0)
    after = network(**inputs)
    torch.testing.assert_close(after[:, :HISTORY], before[:, :HISTORY])
    assert ((after - before)[:, HISTORY:] > 2.0).all()


def test_the_noise_of_the_noisiest_step_is_learnt():
    """There the input is the noise, and it must not have to pass the bottleneck.

    The reference code's U-Net leaves its outermost skip unused and has no path from input to output: its loss
    stays where the last line finds it. Either of the two ways is enough.
    """
    assert noise_loss_after_training(without={"input_to_output"}) < 0.3
    assert noise_loss_after_training(without={"outermost_skip"}) < 0.3
    assert noise_loss_after_training(without={"input_to_output", "outermost_skip"}) > 0.6


def noise_loss_after_training(*, without: set[str], width: int = 16, state_dim: int = 12) -> float:
    """Mean loss at the end of a short training at the noisiest step, with parts of the network cut out."""
    generator = torch.Generator().manual_seed(0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = TemporalUNet(state_dim, [1], **{**SMALL, "width": width, "history_width": 0})
    if "input_to_output" in without:
        network.input_to_output.register_forward_hook(lambda module, inputs, output: torch.zeros_like(output))
    if "outermost_skip" in without:
        network.up[-1][0].register_forward_pre_hook(
            lambda module, inputs: (torch.cat([inputs[0][:, :-width], 0 * inputs[0][:, -width:]], 1), inputs[1])
        )
    optimiser = torch.optim.Adam(network.parameters(), 5e-3)
    fixed = (torch.zeros(8, HORIZON), torch.full((8,), 19), torch.zeros(8, 1), torch.zeros(8, 1))
    losses = []
    for _ in range(150):
        noise = torch.randn(8, HORIZON, state_dim, generator=generator)
        loss = (network(noise, *fixed) - noise).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return sum(losses[-20:]) / 20
