"""The planner's own process: loads the bundle, then answers requests until its pipe closes.

Messages to the worker: a `PlanRequest`. Messages from it, as tuples:

    ("ready", seconds)                 the bundle is loaded and one plan has been made
    ("failed", text)                   it could not be loaded; the process ends
    ("plan", sequence, plan)           the answer to a request
    ("refused", sequence, text)        the planner raised one of this package's errors
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection

import numpy as np

from decision_diffuser_ros.control.receding_horizon import PlanRequest
from decision_diffuser_ros.errors import DecisionDiffuserError
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.conditions import Condition
from decision_diffuser_ros.planner.planner import Planner
from decision_diffuser_ros.planner.settings import SamplingSettings

PR_SET_PDEATHSIG = 1
EXIT_OUT_OF_MEMORY = 12
"""Exit code of a worker that had no memory left: errno's ENOMEM."""


@dataclass(frozen=True, kw_only=True)
class PlannerWorkerSettings:
    """What the worker loads and how it plans.

    Attributes:
        bundle: directory of the model bundle.
        sampling: settings of a plan; None for the bundle's own.
        providers: of ONNX Runtime, best first.
        allow_cpu_fallback: whether the CPU may stand in for a provider that is not available.
        threads: of ONNX Runtime.
        seed: of the sampler's noise.
        conditions: what warm-up plans are made for, like the requests to come.
        warm_up_plans: plans made before the first request, which no statistic sees.
        memory_limit: of the process's address space [bytes]; None for no limit but the machine's.
    """

    bundle: str
    sampling: SamplingSettings | None = None
    providers: tuple[str, ...] = ("CPUExecutionProvider",)
    allow_cpu_fallback: bool = False
    threads: int = 1
    seed: int = 0
    conditions: tuple[Condition, ...] = ()
    warm_up_plans: int = 3
    memory_limit: int | None = None


def run_planner_worker(connection: Connection, settings: PlannerWorkerSettings) -> None:
    """Serve plan requests on `connection` until its other end closes."""
    _live_and_die_with_the_parent()
    try:
        _serve(connection, settings)
    except MemoryError:
        os._exit(EXIT_OUT_OF_MEMORY)  # at once: to leave in order takes memory


def _serve(connection: Connection, settings: PlannerWorkerSettings) -> None:
    if settings.memory_limit is not None:
        resource.setrlimit(resource.RLIMIT_AS, (settings.memory_limit, settings.memory_limit))
    started = time.perf_counter()
    try:
        planner = _load_planner(settings)
        for _ in range(settings.warm_up_plans):
            planner.warm_up(settings.conditions)
    except DecisionDiffuserError as error:
        connection.send(("failed", str(error)))
        return
    connection.send(("ready", time.perf_counter() - started))
    rng = np.random.default_rng(settings.seed)
    try:
        while True:
            request = _newest_request(connection)
            connection.send(_answer(planner, request, rng))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def _answer(planner: Planner, request: PlanRequest, rng: np.random.Generator) -> tuple:
    try:
        plan = planner.plan(
            request.history,
            request.conditions,
            rng=rng,
            previous=request.previous,
            warm_start_shift=request.warm_start_shift,
            committed=request.committed,
        )
    except DecisionDiffuserError as error:
        return ("refused", request.sequence, str(error))
    return ("plan", request.sequence, plan)


def _newest_request(connection: Connection) -> PlanRequest:
    request = connection.recv()
    while connection.poll():
        request = connection.recv()
    return request


def _load_planner(settings: PlannerWorkerSettings) -> Planner:
    bundle = Bundle.load(
        settings.bundle,
        providers=settings.providers,
        threads=settings.threads,
        allow_cpu_fallback=settings.allow_cpu_fallback,
    )
    return Planner(bundle, settings=settings.sampling)


def _live_and_die_with_the_parent() -> None:
    """Leave Ctrl-C to the parent, which ends this process in order, and never outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
