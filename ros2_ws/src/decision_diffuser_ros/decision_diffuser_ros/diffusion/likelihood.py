"""How likely a clean trajectory is, from how well it is recovered after noise has been added.

A denoiser that is exact knows the density of its data. With the signal-to-noise ratio g = a / (1 - a) of a level,

    -log p(x) = const + 1/2 * integral of  E_noise |x - x0(noisy x, g)|^2  over g            (I-MMSE)

where x0 is the clean estimate and the constant depends on the size of x alone (Kong, Brekelmans & Ver Steeg 2023,
"Information-theoretic diffusion", Eq. 9; Guo, Shamai & Verdu 2005). So differences of these *denoising energies* are
differences of log density [nats], between two trajectories as between two conditions: the energy under the null
condition minus that under y is the log-likelihood ratio log p(x|y) - log p(x), the implicit classifier behind
classifier-free guidance (Li et al. 2023, "Your diffusion model is secretly a zero-shot classifier").

Here the integral is a sum over a few levels, evenly spaced in log g. Clean levels are left out: there a network's error
is its own, not the data's, and g magnifies it. The noisiest weigh little, and a few levels are better spent in between.
What is lost with them is a part of how frequent each of several distinct modes of the data is: that shows where there
is so much noise that the modes run together.
"""

from typing import NamedTuple

import numpy as np

from decision_diffuser_ros.diffusion.schedule import NoiseSchedule

LOG_SNR_RANGE = (-3.0, 2.0)


class EnergyLevels(NamedTuple):
    """The levels of the sum.

    Attributes:
        denoising_step: (levels,) int64, of the schedule.
        alpha_cumprod: (levels,) share of signal variance.
        width: of the log signal-to-noise ratio that each level stands for.
    """

    denoising_step: np.ndarray
    alpha_cumprod: np.ndarray
    width: float


def energy_levels(
    schedule: NoiseSchedule, count: int, *, log_snr_range: tuple[float, float] = LOG_SNR_RANGE
) -> EnergyLevels:
    """The levels of a schedule nearest to the middles of `count` equal parts of a range of log signal-to-noise ratio.

    Args:
        schedule: of training.
        count: at least 1.
        log_snr_range: natural logarithm of a / (1 - a), from noisy to clean.
    """
    lowest, highest = log_snr_range
    width = (highest - lowest) / count
    wanted = lowest + width * (np.arange(count) + 0.5)
    alphas = schedule.alphas_cumprod
    log_snr = np.log(alphas) - np.log1p(-alphas)
    nearest = np.abs(log_snr[:, np.newaxis] - wanted).argmin(axis=0)
    return EnergyLevels(nearest.astype(np.int64), alphas[nearest], width)


def noised(clean: np.ndarray, noise: np.ndarray, levels: EnergyLevels) -> np.ndarray:
    """The trajectories at each level, (levels, ..., horizon, state_dim) (Ho 2020, Eq. 4).

    Args:
        clean: (..., horizon, state_dim).
        noise: standard normal, of a shape that broadcasts with (levels, ..., horizon, state_dim).
        levels: of the sum.
    """
    a = levels.alpha_cumprod.reshape(-1, *[1] * clean.ndim)
    return a**0.5 * clean + (1.0 - a) ** 0.5 * noise


def denoising_energy(clean: np.ndarray, clean_estimates: np.ndarray, levels: EnergyLevels) -> np.ndarray:
    """-log p(clean) up to a constant [nats], (...,).

    Args:
        clean: (..., plan_steps, state_dim).
        clean_estimates: (levels, ..., plan_steps, state_dim) of `noised` trajectories.
        levels: of the sum.
    """
    snr = levels.alpha_cumprod / (1.0 - levels.alpha_cumprod)
    errors = ((clean_estimates - clean) ** 2).sum(axis=(-2, -1))
    return 0.5 * levels.width * np.tensordot(snr, errors, axes=1)
