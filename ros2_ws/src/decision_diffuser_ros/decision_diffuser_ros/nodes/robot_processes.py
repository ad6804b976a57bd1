"""The nodes of a robot as processes of this one: started together, watched, and never left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from decision_diffuser_ros.errors import ConfigurationError, DecisionDiffuserError

PACKAGE = "decision_diffuser_ros"
STOP_TIMEOUT = 8.0  # [s], for a node to leave in order
LOG_TAIL_LINES = 12


class ProcessError(DecisionDiffuserError):
    """A node has ended that should run."""


def executable(name: str) -> Path:
    """The installed executable of this package.

    Raises:
        ConfigurationError: when no sourced workspace holds it.
    """
    prefixes = [prefix for prefix in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if prefix]
    for prefix in prefixes:
        path = Path(prefix) / "lib" / PACKAGE / name
        if path.is_file():
            return path
    raise ConfigurationError(
        f"executable '{name}' is in none of the sourced workspaces ({', '.join(prefixes) or 'none is sourced'}); "
        "build with colcon and source install/setup.sh, or run `make setup`"
    )


def parameter_arguments(parameters: Mapping[str, object]) -> list[str]:
    """The arguments of a command line that set a node's parameters, after `--ros-args`."""
    texts = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in parameters.items()}
    return [argument for name, text in texts.items() for argument in ("-p", f"{name}:={text}")]


class RobotProcesses:
    """Starts nodes on entry and stops them all on exit, whatever happened in between.

    Args:
        commands: by name, the command line of each process.
        log_directory: gets NAME.log of each.
    """

    def __init__(self, commands: dict[str, Sequence[str]], *, log_directory: Path) -> None:
        self._commands = commands
        self._logs = {name: log_directory / f"{name}.log" for name in commands}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> RobotProcesses:
        try:
            for name in self._commands:
                self.start(name)
        except BaseException:
            self.stop()
            raise
        return self

    def start(self, name: str) -> None:
        """Starts the process of this name, whose log goes on if it has run before."""
        self._logs[name].parent.mkdir(parents=True, exist_ok=True)
        with self._logs[name].open("ab" if name in self._processes else "wb") as log, _signals_held():
            self._processes[name] = subprocess.Popen(
                self._commands[name], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )

    def process(self, name: str) -> subprocess.Popen[bytes]:
        """The process of this name, running or ended."""
        return self._processes[name]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def check(self) -> None:
        """Makes sure that all are running.

        Raises:
            ProcessError: with the end of the log of the one that is not.
        """
        for name, process in self._processes.items():
            if process.poll() is not None:
                lines = self._logs[name].read_text(encoding="utf-8", errors="replace").splitlines()
                tail = "\n    ".join(lines[-LOG_TAIL_LINES:])
                raise ProcessError(
                    f"{name} has ended with exit code {process.returncode}; {self._logs[name]} ends:\n    {tail}"
                )

    def stop(self) -> None:
        """Asks all to leave in order, and kills what has not left in time, or at once if this is interrupted."""
        processes = self._processes.values()
        try:
            for process in processes:
                process.send_signal(signal.SIGINT)  # nothing is sent to one that has ended
            for process in processes:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(STOP_TIMEOUT)
        finally:
            with _signals_held():
                for process in processes:
                    process.kill()
                    process.wait()


@contextlib.contextmanager
def _signals_held() -> Iterator[None]:
    """What SIGINT and SIGTERM do waits for its end: an exception meanwhile would lose a process that has just begun."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are handled in the main thread alone
        return
    noted: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda number, frame: noted.append(number)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for noted_number in noted:
            signal.raise_signal(noted_number)
