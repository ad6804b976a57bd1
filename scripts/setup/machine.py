"""What this machine offers: Python interpreters, a compiler, a sourced ROS 2, an NVIDIA GPU."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from report import SetupError

PREFERRED_VERSIONS = ((3, 11), (3, 10), (3, 12))
"""PyBullet has wheels for the first two; on 3.12 pip compiles it."""

VERSIONS_WITH_PYBULLET_WHEEL = ((3, 10), (3, 11))

_PROBE = """
import importlib.metadata, importlib.util, pathlib, sys, sysconfig
print(*sys.version_info[:2])
print(importlib.util.find_spec("venv") is not None and importlib.util.find_spec("ensurepip") is not None)
print(pathlib.Path(sysconfig.get_paths()["include"], "Python.h").is_file())
print(all(importlib.util.find_spec(name) for name in ("rclpy", "colcon_core", "numpy")))
print(importlib.metadata.version("numpy") if importlib.util.find_spec("numpy") else "")
print(sys.executable)
"""


@dataclass(frozen=True)
class Interpreter:
    """A Python that was found by running it."""

    executable: str
    version: tuple[int, int]
    has_venv: bool
    has_headers: bool
    has_ros: bool
    numpy_version: str

    @property
    def lacking(self) -> str:
        """The Debian packages that it lacks, separated by blanks; empty if it is complete."""
        name = f"python{self.version[0]}.{self.version[1]}"
        packages = [(self.has_venv, f"{name}-venv"), (self.has_headers, f"{name}-dev")]
        return " ".join(package for present, package in packages if not present)


def probe(command: str) -> Interpreter | None:
    """The interpreter behind `command`, or None if there is none that runs."""
    path = shutil.which(command)
    if path is None:
        return None
    answer = subprocess.run([path, "-c", _PROBE], capture_output=True, text=True)
    if answer.returncode != 0:
        return None
    version, has_venv, has_headers, has_ros, numpy_version, executable = answer.stdout.splitlines()[-6:]
    major, minor = version.split()
    return Interpreter(
        executable=executable,
        version=(int(major), int(minor)),
        has_venv=has_venv == "True",
        has_headers=has_headers == "True",
        has_ros=has_ros == "True",
        numpy_version=numpy_version,
    )


def choose_interpreter(*, ros_is_sourced: bool, wanted: str | None = None) -> Interpreter:
    """The Python to set up with: `wanted`, else the sourced ROS 2's own, else the first of the preferred versions.

    Raises:
        SetupError: there is none, or it lacks its headers or the venv module.
    """
    commands = [wanted] if wanted else [sys.executable, "python3", *(f"python3.{v[1]}" for v in PREFERRED_VERSIONS)]
    found = [interpreter for interpreter in map(probe, commands) if interpreter is not None]
    usable = [interpreter for interpreter in found if interpreter.version in PREFERRED_VERSIONS]
    if ros_is_sourced:
        usable = [interpreter for interpreter in usable if interpreter.has_ros]
    if not usable:
        seen = ", ".join(sorted({f"{i.version[0]}.{i.version[1]} ({i.executable})" for i in found})) or "none"
        if ros_is_sourced:
            raise SetupError(
                f"no Python 3.10, 3.11 or 3.12 that imports the sourced ROS 2 and colcon (found: {seen}); 'sudo apt "
                "install python3-colcon-common-extensions', or 'unset ROS_DISTRO' to use ROS 2 wheels instead"
            )
        raise SetupError(
            f"no Python 3.10, 3.11 or 3.12 (found: {seen}); install one, for example "
            "'sudo apt install python3 python3-venv python3-dev', or name one: 'make setup PYTHON=/path/to/python3.11'"
        )
    chosen = min(usable, key=lambda i: (bool(i.lacking), PREFERRED_VERSIONS.index(i.version)))
    if chosen.lacking:
        raise SetupError(
            f"{chosen.executable} is Python {chosen.version[0]}.{chosen.version[1]} without all of its parts; "
            f"install them: 'sudo apt install {chosen.lacking}'"
        )
    return chosen


def require_build_tools() -> None:
    """Checks for what the interface package is built with.

    Raises:
        SetupError: a compiler or make is missing.
    """
    tools = {"C compiler": ("cc", "gcc", "clang"), "C++ compiler": ("c++", "g++", "clang++"), "make": ("make",)}
    missing = [name for name, commands in tools.items() if not any(map(shutil.which, commands))]
    if missing:
        raise SetupError(f"no {' and no '.join(missing)} found; install it: 'sudo apt install build-essential'")


def sourced_ros(environment: Mapping[str, str] = os.environ) -> str | None:
    """The name of the ROS 2 distribution whose set-up file has been sourced, or None."""
    return environment.get("ROS_DISTRO") or None


def has_nvidia_gpu() -> bool:
    """Whether the NVIDIA driver lists a GPU."""
    path = shutil.which("nvidia-smi")
    if path is None:
        return False
    answer = subprocess.run([path, "-L"], capture_output=True, text=True)
    return answer.returncode == 0 and "GPU" in answer.stdout
