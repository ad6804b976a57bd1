"""How something was made: the facts that a data set or a model carries with it."""

import datetime
import platform
import subprocess
import sys
from pathlib import Path

from decision_diffuser_ros.resources import package_version


def provenance() -> dict[str, str]:
    """The command line, version, commit, processor and time of this run, for the JSON beside a result."""
    return {
        "command": " ".join(["decision-diffuser", *sys.argv[1:]]),
        "version": package_version(),
        "commit": _commit(),
        "processor": processor_name(),
        "python": platform.python_version(),
        "made": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
    }


def processor_name() -> str:
    """The processor's model name as the operating system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _commit() -> str:
    """Hash of the checked-out commit, `+changes` where the tree differs from it, `unknown` outside a checkout."""
    directory = Path(__file__).resolve().parent
    try:
        commit = _git(directory, "rev-parse", "--short=12", "HEAD")
        return commit + ("+changes" if _git(directory, "status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(directory: Path, *arguments: str) -> str:
    result = subprocess.run(
        ["git", "-C", str(directory), *arguments], check=True, capture_output=True, text=True, timeout=10
    )
    return result.stdout.strip()
