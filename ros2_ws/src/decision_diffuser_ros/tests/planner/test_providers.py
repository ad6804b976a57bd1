"""Which execution providers a device means, and what is said while TensorRT builds its engines."""

import logging
import time
from pathlib import Path

import pytest

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.planner.providers import (
    CPU_PROVIDER,
    CUDA_PROVIDER,
    TENSORRT_PROVIDER,
    Runtime,
    engine_cache_directory,
    providers_of,
    reported_engine_building,
    usable_providers,
)

ALL = [TENSORRT_PROVIDER, CUDA_PROVIDER, CPU_PROVIDER]


@pytest.mark.parametrize(
    "device, expected",
    [
        ("cpu", (CPU_PROVIDER,)),
        ("cuda", (CUDA_PROVIDER,)),
        ("tensorrt", (TENSORRT_PROVIDER, CUDA_PROVIDER)),
        ("auto", (CUDA_PROVIDER, CPU_PROVIDER)),
    ],
)
def test_a_device_means_its_providers_where_all_are_available(device: str, expected: tuple[str, ...]) -> None:
    assert usable_providers(providers_of(device), ALL) == expected


@pytest.mark.parametrize("device", ["cuda", "tensorrt"])
def test_without_the_gpu_a_gpu_device_is_refused(device: str) -> None:
    with pytest.raises(ConfigurationError, match=r"is not available; available: CPUExecutionProvider; install"):
        usable_providers(providers_of(device), [CPU_PROVIDER])


@pytest.mark.parametrize("device", ["cuda", "tensorrt", "auto"])
def test_where_it_is_allowed_the_cpu_stands_in_with_a_warning(device: str, caplog) -> None:
    assert usable_providers(providers_of(device), [CPU_PROVIDER], allow_cpu_fallback=True) == (CPU_PROVIDER,)
    assert "is not available; plans are made on CPUExecutionProvider" in caplog.text


def test_without_tensorrt_cuda_stands_in_where_it_is_allowed(caplog) -> None:
    usable = usable_providers(providers_of("tensorrt"), [CUDA_PROVIDER, CPU_PROVIDER], allow_cpu_fallback=True)
    assert usable == (CUDA_PROVIDER, CPU_PROVIDER)
    assert "plans are made on CUDAExecutionProvider" in caplog.text


def test_what_is_available_gives_no_warning(caplog) -> None:
    usable_providers(providers_of("auto"), ALL, allow_cpu_fallback=True)
    assert not caplog.records


def test_an_unknown_device_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="device 'tpu' does not exist; available: cpu, cuda, tensorrt, auto"):
        providers_of("tpu")


def test_only_tensorrt_gets_a_cache_for_its_engines(tmp_path: Path) -> None:
    options = Runtime(providers=(TENSORRT_PROVIDER, CUDA_PROVIDER), engine_cache=tmp_path).provider_options()
    assert options[0]["trt_engine_cache_enable"] is True
    assert options[0]["trt_engine_cache_path"] == str(tmp_path)
    assert options[1] == {}


def test_models_with_other_weights_do_not_share_engines(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first, second = (engine_cache_directory("quadruped_gaits", checksum * 64) for checksum in "ab")
    assert first != second
    assert first.is_relative_to(tmp_path)


def test_the_building_of_engines_is_reported_until_it_is_done(tmp_path: Path, caplog) -> None:
    with reported_engine_building((TENSORRT_PROVIDER,), tmp_path / "engines", period=0.01):
        time.sleep(0.1)
    messages = [record.getMessage() for record in caplog.records]
    assert messages[0].startswith("building TensorRT engines, which takes minutes but is done once")
    assert "s so far; they are kept in" in messages[1]
    assert messages[-1].startswith("TensorRT is ready after")
    (tmp_path / "engines" / "some.engine").touch()
    caplog.clear()
    with reported_engine_building((TENSORRT_PROVIDER,), tmp_path / "engines"):
        pass
    assert caplog.messages[0].startswith("loading TensorRT engines")


def test_other_providers_have_nothing_to_report(tmp_path: Path, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    with reported_engine_building((CPU_PROVIDER,), tmp_path / "engines"):
        pass
    assert not caplog.records
    assert not (tmp_path / "engines").exists()
