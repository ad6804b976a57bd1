"""Runs the denoising steps of a plan as the settings say: one by one, or all in one graph."""

import numpy as np

from decision_diffuser_ros.diffusion.samplers import KnownStates, sample_ddim, sample_ddpm
from decision_diffuser_ros.diffusion.schedule import DenoisingLevel
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.guided_denoiser import GuidedDenoiser
from decision_diffuser_ros.planner.settings import SamplingSettings


class TrajectorySampler:
    """From noise to clean trajectories.

    Args:
        bundle: the model.
        settings: sampler, temperature and eta.
        in_one_call: run all denoising steps in one graph, in place of one call of the network a step; the trajectories
            are the same up to rounding.
    """

    def __init__(self, bundle: Bundle, settings: SamplingSettings, *, in_one_call: bool) -> None:
        self._graph = bundle.sampler if in_one_call else None
        self._settings = settings

    def sample(
        self,
        denoiser: GuidedDenoiser,
        start: np.ndarray,
        levels: tuple[DenoisingLevel, ...],
        *,
        known: KnownStates,
        rng: np.random.Generator,
    ) -> np.ndarray:
        """Clean trajectories of the shape of `start`, (candidates, horizon, state_dim), normalised.

        Args:
            denoiser: of the candidates.
            start: noisy trajectories at the first level.
            levels: denoising steps, noisiest first.
            known: states that are given, not sampled.
            rng: source of the noise.
        """
        settings = self._settings
        if self._graph is not None:
            return self._graph.sample(denoiser, start, levels, known=known, rng=rng, settings=settings)
        if settings.sampler == "ddpm":
            return sample_ddpm(denoiser, start, levels, known=known, rng=rng, temperature=settings.temperature)
        return sample_ddim(
            denoiser, start, levels, known=known, rng=rng, temperature=settings.temperature, eta=settings.eta
        )
