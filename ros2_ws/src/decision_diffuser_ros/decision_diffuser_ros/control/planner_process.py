"""The planner in a supervised child process, so that planning never takes the control loop's GIL.

A supervising thread owns the child: it sends the newest request when the child is free, collects
plans, and replaces a child that crashes, hangs or was killed. The control loop only leaves requests
and picks up results; it never waits for the child unless it asks to.
"""

from __future__ import annotations

import contextlib
import enum
import logging
import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

from decision_diffuser_ros.control.planner_worker import (
    EXIT_OUT_OF_MEMORY,
    LOG_MESSAGE,
    PlannerWorkerSettings,
    run_planner_worker,
)
from decision_diffuser_ros.control.receding_horizon import PlanRequest
from decision_diffuser_ros.errors import ConfigurationError, PlanError
from decision_diffuser_ros.planner.providers import TENSORRT_PROVIDER

if TYPE_CHECKING:
    from decision_diffuser_ros.planner.planner import Plan

logger = logging.getLogger(__name__)


class PlannerState(enum.Enum):
    """What the planner process is doing."""

    STARTING = "starting"
    READY = "ready"
    RESTARTING = "restarting"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, kw_only=True)
class SupervisionSettings:
    """When a planner process is given up and how often it is replaced.

    Attributes:
        start_timeout: for loading and warming up [s].
        engine_timeout: the same where TensorRT may have to build its engines first [s].
        hang_timeout: for one plan [s].
        refusal_limit: answers without a plan in a row (a plan that is not finite, memory that is
            short) after which the process is replaced.
        restart_delay: pause before the first replacement [s]; each further one in a row waits twice as long.
        longest_restart_delay: the pause grows no longer [s].
        restart_limit: replacements in a row without a single plan between them.
    """

    start_timeout: float = 60.0
    engine_timeout: float = 1800.0
    hang_timeout: float = 1.0
    refusal_limit: int = 5
    restart_delay: float = 0.2
    longest_restart_delay: float = 5.0
    restart_limit: int = 5

    def __post_init__(self) -> None:
        for name in ("start_timeout", "engine_timeout", "hang_timeout"):
            if not getattr(self, name) > 0.0:
                raise ConfigurationError(f"`{name}` must be above 0. Got {getattr(self, name)} s")
        if self.refusal_limit < 1:
            raise ConfigurationError(f"`refusal_limit` must be at least 1. Got {self.refusal_limit}")

    def restart_pause(self, failures_in_a_row: int) -> float:
        """Return how long to wait before the process is replaced [s], after 1, 2, 3, ... failures in a row."""
        doublings = min(max(0, failures_in_a_row - 1), 30)
        return min(self.restart_delay * 2.0**doublings, self.longest_restart_delay)


@dataclass(frozen=True, eq=False)
class PlanResult:
    """The answer to a request: a plan, or None and the reason. `duration` is request to answer [s]."""

    request: PlanRequest
    plan: Plan | None
    error: str
    duration: float


@dataclass(frozen=True, eq=False)
class _InFlight:
    """A request that the child works on, and the steady times at which it was made and sent [s]."""

    request: PlanRequest
    requested: float
    sent: float


class _ChildLostError(Exception):
    """The child process is of no use any more; the message says why."""


class PlannerProcess:
    """Starts, feeds, watches and replaces the planner process."""

    def __init__(self, worker: PlannerWorkerSettings, supervision: SupervisionSettings | None = None) -> None:
        self.restarts = 0
        self.warm_up_duration = 0.0
        self.last_error = ""
        self._worker = worker
        self._supervision = supervision or SupervisionSettings()
        self._state = PlannerState.STOPPED
        self._changed = threading.Condition()
        self._next_request: tuple[PlanRequest, float] | None = None
        self._in_flight: _InFlight | None = None
        self._results: list[PlanResult] = []
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._child: Any = None
        self._pid: int | None = None
        self._failures_in_a_row = 0
        self._refusals_in_a_row = 0

    @property
    def state(self) -> PlannerState:
        """What the planner process is doing."""
        return self._state

    @property
    def pid(self) -> int | None:
        """Process id of the child, None while there is none."""
        return self._pid

    @property
    def is_lost(self) -> bool:
        """Whether there is no process that plans now, nor will be one without a replacement."""
        return self._state in (PlannerState.RESTARTING, PlannerState.FAILED, PlannerState.STOPPED)

    @property
    def hang_timeout(self) -> float:
        """Time after which a plan is given up and the process replaced [s]."""
        return self._supervision.hang_timeout

    def start(self, *, abort: Callable[[], bool] = lambda: False) -> None:
        """Start the child and return when it is warmed up.

        Args:
            abort: asked several times a second whether to give up.

        Raises:
            PlanError: it could not load the bundle, crashed or took too long, or the start was given up.
        """
        self._stopping = False
        self._state = PlannerState.STARTING
        self._failures_in_a_row = self._supervision.restart_limit  # the first start is not tried again
        self._wake_reader, self._wake_writer = os.pipe()
        os.set_blocking(self._wake_writer, False)
        self._thread = threading.Thread(target=self._supervise, name="planner supervisor", daemon=True)
        self._thread.start()
        while not self._waited_for_start(0.1):
            if abort():
                self.stop()
                raise PlanError("the start was interrupted")
        if self._state is not PlannerState.READY:
            error = self.last_error
            self.stop()
            raise PlanError(f"the planner process did not start: {error}")

    def _waited_for_start(self, timeout: float) -> bool:
        """Wait for the end of the start, well or not; return whether it came within `timeout` [s]."""
        with self._changed:
            return self._changed.wait_for(lambda: self._state is not PlannerState.STARTING, timeout)

    def stop(self) -> None:
        """End the child; requests and results are forgotten. Harmless when it is not running."""
        if self._thread is None:
            return
        self._stopping = True
        self._wake()
        self._thread.join()
        self._thread = None
        os.close(self._wake_reader)
        os.close(self._wake_writer)
        self._next_request = self._in_flight = None
        self._results = []
        self._state = PlannerState.STOPPED

    def submit(self, request: PlanRequest) -> None:
        """Ask for a plan; a request that has not been begun yet is replaced by this one."""
        with self._changed:
            self._next_request = (request, time.monotonic())
        self._wake()

    def take_results(self) -> list[PlanResult]:
        """Return the answers since the last call, oldest first, without waiting."""
        with self._changed:
            results, self._results = self._results, []
        return results

    def wait_until_idle(self, timeout: float) -> bool:
        """Wait until every request has its answer; return whether that was within `timeout` [s]."""
        with self._changed:
            return self._changed.wait_for(
                lambda: (self._next_request is None and self._in_flight is None) or self._state is PlannerState.FAILED,
                timeout,
            )

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # the pipe is full of wake-ups already
            os.write(self._wake_writer, b"\0")

    def _supervise(self) -> None:
        while not self._stopping:
            try:
                self._run_child()
            except _ChildLostError as loss:
                self._note_loss(str(loss))
            except Exception as error:  # noqa: BLE001 - nobody else would notice that nobody supervises any more
                self._note_loss(f"its supervision failed: {error!r}")
            if self._state is PlannerState.FAILED:
                return
            if not self._stopping:
                self._pause(self._supervision.restart_pause(self._failures_in_a_row))

    def _pause(self, seconds: float) -> None:
        """Wait before a replacement; `stop` ends it, requests do not."""
        deadline = time.monotonic() + seconds
        while not self._stopping and (left := deadline - time.monotonic()) > 0.0:
            if wait([self._wake_reader], left):
                os.read(self._wake_reader, 4096)

    def _run_child(self) -> None:
        """Start a child and serve it until it is lost or we are stopping."""
        connection = self._start_child()
        try:
            self._await_ready(connection)
            while not self._stopping:
                self._serve_once(connection)
        except (EOFError, OSError) as error:
            self._child.join(1.0)
            raise _ChildLostError(self._how_it_ended()) from error
        except _ChildLostError:
            raise
        except Exception as error:  # what cannot be read is no answer, whatever is wrong with it
            raise _ChildLostError(f"its answer cannot be read: {error!r}") from error
        finally:
            connection.close()
            self._end_child()

    def _start_child(self) -> Connection:
        """Start a child and return our end of the pipe to it; where memory or files are short it cannot be."""
        context = multiprocessing.get_context("spawn")
        try:
            connection, childs_end = context.Pipe()
        except OSError as error:
            raise _ChildLostError(f"there is no pipe to it: {error}") from error
        child = context.Process(target=run_planner_worker, args=(childs_end, self._worker), name="planner", daemon=True)
        try:
            child.start()
        except (OSError, MemoryError) as error:
            connection.close()
            raise _ChildLostError(f"it cannot be started: {error!r}") from error
        finally:
            childs_end.close()
        self._child, self._pid = child, child.pid
        return connection

    def _await_ready(self, connection: Connection) -> None:
        builds_engines = TENSORRT_PROVIDER in self._worker.providers
        timeout = self._supervision.engine_timeout if builds_engines else self._supervision.start_timeout
        deadline = time.monotonic() + timeout
        message: tuple = (LOG_MESSAGE,)
        while message[0] == LOG_MESSAGE:
            while not connection.poll(0.1):
                if self._stopping:
                    return
                if time.monotonic() > deadline:
                    raise _ChildLostError(f"it was not ready within {timeout:g} s")
            message = connection.recv()
            if message[0] == LOG_MESSAGE:
                logger.log(message[1], "planner process: %s", message[2])
        if message[0] != "ready":
            raise _ChildLostError(message[1])
        self.warm_up_duration = message[1]
        self._set_state(PlannerState.READY)

    def _serve_once(self, connection: Connection) -> None:
        """Send the next request if the child is free, then wait for an answer or a wake-up."""
        with self._changed:
            if self._in_flight is None and self._next_request is not None:
                message, self._next_request = self._next_request, None
                self._in_flight = _InFlight(*message, time.monotonic())
                connection.send(message)
            in_flight = self._in_flight
        time_left = None
        if in_flight is not None:
            time_left = in_flight.sent + self._supervision.hang_timeout - time.monotonic()
            if time_left <= 0.0:
                raise _ChildLostError(f"it made no plan within {self._supervision.hang_timeout:g} s")
        ready = wait([connection, self._wake_reader], time_left)
        if self._wake_reader in ready:
            os.read(self._wake_reader, 4096)
        if connection in ready:
            self._take_answer(connection.recv())

    def _take_answer(self, message: tuple[str, int, Any]) -> None:
        kind, sequence, content = message
        if kind == LOG_MESSAGE:
            logger.log(sequence, "planner process: %s", content)
            return
        with self._changed:
            in_flight = self._in_flight
            if in_flight is None or in_flight.request.sequence != sequence:
                return
            plan, error = (content, "") if kind == "plan" else (None, content)
            self._results.append(PlanResult(in_flight.request, plan, error, time.monotonic() - in_flight.requested))
            self._in_flight = None
            if plan is not None:
                self._failures_in_a_row = self._refusals_in_a_row = 0
            elif kind == "failed plan":  # another process would refuse the request, too
                self._refusals_in_a_row += 1
            self._changed.notify_all()
        if self._refusals_in_a_row >= self._supervision.refusal_limit:
            raise _ChildLostError(f"it made no plan {self._refusals_in_a_row} times in a row, at last: {error}")

    def _note_loss(self, reason: str) -> None:
        self.last_error = reason
        self._failures_in_a_row += 1
        self._refusals_in_a_row = 0
        with self._changed:
            in_flight, self._in_flight = self._in_flight, None
            if in_flight is not None:
                error = f"the planner process was lost: {reason}"
                duration = time.monotonic() - in_flight.requested
                self._results.append(PlanResult(in_flight.request, None, error, duration))
        if self._stopping:
            return
        if self._failures_in_a_row > self._supervision.restart_limit:
            if self._state is not PlannerState.STARTING:  # what fails at the start is for `start` to say
                logger.error("planner process lost: %s; it is given up until cleanup and configure", reason)
            self._set_state(PlannerState.FAILED)
            return
        self.restarts += 1
        logger.error("planner process lost: %s; it is replaced", reason)
        self._set_state(PlannerState.RESTARTING)

    def _set_state(self, state: PlannerState) -> None:
        with self._changed:
            if state is PlannerState.READY and self._state is PlannerState.STARTING:
                self._failures_in_a_row = 0
            self._state = state
            self._changed.notify_all()

    def _how_it_ended(self) -> str:
        code = self._child.exitcode
        if code is None:
            return "it closed its pipe"
        if code == EXIT_OUT_OF_MEMORY:
            return "it ran out of memory"
        return f"it was ended by signal {-code}" if code < 0 else f"it ended with exit code {code}"

    def _end_child(self) -> None:
        """Give the child a moment to see its pipe closed, then kill it."""
        self._child.join(0.5 if self._in_flight is None else 0.0)
        if self._child.is_alive():
            self._child.kill()
        self._child.join()
        self._child.close()
        self._child = self._pid = None
