"""Nodes as real processes, and what they leave behind."""

import signal
import subprocess
import sys
from pathlib import Path

from decision_diffuser_ros.evaluation.process_facts import descendants
from tests.waiting import TIMEOUT

CONFIG = Path(__file__).resolve().parents[2] / "config" / "quadruped_gaits.yaml"


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


def command_line(pid: int) -> str:
    """The command line of a process, empty if it has gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""
