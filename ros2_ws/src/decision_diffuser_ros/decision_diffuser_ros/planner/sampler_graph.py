"""A plan sampled in one call: the composed graph, with tensors bound once for each number of steps and rows.

The sampler that this must agree with, step by step in Python, is `diffusion.samplers`.
"""

from __future__ import annotations

import collections
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime

from decision_diffuser_ros.diffusion.samplers import KnownStates
from decision_diffuser_ros.diffusion.schedule import DenoisingLevel
from decision_diffuser_ros.errors import PlanError
from decision_diffuser_ros.planner.graph import open_session
from decision_diffuser_ros.planner.providers import CPU_PROVIDER, Runtime
from decision_diffuser_ros.planner.sampler_composition import INPUTS, OUTPUT, compose_sampler
from decision_diffuser_ros.planner.settings import SamplingSettings

if TYPE_CHECKING:
    from decision_diffuser_ros.planner.guided_denoiser import GuidedDenoiser

NAME = "sampler composed from denoiser.onnx"
KEPT_BINDINGS = 32
NO_LIMIT = float(np.finfo(np.float32).max)


class SamplerGraph:
    """Samples trajectories with one call of ONNX Runtime."""

    def __init__(self, denoiser: bytes, runtime: Runtime) -> None:
        """Composes and loads the graph.

        Args:
            denoiser: verified content of `denoiser.onnx`.
            runtime: what it is run with.

        Raises:
            BundleError: ONNX Runtime cannot load the graph.
            ConfigurationError: the first provider did not start.
        """
        self._session = open_session(NAME, compose_sampler(denoiser), runtime)
        self._device = "cpu" if self._session.get_providers()[0] == CPU_PROVIDER else "cuda"
        self._bindings: collections.OrderedDict[tuple, _Binding] = collections.OrderedDict()

    def sample(
        self,
        denoiser: GuidedDenoiser,
        start: np.ndarray,
        levels: Sequence[DenoisingLevel],
        *,
        known: KnownStates,
        rng: np.random.Generator,
        settings: SamplingSettings,
    ) -> np.ndarray:
        """What `sample_ddpm` or `sample_ddim` return for the same arguments, up to rounding.

        Args:
            denoiser: rows and guidance; its network is the one in the graph.
            start: (candidates, horizon, state_dim) noisy trajectories at the first level.
            levels: denoising steps, noisiest first.
            known: states written before every denoising step, and into the result.
            rng: source of the noise.
            settings: sampler, temperature and eta.

        Raises:
            PlanError: ONNX Runtime failed.
        """
        shares = step_shares(
            levels,
            sampler=settings.sampler,
            predicts_noise=denoiser.predicts_noise,
            temperature=settings.temperature,
            eta=settings.eta,
        )
        is_noisy = settings.sampler == "ddpm" or settings.eta > 0.0
        shape = (len(levels), *start.shape) if is_noisy else (len(levels), 1, 1, 1)
        noise = rng.standard_normal(shape, np.float32) if is_noisy else np.zeros(shape)
        inputs = {
            "sampler/start": start,
            "sampler/known_states": known.states[np.newaxis],
            "sampler/known_slots": known.slots[:, np.newaxis],
            "sampler/plan_of_row": denoiser.rows.candidate,
            "sampler/guidance": np.stack([denoiser.rows.coefficients(level) for level in levels]),
            "observation_mask": denoiser.observation_mask,
            "condition": denoiser.rows.condition,
            "condition_present": denoiser.rows.condition_present,
            "sampler/denoising_steps": np.array([level.denoising_step for level in levels]),
            "sampler/step_shares": shares,
            "sampler/noise": noise,
            "sampler/clean_limit": np.array(NO_LIMIT if denoiser.clean_limit is None else denoiser.clean_limit),
        }
        return self.run(inputs)

    def run(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """The sampled trajectory (plans, horizon, state_dim) float32.

        Args:
            inputs: all of `sampler_composition.INPUTS`.

        Raises:
            PlanError: ONNX Runtime failed.
        """
        arrays: dict[str, np.ndarray] = {
            name: np.asarray(inputs[name], kind, order="C") for name, (kind, _) in INPUTS.items()
        }
        try:
            return self._binding(arrays).run(arrays)
        except Exception as error:  # The exceptions of ONNX Runtime have no closer common root.
            raise PlanError(f"{NAME} could not be evaluated: {error}") from error

    def _binding(self, arrays: Mapping[str, np.ndarray]) -> _Binding:
        """The bound tensors for inputs of these shapes, the least recently used given up for new ones."""
        shapes = tuple(array.shape for array in arrays.values())
        if shapes not in self._bindings:
            self._bindings[shapes] = _Binding(self._session, arrays, self._device)
            if len(self._bindings) > KEPT_BINDINGS:
                self._bindings.popitem(last=False)
        self._bindings.move_to_end(shapes)
        return self._bindings[shapes]


class _Binding:
    """Tensors on the device, bound to the session; only their content changes from plan to plan."""

    def __init__(self, session: onnxruntime.InferenceSession, arrays: Mapping[str, np.ndarray], device: str) -> None:
        self._session = session
        self._tensors = {
            name: onnxruntime.OrtValue.ortvalue_from_numpy(array.copy(), device) for name, array in arrays.items()
        }
        self._output = onnxruntime.OrtValue.ortvalue_from_numpy(np.zeros_like(arrays["sampler/start"]), device)
        self._binding = session.io_binding()
        for name, tensor in self._tensors.items():
            self._binding.bind_ortvalue_input(name, tensor)
        self._binding.bind_ortvalue_output(OUTPUT, self._output)

    def run(self, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
        for name, array in arrays.items():
            self._tensors[name].update_inplace(array)
        self._session.run_with_iobinding(self._binding)
        return np.array(self._output.numpy())


def step_shares(
    levels: Sequence[DenoisingLevel], *, sampler: str, predicts_noise: bool, temperature: float = 1.0, eta: float = 0.0
) -> np.ndarray:
    """What each denoising step makes of prediction, noisy trajectory and noise, (steps, 5) float32.

    Columns: shares of prediction and noisy trajectory in the clean estimate (Ho 2020, Eq. 4); shares of the clean
    estimate, the noisy trajectory and fresh noise in the trajectory after the step.

    Args:
        levels: denoising steps, noisiest first.
        sampler: `ddpm` (Ho 2020, Eq. 7) or `ddim` (Song 2021, Eq. 12).
        predicts_noise: whether the network predicts noise, or the clean trajectory.
        temperature: factor on the variance of each step (Ajay 2023, Algorithm 1).
        eta: DDIM's share of fresh noise.
    """
    a = np.array([level.alpha_cumprod for level in levels])
    a_after = np.array([level.alpha_cumprod_after for level in levels])
    variance = (1.0 - a_after) / (1.0 - a) * (1.0 - a / a_after)
    if sampler == "ddpm":
        clean_share = np.sqrt(a_after) * (1.0 - a / a_after) / (1.0 - a)
        noisy_share = np.sqrt(a / a_after) * (1.0 - a_after) / (1.0 - a)
    else:
        variance = eta**2 * variance
        noisy_share = np.sqrt(np.maximum(1.0 - a_after - variance, 0.0) / (1.0 - a))
        clean_share = np.sqrt(a_after) - noisy_share * np.sqrt(a)
    of_prediction = -np.sqrt(1.0 / a - 1.0) if predicts_noise else np.ones_like(a)
    of_noisy = np.sqrt(1.0 / a) if predicts_noise else np.zeros_like(a)
    columns = (of_prediction, of_noisy, clean_share, noisy_share, np.sqrt(temperature * variance))
    return np.stack(columns, axis=1).astype(np.float32)
