"""What networks run on: the execution providers of ONNX Runtime behind each device, and how they are set up."""

import contextlib
import dataclasses
import logging
import os
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from decision_diffuser_ros.errors import ConfigurationError

_LOGGER = logging.getLogger(__name__)

CPU_PROVIDER = "CPUExecutionProvider"
CUDA_PROVIDER = "CUDAExecutionProvider"
TENSORRT_PROVIDER = "TensorrtExecutionProvider"

DEVICES = {
    "cpu": (CPU_PROVIDER,),
    "cuda": (CUDA_PROVIDER,),
    "tensorrt": (TENSORRT_PROVIDER, CUDA_PROVIDER),
    "auto": (CUDA_PROVIDER, CPU_PROVIDER),
}
"""Execution providers of each device, most wanted first. `auto` leaves TensorRT out: its engines take minutes."""

REPORT_PERIOD = 5.0  # [s]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Runtime:
    """What ONNX Runtime runs a graph with.

    Attributes:
        providers: execution providers, all of them available, most wanted first.
        threads: that one run may use.
        allow_cpu_fallback: warn, instead of raising, if the first provider does not start.
        engine_cache: directory of TensorRT's engines; it belongs to one model, since the names of engines do not tell
            weights apart. None for no cache.
    """

    providers: tuple[str, ...] = (CPU_PROVIDER,)
    threads: int = 1
    allow_cpu_fallback: bool = False
    engine_cache: Path | None = None

    def provider_options(self) -> list[dict[str, Any]]:
        """The options of each provider: TensorRT keeps the engines that it builds."""
        tensorrt: dict[str, Any] = {}
        if self.engine_cache is not None:
            for kind in ("engine", "timing"):
                tensorrt[f"trt_{kind}_cache_enable"] = True
                tensorrt[f"trt_{kind}_cache_path"] = str(self.engine_cache)
        return [tensorrt if provider == TENSORRT_PROVIDER else {} for provider in self.providers]


def providers_of(device: str) -> tuple[str, ...]:
    """The execution providers of a device.

    Raises:
        ConfigurationError: there is no such device.
    """
    if device not in DEVICES:
        raise ConfigurationError(f"device '{device}' does not exist; available: {', '.join(DEVICES)}")
    return DEVICES[device]


def usable_providers(
    requested: Sequence[str], available: Sequence[str], *, allow_cpu_fallback: bool = False
) -> tuple[str, ...]:
    """The requested execution providers, all of which are available.

    Args:
        requested: names as ONNX Runtime has them, most wanted first.
        available: what this ONNX Runtime has.
        allow_cpu_fallback: leave out what is not available, with a warning, and come down to the CPU at last.

    Raises:
        ConfigurationError: none is requested, or one is not available and falling back is not allowed.
    """
    missing = [provider for provider in requested if provider not in available]
    usable = tuple(provider for provider in requested if provider in available)
    if not requested:
        raise ConfigurationError(f"at least one execution provider must be given; available: {', '.join(available)}")
    if missing and not allow_cpu_fallback:
        raise ConfigurationError(
            f"execution provider {missing[0]} is not available; available: {', '.join(available)}; "
            "install the ONNX Runtime that has it, or allow the fallback to the CPU"
        )
    if missing:
        usable = usable if CPU_PROVIDER in usable else (*usable, CPU_PROVIDER)
        _LOGGER.warning("execution provider %s is not available; plans are made on %s", missing[0], usable[0])
    return usable


def engine_cache_directory(model: str, checksum: str) -> Path:
    """Where the engines of a model are kept: below XDG_CACHE_HOME, `~/.cache` by default.

    Args:
        model: its name.
        checksum: of the file that holds its weights.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "decision_diffuser_ros" / "tensorrt" / f"{model}-{checksum[:16]}"


@contextlib.contextmanager
def reported_engine_building(
    providers: Sequence[str], engine_cache: Path, *, period: float = REPORT_PERIOD
) -> Iterator[None]:
    """Says what is going on while TensorRT builds its engines, every `period` [s]; with other providers nothing."""
    if TENSORRT_PROVIDER not in providers:
        yield
        return
    engine_cache.mkdir(parents=True, exist_ok=True)
    began, done = time.monotonic(), threading.Event()
    building = "building TensorRT engines, which takes minutes but is done once"
    what = "loading TensorRT engines" if any(engine_cache.glob("*.engine")) else building

    def report() -> None:
        while not done.wait(period):
            _LOGGER.warning("%s: %.0f s so far; they are kept in %s", what, time.monotonic() - began, engine_cache)

    _LOGGER.warning("%s; they are kept in %s", what, engine_cache)
    reporter = threading.Thread(target=report, name="engine report", daemon=True)
    reporter.start()
    try:
        yield
    finally:
        done.set()
        reporter.join()
        _LOGGER.warning("TensorRT is ready after %.0f s", time.monotonic() - began)
