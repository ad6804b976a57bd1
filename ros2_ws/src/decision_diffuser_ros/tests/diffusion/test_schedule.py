"""Schedules are those of the papers (and of `diffusers`), and few-step samplers visit sensible levels of them."""

import numpy as np
import pytest

from decision_diffuser_ros.diffusion.schedule import noise_schedule, select_denoising_steps
from decision_diffuser_ros.errors import ConfigurationError


@pytest.mark.parametrize("steps", [20, 100, 1000])
def test_the_cosine_schedule_is_that_of_diffusers(steps: int) -> None:
    diffusers = pytest.importorskip("diffusers")
    theirs = diffusers.DDPMScheduler(num_train_timesteps=steps, beta_schedule="squaredcos_cap_v2").alphas_cumprod
    np.testing.assert_allclose(noise_schedule("cosine", steps).alphas_cumprod, theirs, rtol=2e-4)


@pytest.mark.parametrize("steps", [50, 100, 1000])
def test_the_linear_schedule_is_that_of_diffusers(steps: int) -> None:
    diffusers = pytest.importorskip("diffusers")
    scale = 1000 / steps
    theirs = diffusers.DDPMScheduler(num_train_timesteps=steps, beta_start=1e-4 * scale, beta_end=0.02 * scale)
    np.testing.assert_allclose(noise_schedule("linear", steps).alphas_cumprod, theirs.alphas_cumprod, rtol=1e-4)


@pytest.mark.parametrize("name", ["cosine", "linear"])
@pytest.mark.parametrize("steps", [10, 100, 1000])
def test_a_schedule_falls_from_signal_to_noise(name: str, steps: int) -> None:
    alphas_cumprod = noise_schedule(name, steps).alphas_cumprod
    assert np.all(np.diff(alphas_cumprod) < 0.0)
    assert alphas_cumprod[0] > 0.85
    assert 0.0 < alphas_cumprod[-1] < 2e-3


def test_a_schedule_cannot_be_changed_by_its_user() -> None:
    with pytest.raises(ValueError, match="read-only"):
        noise_schedule("cosine", 10).alphas_cumprod[0] = 0.5


def test_an_unknown_schedule_lists_the_available_ones() -> None:
    with pytest.raises(ConfigurationError, match="schedule 'sine' does not exist; available: cosine, linear"):
        noise_schedule("sine", 100)


def test_a_schedule_without_levels_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="`denoising_steps` must be at least 1, got 0"):
        noise_schedule("cosine", 0)


@pytest.mark.parametrize("spacing", ["trailing", "leading", "quadratic"])
@pytest.mark.parametrize("total", [1, 7, 100])
def test_selected_steps_are_distinct_levels_noisiest_first(spacing: str, total: int) -> None:
    for count in range(1, total + 1):
        steps = select_denoising_steps(total, count, spacing=spacing)
        assert len(steps) == count
        assert np.all(np.diff(steps) < 0)
        assert steps[-1] >= 0
        assert steps[0] < total
        if spacing != "leading":
            assert steps[0] == total - 1
    assert list(steps) == list(range(total))[::-1]


@pytest.mark.parametrize("count", [1, 2, 3, 5, 20, 33, 100])
@pytest.mark.parametrize("spacing", ["trailing", "leading"])
def test_selected_steps_are_those_of_diffusers(spacing: str, count: int) -> None:
    diffusers = pytest.importorskip("diffusers")
    scheduler = diffusers.DDIMScheduler(num_train_timesteps=100, timestep_spacing=spacing)
    scheduler.set_timesteps(count)
    assert list(select_denoising_steps(100, count, spacing=spacing)) == scheduler.timesteps.tolist()


def test_quadratic_spacing_is_denser_towards_the_clean_end() -> None:
    assert list(select_denoising_steps(100, 5, spacing="quadratic")) == [99, 63, 35, 15, 3]


@pytest.mark.parametrize("count", [0, 101])
def test_more_or_fewer_steps_than_there_are_levels_are_refused(count: int) -> None:
    with pytest.raises(ConfigurationError, match=f"must be 1 to 100, the levels of the schedule; got {count}"):
        select_denoising_steps(100, count)


def test_an_unknown_spacing_lists_the_available_ones() -> None:
    with pytest.raises(ConfigurationError, match="spacing 'random' does not exist; available: leading, quadratic"):
        select_denoising_steps(100, 5, spacing="random")


def test_levels_connect_and_end_clean() -> None:
    schedule = noise_schedule("cosine", 100)
    levels = schedule.levels(4)
    assert [level.denoising_step for level in levels] == [99, 74, 49, 24]
    assert [level.alpha_cumprod for level in levels[1:]] == [level.alpha_cumprod_after for level in levels[:-1]]
    assert levels[0].alpha_cumprod == schedule.alphas_cumprod[99]
    assert levels[-1].alpha_cumprod_after == 1.0
