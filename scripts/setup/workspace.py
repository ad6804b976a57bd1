"""The colcon workspace: build it against the ROS 2 at hand, and write the programs that run in it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from report import run_logged, step
from stamps import Stamp
from virtual_environment import VirtualEnvironment, variables_with

INTERFACES = "decision_diffuser_msgs"
PACKAGE = "decision_diffuser_ros"

_IN_WORKSPACE = """#!/bin/sh
# Runs a command in the built workspace: .venv/bin/in-workspace python -m pytest. Made by the set-up; not to be edited.
export VIRTUAL_ENV="{venv}"
export PATH="{venv}/bin:$PATH"
{ament_prefix}# ROS traffic stays on this host unless the caller says otherwise.
export ROS_AUTOMATIC_DISCOVERY_RANGE="${{ROS_AUTOMATIC_DISCOVERY_RANGE:-LOCALHOST}}"
unset _ROS_WHEELS_BOOTSTRAP_COMPLETE
. "{install}/setup.sh"
exec "$@"
"""

_DECISION_DIFFUSER = """#!/bin/sh
# The command line of decision_diffuser_ros, in the built workspace. Made by the set-up; not to be edited.
exec "{venv}/bin/in-workspace" "{install}/{package}/lib/{package}/decision-diffuser" "$@"
"""


class Workspace:
    """`ros2_ws` of this checkout."""

    def __init__(self, root: Path, *, venv: VirtualEnvironment, uses_wheels: bool) -> None:
        """Names the workspace; nothing is built yet.

        Args:
            root: folder of the checkout.
            venv: environment whose Python and build tools are used.
            uses_wheels: whether ROS 2 comes from the wheels in `venv`, not from a sourced installation.
        """
        self._folder = root / "ros2_ws"
        self._install = self._folder / "install"
        self._venv = venv
        self._uses_wheels = uses_wheels

    def adapt_wheels(self) -> None:
        """Lets the CMake files of the ROS wheels name this Python's headers, not their build machine's."""
        stamp = Stamp(self._venv.path / "setup" / "headers.stamp", files=[self._venv.path / "setup" / "ros.stamp"])
        if stamp.is_current():
            return
        question = "import numpy, sysconfig; print(sysconfig.get_paths()['include']); print(numpy.get_include())"
        answer = subprocess.run([str(self._venv.python), "-c", question], capture_output=True, text=True, check=True)
        python_headers, numpy_headers = answer.stdout.splitlines()
        for file in self._venv.path.glob("share/*/cmake/*rosidl_generator_py*.cmake"):
            text = file.read_text()
            adapted = replace_headers(text, python_headers=python_headers, numpy_headers=numpy_headers)
            if adapted != text:
                file.write_text(adapted)
        stamp.write()

    def build(self) -> None:
        """Builds both packages with colcon, each unless it has been built from the same sources."""
        for package, inputs in ((INTERFACES, self._interface_sources()), (PACKAGE, self._package_description())):
            stamp = Stamp(
                self._install / package / ".setup-stamp",
                files=inputs,
                facts=[str(self._venv.python.resolve()), str(self._folder), *self._shared_files(package)],
            )
            if stamp.is_current():
                continue
            with step(f"colcon build of {package}"):
                self._colcon_build(package)
            stamp.write()

    def write_programs(self) -> None:
        """Writes `.venv/bin/in-workspace` and `.venv/bin/decision-diffuser`."""
        ament_prefix = f'export AMENT_PREFIX_PATH="{self._venv.path}"\n' if self._uses_wheels else ""
        names = {"venv": self._venv.path, "install": self._install, "package": PACKAGE, "ament_prefix": ament_prefix}
        for name, text in (("in-workspace", _IN_WORKSPACE), ("decision-diffuser", _DECISION_DIFFUSER)):
            program = self._venv.path / "bin" / name
            program.write_text(text.format(**names))
            program.chmod(0o755)

    def _colcon_build(self, package: str) -> None:
        variables = self._venv.environment
        if self._uses_wheels:
            prefix = str(self._venv.path)
            variables = variables_with(variables, "AMENT_PREFIX_PATH", prefix)
            variables = variables_with(variables, "CMAKE_PREFIX_PATH", prefix)
        command = [str(self._venv.python), "-m", "colcon", "build", "--symlink-install"]
        command += ["--packages-select", package, "--event-handlers", "console_direct+"]
        command += ["--cmake-args", "-DBUILD_TESTING=OFF", f"-DPython3_EXECUTABLE={self._venv.python}"]
        run_logged(command, self._venv.log, variables, self._folder)

    def _interface_sources(self) -> list[Path]:
        return [path for path in (self._folder / "src" / INTERFACES).rglob("*") if path.is_file()]

    def _package_description(self) -> list[Path]:
        """What a build of the Python package depends on; its modules are linked and need no new build."""
        return [self._folder / "src" / PACKAGE / name for name in ("package.xml", "setup.py", "setup.cfg")]

    def _shared_files(self, package: str) -> list[str]:
        """Names of the files that are linked into the install space; a new one needs a new build."""
        if package != PACKAGE:
            return []
        source = self._folder / "src" / package
        folders = ("launch", "config", "models", "sim")
        paths = (path for folder in folders for path in (source / folder).rglob("*"))
        return sorted(str(path) for path in paths if path.is_file() and "__pycache__" not in path.parts)


def replace_headers(text: str, *, python_headers: str, numpy_headers: str) -> str:
    """`text` with the header folders of the wheels' build machine replaced, whichever Python they were built for."""
    for tag in ("cp310-cp310", "cp311-cp311", "cp312-cp312"):
        version = f"3.{tag[3:5]}"
        built_with = f"/opt/python/{tag}"
        text = text.replace(f"{built_with}/lib/python{version}/site-packages/numpy/_core/include", numpy_headers)
        text = text.replace(f"{built_with}/include/python{version}", python_headers)
    return text
