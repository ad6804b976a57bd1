"""The denoiser that a sampler sees: network and guidance, for one history and one set of conditions."""

import numpy as np

from decision_diffuser_ros.diffusion.guidance import clean_from_noise, guided_estimate
from decision_diffuser_ros.diffusion.schedule import DenoisingLevel
from decision_diffuser_ros.planner.bundle import Bundle


class GuidedDenoiser:
    """Estimates the clean trajectory under all conditions, with one evaluation of the network a denoising step.

    The batch is [null, y_1, ..., y_n], without the rows whose coefficient is zero: with one condition and a guidance
    weight of 1, Eq. 8 is the conditional estimate alone, and with a guidance weight of 0 the null estimate alone.

    Attributes:
        predicts_noise: whether the network predicts noise, or the clean trajectory.
        coefficients: (rows,) of the guided sum, none of them zero.
        condition: (rows, condition_dim).
        condition_present: (rows, condition_kinds).
        observation_mask: (rows, horizon).
        clean_limit: largest magnitude of the clean estimate, normalised; None for no limit.
    """

    def __init__(
        self,
        bundle: Bundle,
        *,
        observation_mask: np.ndarray,
        condition: np.ndarray,
        condition_present: np.ndarray,
        coefficients: np.ndarray,
        clean_limit: float | None = None,
    ) -> None:
        """Prepares what does not change from one denoising step to the next.

        Args:
            bundle: the model.
            observation_mask: (horizon,) 1 observed, 0 to be planned, -1 missing.
            condition: (1 + n, condition_dim), the null condition first.
            condition_present: (1 + n, condition_kinds).
            coefficients: (1 + n,) of the guided sum.
            clean_limit: largest magnitude of the clean estimate, normalised; None for no limit.
        """
        needed = coefficients != 0.0
        batch = int(needed.sum())
        manifest = bundle.manifest
        self._bundle = bundle
        self.predicts_noise = manifest.prediction == "noise"
        self.coefficients = coefficients[needed]
        self.condition = condition[needed]
        self.condition_present = condition_present[needed]
        self.observation_mask = np.tile(observation_mask.astype(np.float32), (batch, 1))
        self.clean_limit = clean_limit
        self._trajectories = np.empty((batch, manifest.horizon, manifest.state_dim), np.float32)
        self._denoising_step = np.empty(batch, np.int64)

    def __call__(self, noisy: np.ndarray, level: DenoisingLevel) -> np.ndarray:
        """The clean estimate (horizon, state_dim) of a noisy trajectory at a level, normalised."""
        self._trajectories[:] = noisy
        self._denoising_step[:] = level.denoising_step
        predictions = self._bundle.denoise(
            self._trajectories, self.observation_mask, self._denoising_step, self.condition, self.condition_present
        )
        guided = guided_estimate(predictions, self.coefficients)
        clean = clean_from_noise(noisy, guided, level.alpha_cumprod) if self.predicts_noise else guided
        return clean if self.clean_limit is None else np.clip(clean, -self.clean_limit, self.clean_limit)
