"""Noise schedules, and which of their levels a few-step sampler visits.

Level k of a schedule mixes signal and noise as x_k = sqrt(a_k) x_0 + sqrt(1 - a_k) noise (Ho 2020, Eq. 4), where a_k,
`alphas_cumprod[k]`, falls from nearly 1 at k = 0 to nearly 0 at the noisiest level.
"""

import dataclasses
from typing import NamedTuple

import numpy as np

from decision_diffuser_ros.errors import ConfigurationError

COSINE_OFFSET = 0.008
LARGEST_BETA = 0.999


class DenoisingLevel(NamedTuple):
    """One denoising step of a sampler: from the level it starts at to the one it reaches.

    Attributes:
        denoising_step: index of the level in the schedule of training; what the network is told.
        alpha_cumprod: share of signal variance at this level.
        alpha_cumprod_after: share of signal variance at the level reached; 1 after the last step.
    """

    denoising_step: int
    alpha_cumprod: float
    alpha_cumprod_after: float


@dataclasses.dataclass(frozen=True, eq=False)
class NoiseSchedule:
    """The noise levels of training.

    Attributes:
        alphas_cumprod: (denoising_steps,) share of signal variance at each level, falling.
    """

    alphas_cumprod: np.ndarray

    @property
    def denoising_steps(self) -> int:
        """Number of levels."""
        return len(self.alphas_cumprod)

    def levels(self, count: int, *, spacing: str = "trailing") -> tuple[DenoisingLevel, ...]:
        """The denoising steps of a sampler that visits `count` levels, noisiest first.

        The levels in between are left out: a step's variance follows from the two levels it connects (Nichol &
        Dhariwal 2021, section 4, "respacing").

        Raises:
            ConfigurationError: `count` or `spacing` is not accepted.
        """
        visited = select_denoising_steps(self.denoising_steps, count, spacing=spacing)
        after = [*self.alphas_cumprod[visited[1:]], 1.0]
        return tuple(
            DenoisingLevel(int(k), float(self.alphas_cumprod[k]), float(reached))
            for k, reached in zip(visited, after, strict=True)
        )


def noise_schedule(name: str, denoising_steps: int) -> NoiseSchedule:
    """The schedule with this name, `cosine` or `linear`.

    Raises:
        ConfigurationError: there is no such schedule, or no level in it.
    """
    makers = {"cosine": _cosine_betas, "linear": _linear_betas}
    if name not in makers:
        raise ConfigurationError(f"schedule '{name}' does not exist; available: {', '.join(sorted(makers))}")
    if denoising_steps < 1:
        raise ConfigurationError(f"`denoising_steps` must be at least 1, got {denoising_steps}")
    alphas_cumprod = np.cumprod(1.0 - makers[name](denoising_steps))
    alphas_cumprod.setflags(write=False)
    return NoiseSchedule(alphas_cumprod)


def select_denoising_steps(total: int, count: int, *, spacing: str = "trailing") -> np.ndarray:
    """Which `count` of `total` levels a sampler visits, noisiest first, (count,) int64.

    trailing:  evenly spaced, counted from the noisiest level, so that sampling begins where its start noise
               belongs (Lin 2024, "Common diffusion noise schedules ... are flawed", Table 2).
    leading:   evenly spaced, counted from the cleanest level (Song 2021, DDIM). It leaves the noisiest levels out,
               so its start noise fits the first level badly; it is here for models deployed that way.
    quadratic: as trailing, but denser towards the clean end (Song 2021, App. D.2, "quadratic").

    Raises:
        ConfigurationError: `count` is not in 1 to `total`, or there is no such spacing.
    """
    if not 1 <= count <= total:
        raise ConfigurationError(f"`denoising_steps` must be 1 to {total}, the levels of the schedule; got {count}")
    rank = np.arange(1, count + 1)
    if spacing == "trailing":
        ascending = np.round(total - (count - rank) * (total / count)).astype(np.int64) - 1
    elif spacing == "leading":
        ascending = (rank - 1) * (total // count)
    elif spacing == "quadratic":
        wanted = np.round(total * (rank / count) ** 2).astype(np.int64) - 1
        # Near the clean end the square asks for one level several times; each later one moves on to the next level.
        ascending = np.maximum.accumulate(np.maximum(wanted - rank, -1)) + rank
    else:
        raise ConfigurationError(f"step spacing '{spacing}' does not exist; available: leading, quadratic, trailing")
    return ascending[::-1].copy()


def _cosine_betas(denoising_steps: int) -> np.ndarray:
    """Nichol & Dhariwal 2021, Eq. 17: the signal falls as a squared cosine."""
    progress = np.arange(denoising_steps + 1) / denoising_steps
    signal = np.cos((progress + COSINE_OFFSET) / (1.0 + COSINE_OFFSET) * np.pi / 2.0) ** 2
    return np.minimum(1.0 - signal[1:] / signal[:-1], LARGEST_BETA)


def _linear_betas(denoising_steps: int) -> np.ndarray:
    """Ho 2020, section 4: from 1e-4 to 0.02 over 1,000 levels; fewer levels add as much noise in all."""
    scale = 1000.0 / denoising_steps
    return np.minimum(np.linspace(scale * 1e-4, scale * 0.02, denoising_steps), LARGEST_BETA)
