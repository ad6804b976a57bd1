"""Model bundles that are damaged on their way to the robot: each is refused, and a whole one is loaded after it."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters

from decision_diffuser_ros.nodes.fault_bench import PLANNER, FaultBench
from decision_diffuser_ros.nodes.service_faults import ServiceFaultError
from decision_diffuser_ros.planner.manifest import DENOISER_FILE, INVERSE_DYNAMICS_FILE
from decision_diffuser_ros.resources import MANIFEST_NAME, model_directory


def _change_bit(bundle: Path) -> None:
    content = bytearray((bundle / DENOISER_FILE).read_bytes())
    content[len(content) // 2] ^= 1
    (bundle / DENOISER_FILE).write_bytes(content)


def _truncate(name: str) -> Callable[[Path], None]:
    def damage(bundle: Path) -> None:
        content = (bundle / name).read_bytes()
        (bundle / name).write_bytes(content[: len(content) // 2])

    return damage


def _swap_graphs(bundle: Path) -> None:
    denoiser = (bundle / DENOISER_FILE).read_bytes()
    shutil.copy(bundle / INVERSE_DYNAMICS_FILE, bundle / DENOISER_FILE)
    (bundle / INVERSE_DYNAMICS_FILE).write_bytes(denoiser)


def _remove(name: str) -> Callable[[Path], None]:
    return lambda bundle: (bundle / name).unlink()


def _write(name: str, content: bytes) -> Callable[[Path], None]:
    def damage(bundle: Path) -> None:
        (bundle / name).write_bytes(content)

    return damage


DAMAGES: dict[str, Callable[[Path], None]] = {
    "one bit of the denoiser is changed": _change_bit,
    "the denoiser is cut in half": _truncate(DENOISER_FILE),
    "the inverse dynamics are cut in half": _truncate(INVERSE_DYNAMICS_FILE),
    "the manifest is cut in half": _truncate(MANIFEST_NAME),
    "the graphs are swapped": _swap_graphs,
    "the denoiser is missing": _remove(DENOISER_FILE),
    "the manifest is missing": _remove(MANIFEST_NAME),
    "the manifest is empty": _write(MANIFEST_NAME, b""),
    "the manifest is a list": _write(MANIFEST_NAME, b"[[[]]]"),
    "the manifest is no text": _write(MANIFEST_NAME, bytes(range(256))),
    "the manifest is nested a hundred thousand times": _write(MANIFEST_NAME, b"[" * 100_000),
}


@contextlib.contextmanager
def damaged_bundles_loaded(bench: FaultBench) -> Iterator[None]:
    """Take the model away from the running node, offer it damaged ones, then give it back.

    Raises:
        ServiceFaultError: a damaged bundle was loaded, or refused without a reason, or the whole one was not loaded.
    """
    whole = model_directory(bench.settings.bundle or "quadruped_gaits")
    with bench.beginning():
        _require(bench.transition("deactivate") and bench.transition("cleanup"), "the node did not let its model go")
        yield
        with tempfile.TemporaryDirectory() as directory:
            for number, (what, damage) in enumerate(DAMAGES.items()):
                bundle = Path(directory) / str(number)
                shutil.copytree(whole, bundle)
                damage(bundle)
                set_text_parameter(bench, "bundle", str(bundle))
                _require(not bench.transition("configure"), f"a bundle was loaded although {what}")
                reason = bench.wait(lambda: bool(bench.wire.status and bench.wire.status.message), timeout=2.0)
                _require(reason, f"no reason was given when {what}")
        set_text_parameter(bench, "bundle", str(whole))
        _require(bench.transition("configure") and bench.transition("activate"), "the whole bundle was not loaded")
        bench.wait(lambda: bench.wire.mode == "ACTIVE", timeout=10.0)


def set_text_parameter(bench: FaultBench, name: str, value: str) -> None:
    """Set a parameter of the planner. Raises ServiceFaultError if it is refused."""
    text = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=value)
    request = SetParameters.Request(parameters=[Parameter(name=name, value=text)])
    result = bench.call(SetParameters, f"{PLANNER}/set_parameters", request).results[0]
    _require(result.successful, f"parameter {name} was not taken: {result.reason}")


def _require(condition: bool, problem: str) -> None:
    if not condition:
        raise ServiceFaultError(problem)
