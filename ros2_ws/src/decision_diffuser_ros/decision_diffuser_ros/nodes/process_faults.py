"""What can happen to the processes of a robot: each is a context, in which the fault lasts."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import time
from collections.abc import Iterator

from decision_diffuser_ros.evaluation.process_facts import process_facts
from decision_diffuser_ros.nodes.fault_bench import SIMULATOR, FaultBench


def kill_planning(bench: FaultBench) -> None:
    """SIGKILL to the process that plans."""
    _signal(bench.planning_pid, signal.SIGKILL)


@contextlib.contextmanager
def planning_killed(bench: FaultBench) -> Iterator[None]:
    """SIGKILL: the process that plans is gone, and time to replace it."""
    kill_planning(bench)
    yield
    time.sleep(3.0)


def planning_stopped(bench: FaultBench) -> contextlib.AbstractContextManager[None]:
    """SIGSTOP: the process is there and does nothing; its replacement is not touched."""
    return _stopped(bench.planning_pid, seconds=3.0)


@contextlib.contextmanager
def planning_slow(bench: FaultBench) -> Iterator[None]:
    """Stopped most of the time, so that a plan takes several times as long as it may."""
    yield
    end = time.monotonic() + 3.0
    while time.monotonic() < end:
        with _stopped(bench.planning_pid, seconds=0.15):  # another one after each replacement
            pass
        time.sleep(0.02)


@contextlib.contextmanager
def planning_without_memory(bench: FaultBench) -> Iterator[None]:
    """No page more than it has, and everything that it frees and needs again is refused."""
    pid = bench.planning_pid
    facts = process_facts(pid)
    limit = facts.resident_memory // 2 if facts is not None else 0
    resource.prlimit(pid, resource.RLIMIT_AS, (limit, limit))
    yield
    time.sleep(4.0)


@contextlib.contextmanager
def simulator_restarted(bench: FaultBench) -> Iterator[None]:
    """The simulator is killed, and started again after a second."""
    process = bench.processes.process(SIMULATOR)
    process.kill()
    process.wait()
    yield
    time.sleep(1.0)
    bench.processes.start(SIMULATOR)
    time.sleep(2.0)


def simulator_paused(bench: FaultBench) -> contextlib.AbstractContextManager[None]:
    """SIGSTOP to the simulator, until it may go on."""
    return _stopped(bench.processes.process(SIMULATOR).pid, seconds=3.0)


@contextlib.contextmanager
def node_stopped(bench: FaultBench) -> Iterator[None]:
    """The whole planner node stands still; nothing can be published then, and all is stale when it goes on."""
    with _stopped(bench.planner_pid, seconds=1.0):
        yield
    time.sleep(0.5)


@contextlib.contextmanager
def _stopped(pid: int, *, seconds: float) -> Iterator[None]:
    """SIGSTOP to a process, which goes on `seconds` after the fault has begun, or at once if that is interrupted."""
    _signal(pid, signal.SIGSTOP)
    try:
        yield
        time.sleep(seconds)
    finally:
        _signal(pid, signal.SIGCONT)


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
