"""Samplers against Gaussian data, whose best denoiser, and so every sampled moment, is known in closed form."""

import numpy as np
import pytest

from decision_diffuser_ros.diffusion.samplers import (
    KnownStates,
    renoise,
    sample_ddim,
    sample_ddpm,
    shift_plan,
    start_noise,
)
from decision_diffuser_ros.diffusion.schedule import NoiseSchedule, noise_schedule
from tests.diffusion.gaussian import GaussianData

HORIZON, STATE_DIM, SAMPLES = 3, 2, 20_000


@pytest.fixture(scope="module")
def schedule() -> NoiseSchedule:
    return noise_schedule("cosine", 100)


@pytest.fixture(scope="module")
def fine() -> NoiseSchedule:
    """Fine enough for the data distribution itself: the variance lost to step size falls as 1 / levels (0.02 here)."""
    return noise_schedule("cosine", 300)


@pytest.fixture(scope="module")
def data() -> GaussianData:
    return GaussianData(HORIZON, STATE_DIM)


def draw(data: GaussianData, levels, sampler, *, temperature: float = 1.0, seed: int = 0, start=None, **options):
    """Samples, flattened: (SAMPLES, horizon * state_dim)."""
    rng = np.random.default_rng(seed)
    if start is None:
        start = start_noise((SAMPLES, *data.shape), rng=rng, temperature=temperature)
    known = options.pop("known", KnownStates.nothing(*data.shape))
    return sampler(
        data.denoise, start, levels, known=known, rng=rng, temperature=temperature, **options
    ).reshape(SAMPLES, -1)  # fmt: skip


def ddpm_moments(data: GaussianData, levels, temperature: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of what the paper's sampler must return; every step is linear with Gaussian noise."""
    identity = np.eye(len(data.mean))
    mean, covariance = np.zeros(len(data.mean)), temperature * identity
    for level in levels:
        a, b = level.alpha_cumprod, level.alpha_cumprod_after
        beta = 1.0 - a / b
        clean_share, noisy_share = np.sqrt(b) * beta / (1.0 - a), np.sqrt(a / b) * (1.0 - b) / (1.0 - a)
        gain = data.gain(level)
        step = clean_share * gain + noisy_share * identity
        mean = step @ mean + clean_share * (data.mean - np.sqrt(a) * gain @ data.mean)
        covariance = step @ covariance @ step.T + temperature * beta * (1.0 - b) / (1.0 - a) * identity
    return mean, covariance


def assert_moments(samples: np.ndarray, mean: np.ndarray, covariance: np.ndarray, tolerance: float = 0.06) -> None:
    np.testing.assert_allclose(samples.mean(axis=0), mean, atol=tolerance)
    np.testing.assert_allclose(np.cov(samples.T), covariance, atol=tolerance)


def test_ddpm_returns_the_data_distribution(data: GaussianData, fine: NoiseSchedule) -> None:
    assert_moments(draw(data, fine.levels(300), sample_ddpm), data.mean, data.covariance)


def test_ddim_returns_the_data_distribution(data: GaussianData, fine: NoiseSchedule) -> None:
    assert_moments(draw(data, fine.levels(300), sample_ddim), data.mean, data.covariance)
    assert_moments(draw(data, fine.levels(300), sample_ddim, eta=1.0), data.mean, data.covariance)


@pytest.mark.parametrize("steps", [1, 5, 100])
@pytest.mark.parametrize("temperature", [0.0, 0.5, 1.0])
def test_ddpm_moments_follow_the_recursion(
    data: GaussianData, schedule: NoiseSchedule, steps: int, temperature: float
) -> None:
    levels = schedule.levels(steps)
    samples = draw(data, levels, sample_ddpm, temperature=temperature)
    assert_moments(samples, *ddpm_moments(data, levels, temperature))


@pytest.mark.parametrize("sampler, options", [(sample_ddpm, {}), (sample_ddim, {}), (sample_ddim, {"eta": 1.0})])
def test_temperature_scales_the_variance_and_leaves_the_mean(
    data: GaussianData, schedule: NoiseSchedule, sampler, options: dict
) -> None:
    # Every step is linear here and all noise is scaled, so with the same random numbers each deviation from the mean
    # shrinks by the root of the temperature. This fails if the standard deviation is scaled in place of the variance.
    levels = schedule.levels(10)
    mean = draw(data, levels, sampler, temperature=0.0, **options)
    full = draw(data, levels, sampler, temperature=1.0, **options)
    half = draw(data, levels, sampler, temperature=0.5, **options)
    np.testing.assert_allclose(half - mean, np.sqrt(0.5) * (full - mean), atol=1e-5)


def test_zero_temperature_returns_the_same_plan_for_every_seed(data: GaussianData, schedule: NoiseSchedule) -> None:
    levels = schedule.levels(10)
    first = draw(data, levels, sample_ddpm, temperature=0.0, seed=1)
    np.testing.assert_array_equal(first, draw(data, levels, sample_ddpm, temperature=0.0, seed=2))


def test_one_denoising_step_is_the_clean_estimate(data: GaussianData, schedule: NoiseSchedule) -> None:
    levels = schedule.levels(1)
    start = start_noise((SAMPLES, *data.shape), rng=np.random.default_rng(5))
    expected = data.denoise(start, levels[0]).reshape(SAMPLES, -1)
    for sampler in (sample_ddpm, sample_ddim):
        np.testing.assert_allclose(draw(data, levels, sampler, start=start), expected, atol=1e-6)


def test_warm_start_from_the_noisiest_level_equals_a_cold_start(data: GaussianData, schedule: NoiseSchedule) -> None:
    levels = schedule.levels(100)
    plan = np.full(data.shape, 3.0)
    start = renoise(np.broadcast_to(plan, (SAMPLES, *plan.shape)), levels[0], rng=np.random.default_rng(6))
    assert_moments(draw(data, levels, sample_ddpm, start=start), *ddpm_moments(data, levels, 1.0))


def test_warm_start_with_samples_of_the_data_returns_the_data(data: GaussianData, fine: NoiseSchedule) -> None:
    levels = fine.levels(300)[-120:]
    previous = draw(data, fine.levels(300), sample_ddpm, seed=7).reshape(SAMPLES, *data.shape)
    start = renoise(previous, levels[0], rng=np.random.default_rng(8))
    assert_moments(draw(data, levels, sample_ddpm, start=start), data.mean, data.covariance)


def test_renoised_plans_have_the_moments_of_the_forward_process(schedule: NoiseSchedule) -> None:
    level = schedule.levels(10)[6]
    plan = np.full((SAMPLES, 1, 2), 2.0)
    noisy = renoise(plan, level, rng=np.random.default_rng(9), temperature=0.5).reshape(SAMPLES, 2)
    expected = 0.5 * (1.0 - level.alpha_cumprod) * np.eye(2)
    assert_moments(noisy, np.sqrt(level.alpha_cumprod) * np.full(2, 2.0), expected)


@pytest.mark.parametrize("sampler", [sample_ddpm, sample_ddim])
def test_known_states_condition_the_rest(data: GaussianData, fine: NoiseSchedule, sampler) -> None:
    observed = np.array([[1.5, -1.0]])
    rest = data.given_first_rows(1, observed)
    known = KnownStates(np.vstack([observed, np.zeros((2, 2))]), np.array([True, False, False]))

    def denoise(noisy: np.ndarray, level) -> np.ndarray:
        assert np.all(noisy[:, 0] == observed), "the history must be clean at every denoising step"
        return np.concatenate([noisy[:, :1], rest.denoise(noisy[:, 1:], level)], axis=1)

    rng = np.random.default_rng(10)
    start = start_noise((SAMPLES, *data.shape), rng=rng).astype(np.float64)
    samples = sampler(denoise, start, fine.levels(300), known=known, rng=rng)
    np.testing.assert_array_equal(samples[:, 0], np.broadcast_to(observed, (SAMPLES, 2)))
    assert_moments(samples[:, 1:].reshape(SAMPLES, -1), rest.mean, rest.covariance)


@pytest.mark.parametrize("sampler", [sample_ddpm, sample_ddim])
def test_known_states_are_in_the_result_whatever_the_denoiser_says(schedule: NoiseSchedule, sampler) -> None:
    known = KnownStates(np.full((HORIZON, STATE_DIM), 7.0), np.array([True, False, False]))
    start = np.ones((HORIZON, STATE_DIM))
    rng = np.random.default_rng(0)
    plan = sampler(lambda noisy, level: np.zeros_like(noisy), start, schedule.levels(2), known=known, rng=rng)
    np.testing.assert_array_equal(plan, [[7.0, 7.0], [0.0, 0.0], [0.0, 0.0]])


@pytest.mark.parametrize("sampler", [sample_ddpm, sample_ddim])
def test_a_sampler_leaves_its_arguments_alone(data: GaussianData, schedule: NoiseSchedule, sampler) -> None:
    start = np.ones((1, *data.shape), np.float32)
    known = KnownStates(np.full(data.shape, 7.0, np.float32), np.array([True, False, False]))
    sampler(data.denoise, start, schedule.levels(3), known=known, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(start, 1.0)
    np.testing.assert_array_equal(known.states, 7.0)


@pytest.mark.parametrize("sampler", [sample_ddpm, sample_ddim])
def test_single_precision_stays_single_precision(schedule: NoiseSchedule, sampler) -> None:
    start = start_noise((4, 2), rng=np.random.default_rng(0), temperature=0.5)
    known = KnownStates.nothing(4, 2)
    rng = np.random.default_rng(0)
    plan = sampler(lambda noisy, level: 0.5 * noisy, start, schedule.levels(3), known=known, rng=rng)
    assert start.dtype == plan.dtype == np.float32


def test_a_shifted_plan_starts_later_and_repeats_its_last_state() -> None:
    plan = np.arange(4.0).reshape(4, 1)
    assert shift_plan(plan, 0)[:, 0].tolist() == [0, 1, 2, 3]
    assert shift_plan(plan, 2)[:, 0].tolist() == [2, 3, 3, 3]
    assert shift_plan(plan, 9)[:, 0].tolist() == [3, 3, 3, 3]
