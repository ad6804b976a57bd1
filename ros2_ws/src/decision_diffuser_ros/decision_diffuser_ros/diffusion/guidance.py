"""Guidance: one estimate from those under the null condition and under each condition.

The paper combines noise estimates:

    Eq. 8   e = e(null) + w (e(y) - e(null))                 one condition y
    Eq. 9   e = e(null) + w sum_i (e(y_i) - e(null))         all of y_1 .. y_n (AND)
    App. J  a condition to avoid (NOT) enters the same sum with a minus

All are a weighted sum whose coefficients add up to 1. At a given noisy trajectory, noise estimate and clean estimate
are an affine function of each other, so the same coefficients combine clean estimates to the same result: a network
that predicts x0 needs no conversion before guidance.

Guidance overshoots: with w above 1, or with several conditions, the sum goes beyond what any of them asks for. That
decides for the right mode while there is much noise, and pulls the finished trajectory off where it should end while
there is little. So it may be left off at the least noisy levels (guidance in a limited interval: Kynkaanniemi 2024).
"""

from collections.abc import Sequence

import numpy as np


def guidance_coefficients(weights: Sequence[float], guidance_weight: float) -> np.ndarray:
    """Coefficients of the estimates under [null, y_1, ..., y_n], (1 + n,); they add up to 1 (Ajay 2023, Eq. 9).

    Args:
        weights: of each condition; negative for a condition to avoid (App. J).
        guidance_weight: w, common to all.
    """
    conditional = guidance_weight * np.asarray(weights, dtype=np.float64).reshape(-1)
    return np.concatenate([[1.0 - conditional.sum()], conditional])


def unguided_coefficients(weights: Sequence[float]) -> np.ndarray:
    """Coefficients of the same estimates without guidance, (1 + n,): the mean over what is wanted, by weight.

    What is to be avoided does not count; where nothing is wanted, it is the null estimate.

    Args:
        weights: of each condition; negative for a condition to avoid.
    """
    wanted = np.maximum(np.asarray(weights, dtype=np.float64).reshape(-1), 0.0)
    total = wanted.sum()
    return np.concatenate([[0.0], wanted / total] if total > 0.0 else [[1.0], wanted])


def guided_estimate(estimates: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    """The weighted sum of estimates, (..., horizon, state_dim).

    Estimates whose coefficient is 0 have no part in a sum, even where they are not finite: of several candidates, one
    that is lost does not spoil the others.

    Args:
        estimates: (1 + n, ..., horizon, state_dim) clean or noise estimates under [null, y_1, ..., y_n].
        coefficients: (1 + n,) from `guidance_coefficients`; or (candidates, rows) for several sums of the same rows,
            which return (candidates, ..., horizon, state_dim).
    """
    coefficients = coefficients.astype(estimates.dtype, copy=False)
    if np.isfinite(estimates).all():
        return np.tensordot(coefficients, estimates, axes=1)
    sums = [np.tensordot(own[own != 0.0], estimates[own != 0.0], axes=1) for own in np.atleast_2d(coefficients)]
    return np.stack(sums) if coefficients.ndim > 1 else sums[0]


def clean_from_noise(noisy: np.ndarray, noise_estimate: np.ndarray, alpha_cumprod: float) -> np.ndarray:
    """The clean trajectory that a noise estimate implies (Ho 2020, Eq. 4, solved for x_0)."""
    return (noisy - (1.0 - alpha_cumprod) ** 0.5 * noise_estimate) / alpha_cumprod**0.5


def noise_from_clean(noisy: np.ndarray, clean_estimate: np.ndarray, alpha_cumprod: float) -> np.ndarray:
    """The noise that a clean trajectory implies (Ho 2020, Eq. 4, solved for the noise)."""
    return (noisy - alpha_cumprod**0.5 * clean_estimate) / (1.0 - alpha_cumprod) ** 0.5
