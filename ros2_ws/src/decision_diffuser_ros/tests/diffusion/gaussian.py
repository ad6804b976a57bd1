"""The oracle of the sampler tests: Gaussian data, for which the best denoiser is known in closed form."""

import numpy as np

from decision_diffuser_ros.diffusion.schedule import DenoisingLevel


class GaussianData:
    """Flattened trajectories x0 ~ N(mean, covariance), of shape (horizon, state_dim)."""

    def __init__(self, horizon: int, state_dim: int, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        size = horizon * state_dim
        factor = rng.standard_normal((size, size)) / np.sqrt(size)
        self.shape = (horizon, state_dim)
        self.mean = rng.standard_normal(size)
        self.covariance = factor @ factor.T + 0.1 * np.eye(size)

    def denoise(self, noisy: np.ndarray, level: DenoisingLevel) -> np.ndarray:
        """E[x0 | x_k] by conjugacy, for any batch shape."""
        a = level.alpha_cumprod
        gain = self.gain(level)
        flat = noisy.reshape(*noisy.shape[:-2], -1)
        return (self.mean + (flat - a**0.5 * self.mean) @ gain.T).reshape(noisy.shape)

    def gain(self, level: DenoisingLevel) -> np.ndarray:
        """How E[x0 | x_k] depends on x_k."""
        a = level.alpha_cumprod
        return a**0.5 * self.covariance @ np.linalg.inv(a * self.covariance + (1.0 - a) * np.eye(len(self.mean)))

    def given_first_rows(self, rows: int, values: np.ndarray) -> "GaussianData":
        """The distribution of the remaining rows given the first ones, clean (values: (rows, state_dim))."""
        cut = rows * self.shape[1]
        gain = self.covariance[cut:, :cut] @ np.linalg.inv(self.covariance[:cut, :cut])
        rest = GaussianData(self.shape[0] - rows, self.shape[1])
        rest.mean = self.mean[cut:] + gain @ (values.reshape(-1) - self.mean[:cut])
        rest.covariance = self.covariance[cut:, cut:] - gain @ self.covariance[:cut, cut:]
        return rest
