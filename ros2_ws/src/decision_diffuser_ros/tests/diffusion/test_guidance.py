"""Guidance is Eq. 8, Eq. 9 and App. J of the paper, in noise and in clean estimates alike."""

import numpy as np
import pytest

from decision_diffuser_ros.diffusion.guidance import (
    clean_from_noise,
    guidance_coefficients,
    guided_estimate,
    noise_from_clean,
    unguided_coefficients,
)


@pytest.fixture
def estimates() -> np.ndarray:
    return np.random.default_rng(1).standard_normal((3, 6, 2))


def test_one_condition_is_equation_8(estimates: np.ndarray) -> None:
    null, conditional = estimates[:2]
    expected = null + 1.6 * (conditional - null)
    np.testing.assert_allclose(guided_estimate(estimates[:2], guidance_coefficients([1.0], 1.6)), expected, rtol=1e-12)


def test_two_conditions_are_equation_9(estimates: np.ndarray) -> None:
    null, first, second = estimates
    expected = null + 1.2 * ((first - null) + (second - null))
    coefficients = guidance_coefficients([1.0, 1.0], 1.2)
    np.testing.assert_allclose(guided_estimate(estimates, coefficients), expected, rtol=1e-12)


def test_weights_enter_each_condition_and_a_negative_one_subtracts(estimates: np.ndarray) -> None:
    null, wanted, avoided = estimates
    expected = null + 1.4 * (0.7 * (wanted - null) - 0.3 * (avoided - null))
    coefficients = guidance_coefficients([0.7, -0.3], 1.4)
    np.testing.assert_allclose(guided_estimate(estimates, coefficients), expected, rtol=1e-12)


def test_zero_guidance_weight_ignores_the_condition(estimates: np.ndarray) -> None:
    np.testing.assert_array_equal(guided_estimate(estimates, guidance_coefficients([1.0, 1.0], 0.0)), estimates[0])


def test_no_condition_is_the_null_estimate(estimates: np.ndarray) -> None:
    np.testing.assert_array_equal(guided_estimate(estimates[:1], guidance_coefficients([], 1.5)), estimates[0])


def test_guidance_weight_one_with_one_condition_is_that_condition_alone(estimates: np.ndarray) -> None:
    coefficients = guidance_coefficients([1.0], 1.0)
    np.testing.assert_array_equal(coefficients, [0.0, 1.0])
    np.testing.assert_array_equal(guided_estimate(estimates[:2], coefficients), estimates[1])


@pytest.mark.parametrize(
    "weights, coefficients",
    [
        ([], [1.0]),
        ([1.0], [0.0, 1.0]),
        ([3.0, 1.0], [0.0, 0.75, 0.25]),
        ([2.0, -1.0], [0.0, 1.0, 0.0]),
        ([-1.0], [1.0, 0.0]),
        ([0.0], [1.0, 0.0]),
    ],
)
def test_without_guidance_counts_the_mean_of_what_is_wanted(weights, coefficients) -> None:
    np.testing.assert_array_equal(unguided_coefficients(weights), coefficients)


def test_a_condition_given_twice_with_half_the_weight_is_the_condition_given_once(estimates: np.ndarray) -> None:
    twice = guided_estimate(estimates[[0, 1, 1]], guidance_coefficients([0.5, 0.5], 1.5))
    np.testing.assert_allclose(twice, guided_estimate(estimates[:2], guidance_coefficients([1.0], 1.5)), rtol=1e-12)


def test_guiding_clean_estimates_equals_guiding_the_noise_estimates_they_imply(estimates: np.ndarray) -> None:
    noisy = np.random.default_rng(2).standard_normal(estimates.shape[1:])
    coefficients = guidance_coefficients([1.0, -0.4], 1.6)
    guided_clean = guided_estimate(estimates, coefficients)
    guided_noise = guided_estimate(noise_from_clean(noisy, estimates, 0.3), coefficients)
    np.testing.assert_allclose(clean_from_noise(noisy, guided_noise, 0.3), guided_clean, rtol=1e-10)


def test_clean_and_noise_estimates_mix_to_the_noisy_trajectory() -> None:
    rng = np.random.default_rng(3)
    clean, noise = rng.standard_normal((2, 6, 2))
    noisy = np.sqrt(0.2) * clean + np.sqrt(0.8) * noise
    np.testing.assert_allclose(clean_from_noise(noisy, noise, 0.2), clean, rtol=1e-12)
    np.testing.assert_allclose(noise_from_clean(noisy, clean, 0.2), noise, rtol=1e-12)


def test_estimates_stay_in_single_precision(estimates: np.ndarray) -> None:
    coefficients = guidance_coefficients([1.0, 1.0], 1.2)
    assert guided_estimate(estimates.astype(np.float32), coefficients).dtype == np.float32


def test_candidates_are_guided_each_for_itself() -> None:
    estimates = np.random.default_rng(4).standard_normal((2, 5, 6, 2))
    coefficients = guidance_coefficients([1.0], 1.6)
    for candidate, guided in enumerate(guided_estimate(estimates, coefficients)):
        np.testing.assert_allclose(guided, guided_estimate(estimates[:, candidate], coefficients), rtol=1e-12)


@pytest.mark.parametrize("lost", [np.nan, np.inf, -np.inf])
def test_an_estimate_that_is_not_finite_is_lost_for_those_only_that_it_counts_for(lost: float) -> None:
    estimates = np.random.default_rng(4).standard_normal((4, 6, 2)).astype(np.float32)
    coefficients = np.array([[-0.5, 1.5, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.3, 0.7]])
    expected = guided_estimate(estimates, coefficients)
    estimates[1, 2, 1] = lost
    guided = guided_estimate(estimates, coefficients)
    assert guided.dtype == np.float32
    np.testing.assert_allclose(guided[1:], expected[1:], rtol=1e-6)
    np.testing.assert_array_equal(np.argwhere(~np.isfinite(guided[0])), [[2, 1]])
    np.testing.assert_allclose(guided_estimate(estimates, coefficients[2]), expected[2], rtol=1e-6)
    assert not np.isfinite(guided_estimate(estimates, coefficients[0])).all()
