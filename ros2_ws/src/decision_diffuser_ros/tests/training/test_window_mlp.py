"""The MLP for small windows is asked and exported as the U-Net is, and sees all of the window."""

from __future__ import annotations

import pytest
import torch

from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.training.configuration import TrainingConfiguration
from decision_diffuser_ros.training.export import export_bundle
from decision_diffuser_ros.training.training_record import TrainingRecord
from decision_diffuser_ros.training.weights import save_weights
from decision_diffuser_ros.training.window_mlp import WindowMLP
from tests.training.toy import CONFIGURATION, toy_demonstrations

HORIZON, STATE_DIM = 7, 2


@pytest.fixture
def network() -> WindowMLP:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return WindowMLP(STATE_DIM, [2, 1], horizon=HORIZON, width=16, embedding_dim=8)


@pytest.fixture
def inputs() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {
        "trajectory": torch.randn(3, HORIZON, STATE_DIM, generator=generator),
        "observation_mask": torch.tensor([-1.0, 1.0, *[0.0] * (HORIZON - 2)]).repeat(3, 1),
        "denoising_step": torch.tensor([0, 5, 9]),
        "condition": torch.rand(3, 3, generator=generator),
        "condition_present": torch.tensor([[1.0, 1.0], [1.0, 0.0], [0.0, 0.0]]),
    }


def test_every_number_of_the_window_reaches_every_answer(network, inputs):
    def answer(trajectory: torch.Tensor) -> torch.Tensor:
        return network(**{**inputs, "trajectory": trajectory})[0].flatten()

    jacobian = torch.autograd.functional.jacobian(answer, inputs["trajectory"])[:, 0].flatten(1)
    assert jacobian.shape == (HORIZON * STATE_DIM, HORIZON * STATE_DIM)
    assert (jacobian != 0.0).all()


@pytest.mark.parametrize("name", ["observation_mask", "denoising_step", "condition", "condition_present"])
def test_the_answer_depends_on_every_input(network, inputs, name):
    changed = {**inputs, name: inputs[name] + 1}
    assert not torch.allclose(network(**inputs), network(**changed))


def test_a_kind_that_is_absent_does_not_count(network, inputs):
    changed = {**inputs, "condition": inputs["condition"] + torch.tensor([[0.0], [0.0], [1.0]])}
    torch.testing.assert_close(network(**inputs), network(**changed))
    changed = {**inputs, "condition": inputs["condition"] + torch.tensor([[0.0], [1.0], [0.0]])}
    assert not torch.allclose(network(**inputs)[1], network(**changed)[1])


def test_it_is_configured_and_exported_as_the_unet_is(tmp_path):
    value = CONFIGURATION.to_json()
    value["network"] = {"architecture": "window_mlp", "width": 16, "embedding_dim": 8}
    value["data"]["plan_steps"] = 11  # an odd window, which the U-Net would refuse
    configuration = TrainingConfiguration.from_json(value, where="test")
    record = TrainingRecord.of(toy_demonstrations(), configuration=configuration, seed=5, provenance={})
    noise_model = record.build_noise_model()
    assert isinstance(noise_model, WindowMLP)
    record.write(tmp_path)
    save_weights(noise_model, tmp_path, "noise_model", training_steps=1)
    save_weights(record.build_inverse_dynamics(), tmp_path, "inverse_dynamics", training_steps=1)
    manifest = export_bundle(tmp_path, tmp_path / "bundle")
    assert Bundle.load(tmp_path / "bundle").manifest == manifest
    assert manifest.horizon == 15
