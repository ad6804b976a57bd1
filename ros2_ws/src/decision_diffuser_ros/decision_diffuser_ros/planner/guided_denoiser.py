"""The denoiser that a sampler sees: network and guidance, for one history and the conditions of each candidate."""

import numpy as np

from decision_diffuser_ros.diffusion.guidance import clean_from_noise, guided_estimate
from decision_diffuser_ros.diffusion.schedule import DenoisingLevel
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.network_rows import NetworkRows


class GuidedDenoiser:
    """Estimates the clean trajectories of all candidates, with one evaluation of the network a denoising step.

    Attributes:
        rows: of the network's batch.
        observation_mask: (rows, horizon) 1 observed, 0 to be planned, -1 missing.
        predicts_noise: whether the network predicts noise, or the clean trajectory.
        clean_limit: largest magnitude of the clean estimate, normalised; None for no limit.
    """

    def __init__(
        self, bundle: Bundle, rows: NetworkRows, *, observation_mask: np.ndarray, clean_limit: float | None = None
    ) -> None:
        """Prepares what does not change from one denoising step to the next.

        Args:
            bundle: the model.
            rows: of the network's batch.
            observation_mask: (horizon,), the same for all rows.
            clean_limit: see the class.
        """
        self.rows = rows
        self.observation_mask = np.tile(observation_mask.astype(np.float32), (rows.count, 1))
        self.predicts_noise = bundle.manifest.prediction == "noise"
        self.clean_limit = clean_limit
        self._bundle = bundle

    def __call__(self, noisy: np.ndarray, level: DenoisingLevel) -> np.ndarray:
        """The clean estimates (candidates, horizon, state_dim) of noisy trajectories at a level, normalised."""
        predictions = self._bundle.denoise(
            noisy[self.rows.candidate].astype(np.float32, copy=False),
            self.observation_mask,
            np.full(self.rows.count, level.denoising_step, np.int64),
            self.rows.condition,
            self.rows.condition_present,
        )
        guided = guided_estimate(predictions, self.rows.coefficients(level))
        clean = clean_from_noise(noisy, guided, level.alpha_cumprod) if self.predicts_noise else guided
        return clean if self.clean_limit is None else np.clip(clean, -self.clean_limit, self.clean_limit)
