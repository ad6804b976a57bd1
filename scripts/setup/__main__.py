"""Sets up this checkout: `.venv` with pinned packages, ROS 2, and the built workspace.

    python3 scripts/setup                     what the demo needs
    python3 scripts/setup --with train test   and what training and the tests need

It needs the standard library only, does nothing that is done already, and says what it does. `make setup` calls it.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path
from typing import List, Optional

if sys.version_info < (3, 8):
    sys.exit("set-up: this Python is too old to run the set-up; install Python 3.10, 3.11 or 3.12")

from machine import choose_interpreter, has_nvidia_gpu, require_build_tools, sourced_ros
from report import SetupError
from virtual_environment import VirtualEnvironment
from workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]


def set_up(*, extras: List[str], python: Optional[str]) -> None:
    """Goes through all steps, each of which is skipped where it has been done."""
    require_build_tools()
    distribution = sourced_ros()
    interpreter = choose_interpreter(ros_is_sourced=distribution is not None, wanted=python)
    venv = VirtualEnvironment(
        ROOT,
        interpreter=interpreter,
        with_system_packages=distribution is not None,
        with_gpu=has_nvidia_gpu(),
    )
    workspace = Workspace(ROOT, venv=venv, uses_wheels=distribution is None)
    venv.ensure()
    venv.install("demo")
    if distribution is None:
        venv.install("ros")
        workspace.adapt_wheels()
    for name in extras:
        venv.install(name)
    workspace.build()
    workspace.write_programs()


def main() -> int:
    """Reads the command line and sets up; returns the exit code."""
    parser = argparse.ArgumentParser(prog="setup", description=__doc__.splitlines()[0])
    parser.add_argument("--with", dest="extras", nargs="+", choices=["train", "test"], default=[], metavar="PART")
    parser.add_argument("--python", help="the Python to set up with (default: the best one found)")
    arguments = parser.parse_args()
    begin = time.monotonic()
    print(f"set-up of {ROOT}")
    try:
        set_up(extras=arguments.extras, python=arguments.python or None)
    except (SetupError, subprocess.CalledProcessError) as error:
        print(f"set-up: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nset-up: interrupted; run it again to go on", file=sys.stderr)
        return 130
    print(f"  ready after {time.monotonic() - begin:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
