"""Denoising energies are log densities, measured on Gaussians whose density and best denoiser are known."""

import numpy as np
import pytest

from decision_diffuser_ros.diffusion.likelihood import EnergyLevels, denoising_energy, energy_levels, noised
from decision_diffuser_ros.diffusion.schedule import DenoisingLevel, noise_schedule
from tests.diffusion.gaussian import GaussianData

HORIZON, STATE_DIM = 3, 2
NULL, GIVEN = (GaussianData(HORIZON, STATE_DIM, seed=seed) for seed in (0, 1))


def log_density(data: GaussianData, trajectory: np.ndarray) -> float:
    deviation = trajectory.reshape(-1) - data.mean
    _, log_determinant = np.linalg.slogdet(2.0 * np.pi * data.covariance)
    return float(-0.5 * (deviation @ np.linalg.solve(data.covariance, deviation) + log_determinant))


def energy(data: GaussianData, trajectory: np.ndarray, levels: EnergyLevels, draws: int = 200) -> float:
    noise = np.random.default_rng(2).standard_normal((len(levels.denoising_step), draws, HORIZON, STATE_DIM))
    clean = np.broadcast_to(trajectory, (draws, HORIZON, STATE_DIM))
    noisy = noised(clean, noise, levels)
    estimates = np.stack(
        [
            data.denoise(each, DenoisingLevel(int(step), float(a), 1.0))
            for each, step, a in zip(noisy, levels.denoising_step, levels.alpha_cumprod, strict=True)
        ]
    )
    return float(denoising_energy(clean, estimates, levels).mean())


@pytest.fixture(scope="module")
def all_levels() -> EnergyLevels:
    # An exact denoiser may be asked at every level: from almost pure noise to almost clean.
    log_snr = np.linspace(-11.0, 11.0, 221)
    return EnergyLevels(np.arange(221), 1.0 / (1.0 + np.exp(-log_snr)), 0.1)


@pytest.mark.parametrize("trajectory", [GIVEN.mean, NULL.mean, 0.5 * (GIVEN.mean + NULL.mean)])
def test_the_gap_of_energies_is_the_log_likelihood_ratio(trajectory: np.ndarray, all_levels: EnergyLevels) -> None:
    trajectory = trajectory.reshape(HORIZON, STATE_DIM)
    gap = energy(NULL, trajectory, all_levels) - energy(GIVEN, trajectory, all_levels)
    exact = log_density(GIVEN, trajectory) - log_density(NULL, trajectory)
    assert gap == pytest.approx(exact, abs=0.03 * abs(exact) + 0.1)


def test_the_energies_of_two_trajectories_differ_by_their_log_densities(all_levels: EnergyLevels) -> None:
    one, other = np.random.default_rng(3).standard_normal((2, HORIZON, STATE_DIM))
    gap = energy(NULL, other, all_levels) - energy(NULL, one, all_levels)
    exact = log_density(NULL, one) - log_density(NULL, other)
    assert gap == pytest.approx(exact, abs=0.03 * abs(exact) + 0.1)


def test_a_few_levels_see_the_same_condition_as_all() -> None:
    levels = energy_levels(noise_schedule("cosine", 100), 3)
    for trajectory, sign in ((GIVEN.mean, 1.0), (NULL.mean, -1.0)):
        shaped = trajectory.reshape(HORIZON, STATE_DIM)
        assert sign * (energy(NULL, shaped, levels, draws=1) - energy(GIVEN, shaped, levels, draws=1)) > 0.0


def test_levels_are_evenly_spaced_in_the_log_of_the_signal_to_noise_ratio() -> None:
    levels = energy_levels(noise_schedule("cosine", 1000), 4, log_snr_range=(-2.0, 2.0))
    log_snr = np.log(levels.alpha_cumprod / (1.0 - levels.alpha_cumprod))
    np.testing.assert_allclose(log_snr, [-1.5, -0.5, 0.5, 1.5], atol=0.01)
    assert levels.width == 1.0
    np.testing.assert_array_equal(
        levels.alpha_cumprod, noise_schedule("cosine", 1000).alphas_cumprod[levels.denoising_step]
    )


def test_a_trajectory_is_noised_to_each_level() -> None:
    levels = EnergyLevels(np.array([0, 1]), np.array([0.64, 0.36]), 1.0)
    clean, noise = np.ones((3, 2, 1)), np.ones((2, 1, 2, 1))
    np.testing.assert_allclose(noised(clean, noise, levels), np.full((2, 3, 2, 1), 1.4))
