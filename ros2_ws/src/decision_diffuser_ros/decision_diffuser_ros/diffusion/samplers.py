"""Samplers: from noise to a trajectory, given a function that estimates the clean one.

Pure functions on arrays (..., horizon, state_dim), normalised, of any batch shape. `denoise(noisy, level)` returns the
clean estimate; guidance and the network are behind it. Both samplers lower the temperature as the paper does: the
*variance* of the start noise and of every reverse step is scaled by `temperature` (Ajay 2023, Algorithm 1).
"""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from decision_diffuser_ros.diffusion.guidance import noise_from_clean
from decision_diffuser_ros.diffusion.schedule import DenoisingLevel

Denoise = Callable[[np.ndarray, DenoisingLevel], np.ndarray]


@dataclasses.dataclass(frozen=True, eq=False)
class KnownStates:
    """States that are given, not sampled: the observed history (Ajay 2023, Algorithm 1, line 6).

    Attributes:
        states: (horizon, state_dim) normalised; rows that are not known are ignored.
        slots: (horizon,) bool, which rows are known.
    """

    states: np.ndarray
    slots: np.ndarray

    @classmethod
    def nothing(cls, horizon: int, state_dim: int) -> "KnownStates":
        """No state is given."""
        return cls(np.zeros((horizon, state_dim), np.float32), np.zeros(horizon, bool))

    def write_into(self, trajectory: np.ndarray) -> None:
        """Overwrites the known rows of a trajectory (..., horizon, state_dim) in place."""
        np.copyto(trajectory, self.states, where=self.slots[:, np.newaxis])


def sample_ddpm(
    denoise: Denoise,
    start: np.ndarray,
    levels: Sequence[DenoisingLevel],
    *,
    known: KnownStates,
    rng: np.random.Generator,
    temperature: float = 1.0,
) -> np.ndarray:
    """Ancestral sampling (Ho 2020, Algorithm 2; low temperature and history: Ajay 2023, Algorithm 1).

    Args:
        denoise: returns the clean estimate of a noisy trajectory at a level.
        start: noisy trajectory at the first level, from `start_noise` or `renoise`; it is not changed.
        levels: denoising steps, noisiest first.
        known: states written before every denoising step, and into the result.
        rng: source of the noise.
        temperature: factor on the variance of each step, 0 to 1.

    Returns:
        A clean trajectory of the shape of `start`.
    """
    trajectory = start.copy()
    for level in levels:
        known.write_into(trajectory)
        clean = denoise(trajectory, level)
        trajectory = ddpm_step(trajectory, clean, level, noise=_fresh_noise(trajectory, rng), temperature=temperature)
    known.write_into(trajectory)
    return trajectory


def sample_ddim(
    denoise: Denoise,
    start: np.ndarray,
    levels: Sequence[DenoisingLevel],
    *,
    known: KnownStates,
    rng: np.random.Generator,
    temperature: float = 1.0,
    eta: float = 0.0,
) -> np.ndarray:
    """Few-step sampling (Song 2021, DDIM, Eq. 12), with arguments and result as `sample_ddpm`.

    One more: `eta` is the share of fresh noise, from 0 (none: the start noise decides the result) to 1 (as DDPM).
    """
    trajectory = start.copy()
    for level in levels:
        known.write_into(trajectory)
        clean = denoise(trajectory, level)
        noise = _fresh_noise(trajectory, rng) if eta > 0.0 else None
        trajectory = ddim_step(trajectory, clean, level, noise=noise, temperature=temperature, eta=eta)
    known.write_into(trajectory)
    return trajectory


def ddpm_step(
    noisy: np.ndarray, clean: np.ndarray, level: DenoisingLevel, *, noise: np.ndarray, temperature: float = 1.0
) -> np.ndarray:
    """One draw from q(x_after | x, x_0) (Ho 2020, Eq. 7), its variance scaled by `temperature`.

    Args:
        noisy: trajectory at the level.
        clean: clean estimate.
        level: the two levels that the step connects, neighbours in the schedule or not.
        noise: standard normal, of the shape of `noisy`.
        temperature: factor on the variance.
    """
    a, a_after = level.alpha_cumprod, level.alpha_cumprod_after
    alpha = a / a_after
    clean_share = a_after**0.5 * (1.0 - alpha) / (1.0 - a)
    noisy_share = alpha**0.5 * (1.0 - a_after) / (1.0 - a)
    variance = _posterior_variance(level)
    return clean_share * clean + noisy_share * noisy + (temperature * variance) ** 0.5 * noise


def ddim_step(
    noisy: np.ndarray,
    clean: np.ndarray,
    level: DenoisingLevel,
    *,
    noise: np.ndarray | None = None,
    temperature: float = 1.0,
    eta: float = 0.0,
) -> np.ndarray:
    """One step of DDIM (Song 2021, Eq. 12). Arguments as `ddpm_step`; `noise` may be None if `eta` is 0.

    `eta` makes room for fresh noise by shortening the step along the estimated noise; `temperature` scales the
    variance of what is then drawn, so that a temperature of 0 leaves that room empty, as it does in DDPM.
    """
    a, a_after = level.alpha_cumprod, level.alpha_cumprod_after
    variance = eta**2 * _posterior_variance(level)
    noise_estimate = noise_from_clean(noisy, clean, a)
    # Rounding may put the remainder a hair below zero on the last step.
    stepped = a_after**0.5 * clean + max(1.0 - a_after - variance, 0.0) ** 0.5 * noise_estimate
    return stepped if noise is None else stepped + (temperature * variance) ** 0.5 * noise


def start_noise(shape: tuple[int, ...], *, rng: np.random.Generator, temperature: float = 1.0) -> np.ndarray:
    """Noise to start from, N(0, temperature * I), float32 (Ajay 2023, Algorithm 1, line 5)."""
    return temperature**0.5 * rng.standard_normal(shape, dtype=np.float32)


def renoise(
    clean: np.ndarray, level: DenoisingLevel, *, rng: np.random.Generator, temperature: float = 1.0
) -> np.ndarray:
    """A clean trajectory noised to a level, to be denoised from there: a warm start (Ajay 2023, App. E).

    Args:
        clean: (..., horizon, state_dim) the previous plan, moved on to now by `shift_plan`.
        level: the level at which sampling goes on.
        rng: source of the noise.
        temperature: factor on the variance of the noise, as in `start_noise`.
    """
    a = level.alpha_cumprod
    return a**0.5 * clean + (temperature * (1.0 - a)) ** 0.5 * _fresh_noise(clean, rng)


def shift_plan(plan: np.ndarray, slots: int) -> np.ndarray:
    """The plan as seen `slots` control steps later, its last state repeated to keep the length.

    Args:
        plan: (..., plan_steps, state_dim).
        slots: at least 0; as much as the plan or more leaves its last state alone.
    """
    plan_steps = plan.shape[-2]
    return plan[..., np.minimum(np.arange(plan_steps) + slots, plan_steps - 1), :]


def _posterior_variance(level: DenoisingLevel) -> float:
    """Variance of q(x_after | x, x_0) (Ho 2020, Eq. 7, beta tilde)."""
    a, a_after = level.alpha_cumprod, level.alpha_cumprod_after
    return (1.0 - a_after) / (1.0 - a) * (1.0 - a / a_after)


def _fresh_noise(like: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    dtype = np.float32 if like.dtype == np.float32 else np.float64
    return rng.standard_normal(like.shape, dtype=dtype)
