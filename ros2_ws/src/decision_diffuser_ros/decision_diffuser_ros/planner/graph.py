"""One ONNX graph of a bundle: loaded from verified bytes, refused unless it takes and returns what it must."""

import dataclasses
import logging
from collections.abc import Mapping, Sequence

import numpy as np
import onnxruntime

from decision_diffuser_ros.errors import BundleError, ConfigurationError, PlanError
from decision_diffuser_ros.planner.external_data import keeps_external_data
from decision_diffuser_ros.planner.providers import Runtime

_LOGGER = logging.getLogger(__name__)

_ERRORS_ONLY = 3
CPU_RUNTIME = Runtime()


@dataclasses.dataclass(frozen=True)
class TensorSpec:
    """What an input or output of a graph must be: its type and its shape after the batch axis."""

    element_type: str
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.element_type} ({', '.join(['batch', *map(str, self.shape)])})"


@dataclasses.dataclass(frozen=True)
class GraphSpec:
    """The inputs and the single output that a graph must have, by name."""

    inputs: Mapping[str, TensorSpec]
    output: tuple[str, TensorSpec]


class Graph:
    """A graph that can be run; its inputs and output are what its specification says."""

    def __init__(
        self,
        name: str,
        content: bytes,
        spec: GraphSpec,
        *,
        runtime: Runtime = CPU_RUNTIME,
    ) -> None:
        """Loads a graph.

        Args:
            name: of the file, for messages.
            content: of the file.
            spec: what the graph must take and return.
            runtime: what it is run with.

        Raises:
            BundleError: the content is no loadable graph, refers to other files, or does not fit the specification.
            ConfigurationError: the first provider did not start.
        """
        _refuse_external_data(name, content)
        self._name = name
        self._output_name, self._output_spec = spec.output
        self._session = open_session(name, content, runtime)
        self._check_tensors("inputs", self._session.get_inputs(), spec.inputs)
        self._check_tensors("outputs", self._session.get_outputs(), dict([spec.output]))

    @property
    def providers(self) -> tuple[str, ...]:
        """The execution providers in use, most wanted first."""
        return tuple(self._session.get_providers())

    def run(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """The output for these inputs, whose batch axes are equal.

        Raises:
            PlanError: ONNX Runtime failed.
        """
        try:
            (output,) = self._session.run([self._output_name], inputs)
        except Exception as error:  # The exceptions of ONNX Runtime have no closer common root.
            raise PlanError(f"{self._name} could not be evaluated: {error}") from error
        return output

    def _check_tensors(self, what: str, found: Sequence, expected: Mapping[str, TensorSpec]) -> None:
        names = sorted(tensor.name for tensor in found)
        if names != sorted(expected):
            listed = ", ".join(names) or "none"
            raise BundleError(f"{self._name}: expected {what} {', '.join(sorted(expected))}; got {listed}")
        for tensor in found:
            spec = expected[tensor.name]
            shape = tuple(tensor.shape or ())
            batch_is_free = bool(shape) and not isinstance(shape[0], int)
            if tensor.type != f"tensor({spec.element_type})" or shape[1:] != spec.shape or not batch_is_free:
                got = f"{tensor.type} ({', '.join(map(str, shape))})"
                raise BundleError(f"{self._name}: {what[:-1]} '{tensor.name}' expected {spec}, got {got}")


def _refuse_external_data(name: str, content: bytes) -> None:
    """Before ONNX Runtime sees the content: it would read the other files. Raises BundleError."""
    try:
        is_external = keeps_external_data(content)
    except BundleError as error:
        raise BundleError(f"{name} is no ONNX graph: {error}; restore it or export again") from error
    if is_external:
        raise BundleError(f"{name} keeps data in other files, which are not verified; export it with its data inside")


def open_session(name: str, content: bytes, runtime: Runtime) -> onnxruntime.InferenceSession:
    """A session of ONNX Runtime, running on the first of the providers.

    Raises:
        BundleError: the content cannot be loaded.
        ConfigurationError: the first provider did not start.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = runtime.threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = _ERRORS_ONLY
    try:
        session = onnxruntime.InferenceSession(
            content,
            options,
            providers=list(runtime.providers),
            provider_options=runtime.provider_options(),
            enable_fallback=0,
        )
    except Exception as error:  # The exceptions of ONNX Runtime have no closer common root.
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        where = f"ONNX Runtime {onnxruntime.__version__} on {runtime.providers[0]}"
        raise BundleError(f"{name} cannot be loaded by {where}: {reason}") from error
    running = session.get_providers()
    wanted = runtime.providers[0]
    if running[0] != wanted:
        problem = f"execution provider {wanted} is installed but did not start; running: {', '.join(running)}"
        if not runtime.allow_cpu_fallback:
            raise ConfigurationError(f"{problem}; check its driver and libraries, or allow the fallback to the CPU")
        _LOGGER.warning("%s", problem)
    return session
