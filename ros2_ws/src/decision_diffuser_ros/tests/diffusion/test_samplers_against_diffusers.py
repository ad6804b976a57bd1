"""Each step of our samplers is that of the schedulers of `diffusers`, with the same noise."""

import numpy as np
import pytest

from decision_diffuser_ros.diffusion.guidance import clean_from_noise
from decision_diffuser_ros.diffusion.samplers import ddim_step, ddpm_step
from decision_diffuser_ros.diffusion.schedule import noise_schedule

diffusers = pytest.importorskip("diffusers")
torch = pytest.importorskip("torch")

SHAPE = (2, 6, 3)
PREDICTIONS = {"x0": "sample", "noise": "epsilon"}


def scheduler_of(kind: str, *, prediction: str, spacing: str, count: int):
    classes = {"ddpm": diffusers.DDPMScheduler, "ddim": diffusers.DDIMScheduler}
    scheduler = classes[kind](
        num_train_timesteps=100, beta_schedule="squaredcos_cap_v2", prediction_type=PREDICTIONS[prediction],
        clip_sample=False, timestep_spacing=spacing,
    )  # fmt: skip
    scheduler.set_timesteps(count)
    return scheduler


def clean_of(prediction: str, noisy: np.ndarray, output: np.ndarray, alpha_cumprod: float) -> np.ndarray:
    return output if prediction == "x0" else clean_from_noise(noisy, output, alpha_cumprod)


@pytest.mark.parametrize("prediction", PREDICTIONS)
@pytest.mark.parametrize("spacing", ["trailing", "leading"])
@pytest.mark.parametrize("count", [2, 10, 100])
@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
def test_ddim_agrees_step_by_step(prediction: str, spacing: str, count: int, eta: float) -> None:
    theirs = scheduler_of("ddim", prediction=prediction, spacing=spacing, count=count)
    levels = noise_schedule("cosine", 100).levels(count, spacing=spacing)
    assert [level.denoising_step for level in levels] == theirs.timesteps.tolist()
    rng = np.random.default_rng(count)
    for level in levels:
        noisy, output, noise = rng.standard_normal((3, *SHAPE))
        clean = clean_of(prediction, noisy, output, level.alpha_cumprod)
        ours = ddim_step(noisy, clean, level, noise=noise, eta=eta)
        expected = theirs.step(
            torch.tensor(output), level.denoising_step, torch.tensor(noisy), eta=eta,
            variance_noise=torch.tensor(noise) if eta > 0.0 else None,
        ).prev_sample  # fmt: skip
        np.testing.assert_allclose(ours, expected.numpy(), rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("prediction", PREDICTIONS)
@pytest.mark.parametrize("spacing", ["trailing", "leading"])
@pytest.mark.parametrize("count", [2, 10, 100])
def test_ddpm_agrees_step_by_step(prediction: str, spacing: str, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = scheduler_of("ddpm", prediction=prediction, spacing=spacing, count=count)
    levels = noise_schedule("cosine", 100).levels(count, spacing=spacing)
    assert [level.denoising_step for level in levels] == theirs.timesteps.tolist()
    rng = np.random.default_rng(count)
    for level in levels:
        noisy, output, noise = rng.standard_normal((3, *SHAPE))
        monkeypatch.setattr(
            diffusers.schedulers.scheduling_ddpm, "randn_tensor", lambda *_, noise=noise, **__: torch.tensor(noise)
        )
        clean = clean_of(prediction, noisy, output, level.alpha_cumprod)
        ours = ddpm_step(noisy, clean, level, noise=noise)
        expected = theirs.step(torch.tensor(output), level.denoising_step, torch.tensor(noisy)).prev_sample
        np.testing.assert_allclose(ours, expected.numpy(), rtol=2e-3, atol=2e-3)
