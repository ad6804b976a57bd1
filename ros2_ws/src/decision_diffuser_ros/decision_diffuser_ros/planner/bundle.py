"""A model bundle: a directory with a manifest and the ONNX graphs it describes, verified before anything runs."""

import functools
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnxruntime

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.planner.graph import Graph, GraphSpec, TensorSpec
from decision_diffuser_ros.planner.inverse_dynamics import InverseDynamics
from decision_diffuser_ros.planner.manifest import DENOISER_FILE, INVERSE_DYNAMICS_FILE, Manifest
from decision_diffuser_ros.planner.providers import CPU_PROVIDER, Runtime, engine_cache_directory, usable_providers
from decision_diffuser_ros.planner.sampler_graph import SamplerGraph
from decision_diffuser_ros.resources import MANIFEST_NAME

_LOGGER = logging.getLogger(__name__)
_REMEDY = "the bundle is damaged or mixed up, restore it or export again"


class Bundle:
    """A loaded model: `manifest`, the denoiser (`denoise`), the `sampler` around it, and `inverse_dynamics`.

    Attributes:
        directory: where it was loaded from.
        manifest: what it is.
        inverse_dynamics: `inverse_dynamics(state, next_state) -> action`.
        providers: the execution providers in use, most wanted first.
    """

    def __init__(
        self,
        directory: Path,
        manifest: Manifest,
        denoiser: Graph,
        inverse_dynamics: InverseDynamics,
        make_sampler: Callable[[], SamplerGraph],
    ) -> None:
        """Use `Bundle.load`."""
        self.directory = directory
        self.manifest = manifest
        self.inverse_dynamics = inverse_dynamics
        self.providers = denoiser.providers
        self._denoiser = denoiser
        self._make_sampler = make_sampler

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        *,
        providers: Sequence[str] = (CPU_PROVIDER,),
        threads: int = 1,
        allow_cpu_fallback: bool = False,
    ) -> "Bundle":
        """Loads and verifies a bundle: manifest, sizes, checksums, and what the graphs take and return.

        Args:
            path: the bundle's directory.
            providers: execution providers of ONNX Runtime, most wanted first.
            threads: that one evaluation of a network may use.
            allow_cpu_fallback: go on with the CPU, after a warning, where a provider is missing or does not start.

        Raises:
            BundleError: the bundle is missing, damaged, or not what its manifest says.
            ConfigurationError: a provider is not available or does not start, or `threads` is below 1.
        """
        if threads < 1:
            raise ConfigurationError(f"`threads` must be at least 1, got {threads}")
        usable = usable_providers(
            providers, onnxruntime.get_available_providers(), allow_cpu_fallback=allow_cpu_fallback
        )
        directory = Path(path)
        manifest = Manifest.read(directory / MANIFEST_NAME)
        contents = {
            name: record.verified_content(directory / name, remedy=_REMEDY) for name, record in manifest.files.items()
        }
        runtime = Runtime(
            providers=usable,
            threads=threads,
            allow_cpu_fallback=allow_cpu_fallback,
            engine_cache=engine_cache_of(manifest),
        )

        def open_graph(name: str, spec: GraphSpec) -> Graph:
            return Graph(name, contents[name], spec, runtime=runtime)

        denoiser = open_graph(DENOISER_FILE, _denoiser_spec(manifest))
        inverse_dynamics = InverseDynamics(open_graph(INVERSE_DYNAMICS_FILE, InverseDynamics.spec(manifest)), manifest)
        _LOGGER.info("model '%s' loaded from %s, running on %s", manifest.name, directory, denoiser.providers[0])
        make_sampler = functools.partial(SamplerGraph, contents[DENOISER_FILE], runtime)
        return cls(directory, manifest, denoiser, inverse_dynamics, make_sampler)

    @functools.cached_property
    def sampler(self) -> SamplerGraph:
        """The whole sampler of a plan as one graph, composed from the denoiser when it is first asked for."""
        return self._make_sampler()

    def denoise(
        self,
        trajectory: np.ndarray,
        observation_mask: np.ndarray,
        denoising_step: np.ndarray,
        condition: np.ndarray,
        condition_present: np.ndarray,
    ) -> np.ndarray:
        """What the network predicts, (batch, horizon, state_dim) float32: x0 or noise, as the manifest says.

        Args:
            trajectory: (batch, horizon, state_dim) float32, normalised: observed rows clean, missing rows zero.
            observation_mask: (batch, horizon) float32: 1 observed, 0 to be planned, -1 missing.
            denoising_step: (batch,) int64, level of the schedule.
            condition: (batch, condition_dim) float32.
            condition_present: (batch, condition_kinds) float32, 0 or 1; all 0 is the null condition.
        """
        return self._denoiser.run(
            {
                "trajectory": trajectory,
                "observation_mask": observation_mask,
                "denoising_step": denoising_step,
                "condition": condition,
                "condition_present": condition_present,
            }
        )


def engine_cache_of(manifest: Manifest) -> Path:
    """Where TensorRT keeps the engines of a model."""
    return engine_cache_directory(manifest.name, manifest.files[DENOISER_FILE].sha256)


def _denoiser_spec(manifest: Manifest) -> GraphSpec:
    trajectory = TensorSpec("float", (manifest.horizon, manifest.state_dim))
    return GraphSpec(
        inputs={
            "trajectory": trajectory,
            "observation_mask": TensorSpec("float", (manifest.horizon,)),
            "denoising_step": TensorSpec("int64", ()),
            "condition": TensorSpec("float", (manifest.condition_dim,)),
            "condition_present": TensorSpec("float", (manifest.condition_kinds,)),
        },
        output=("prediction", trajectory),
    )
