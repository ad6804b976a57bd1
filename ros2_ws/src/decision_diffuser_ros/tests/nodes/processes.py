"""Nodes as real processes, and what they leave behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

CONFIG = Path(__file__).resolve().parents[2] / "config" / "quadruped_gaits.yaml"
TIMEOUT = 30.0  # [s], generous: no test waits for it unless something is wrong


class NodeProcess:
    """A node of this package in a process of its own."""

    def __init__(
        self, module: str, log: Path, *, parameters: dict | None = None, namespace: str = "", config: Path = CONFIG
    ) -> None:
        arguments = ["--ros-args", "--params-file", str(config)]
        for name, value in (parameters or {}).items():
            arguments += ["-p", f"{name}:={str(value).lower() if isinstance(value, bool) else value}"]
        if namespace:
            arguments += ["-r", f"__ns:=/{namespace}"]
        self._log = log
        self._log_file = log.open("w")
        self.process = subprocess.Popen(
            [sys.executable, "-m", f"decision_diffuser_ros.nodes.{module}", *arguments],
            stdout=self._log_file,
            stderr=subprocess.STDOUT,
        )

    @property
    def log(self) -> str:
        """All that the node has printed."""
        return self._log.read_text()

    def children(self) -> list[int]:
        """Process ids of its children and theirs."""
        return descendants(self.process.pid)

    def planner_child(self) -> int:
        """Process id of the planner's process."""
        (child,) = [pid for pid in self.children() if "spawn_main" in command_line(pid)]
        return child

    def stop(self, number: int = signal.SIGINT) -> int:
        """Send a signal and return the exit code; the process may have ended before."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(TIMEOUT)
        finally:
            self.process.kill()
            self._log_file.close()


def descendants(pid: int) -> list[int]:
    """All processes below `pid`."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
    found, frontier = [], [pid]
    while frontier:
        frontier = [child for child, parent in parents.items() if parent in frontier]
        found += frontier
    return found


def command_line(pid: int) -> str:
    """The command line of a process, empty if it has gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def is_running(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
