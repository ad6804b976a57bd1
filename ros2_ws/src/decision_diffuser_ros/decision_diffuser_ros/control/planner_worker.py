"""The planner's own process: loads the bundle, then answers requests until its pipe closes.

Messages to the worker: a `PlanRequest` and the steady time at which it was made [s]. Messages from it, as tuples:

    ("log", level, text)               for people; at any time
    ("ready", seconds)                 the bundle is loaded and one plan has been made
    ("failed", text)                   it could not be loaded; the process ends
    ("plan", sequence, plan)           the answer to a request
    ("refused", sequence, text)        the request is at fault: its states or its conditions
    ("failed plan", sequence, text)    the planner is: it raised another of this package's errors
"""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import logging
import os
import resource
import signal
import sys
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from decision_diffuser_ros.control.receding_horizon import PlanRequest
from decision_diffuser_ros.control.thread_priority import ORDINARY, schedule_in_real_time
from decision_diffuser_ros.errors import BundleError, ConditionError, DecisionDiffuserError, StateError
from decision_diffuser_ros.planner.bundle import Bundle, engine_cache_of
from decision_diffuser_ros.planner.composition_follower import CompositionFollower
from decision_diffuser_ros.planner.conditions import Conditions
from decision_diffuser_ros.planner.manifest import Manifest
from decision_diffuser_ros.planner.planner import Planner
from decision_diffuser_ros.planner.providers import reported_engine_building
from decision_diffuser_ros.planner.settings import SamplingSettings
from decision_diffuser_ros.resources import MANIFEST_NAME

logger = logging.getLogger(__name__)

PR_SET_PDEATHSIG = 1
LOG_MESSAGE = "log"
EXIT_OUT_OF_MEMORY = 12
"""Exit code of a worker that had no memory left: errno's ENOMEM."""
RECORDS = ("provenance", "scores")
"""What a manifest tells people; plans do not depend on it."""


@dataclass(frozen=True, kw_only=True)
class PlannerWorkerSettings:
    """What the worker loads and how it plans.

    Attributes:
        bundle: directory of the model bundle.
        manifest: of the model that was configured; another one, by anything but `RECORDS`, is refused. None for any.
        sampling: settings of a plan; None for the bundle's own.
        providers: of ONNX Runtime, best first.
        allow_cpu_fallback: whether the CPU may stand in for a provider that is not available.
        threads: of ONNX Runtime.
        seed: of the sampler's noise.
        conditions: what warm-up plans are made for, like the requests to come.
        warm_up_plans: plans made before the first request, which no statistic sees.
        memory_limit: of the process's address space [bytes]; None for no limit but the machine's.
        time_limit: from a request to its plan [s]: as many of the sampling's denoising steps are run as fit, and at
            least one; None runs all of them.
        samples_in_one_call: run all denoising steps of a plan in one graph.
        choose_every: plans from one composed plan to the next, see `planner.composition_follower`; 1 composes each.
        realtime_priority: of SCHED_FIFO once it is warmed up, where the system allows it; 0 for ordinary scheduling.
    """

    bundle: str
    manifest: Manifest | None = None
    sampling: SamplingSettings | None = None
    providers: tuple[str, ...] = ("CPUExecutionProvider",)
    allow_cpu_fallback: bool = False
    threads: int = 1
    seed: int = 0
    conditions: Conditions = ()
    warm_up_plans: int = 3
    memory_limit: int | None = None
    time_limit: float | None = None
    samples_in_one_call: bool = False
    choose_every: int = 1
    realtime_priority: int = ORDINARY


class _LogOverPipe(logging.Handler):
    """What this package logs in the worker goes to the node, which people read."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self._connection = connection

    def emit(self, record: logging.LogRecord) -> None:
        """Send one message; a node that is gone is noticed elsewhere."""
        with contextlib.suppress(OSError):
            self._connection.send((LOG_MESSAGE, record.levelno, record.getMessage()))


def run_planner_worker(connection: Connection, settings: PlannerWorkerSettings) -> None:
    """Serve plan requests on `connection` until its other end closes."""
    _live_and_die_with_the_parent()
    logging.getLogger("decision_diffuser_ros").addHandler(_LogOverPipe(connection))
    try:
        _serve(connection, settings)
    except MemoryError:
        os._exit(EXIT_OUT_OF_MEMORY)  # at once: to leave in order takes memory


def _serve(connection: Connection, settings: PlannerWorkerSettings) -> None:
    if settings.memory_limit is not None:
        resource.setrlimit(resource.RLIMIT_AS, (settings.memory_limit, settings.memory_limit))
    started = time.perf_counter()
    try:
        planner = _warm_planner(settings)
    except DecisionDiffuserError as error:
        connection.send(("failed", str(error)))
        return
    schedule_in_real_time(settings.realtime_priority, warn=logger.warning)
    connection.send(("ready", time.perf_counter() - started))
    rng = np.random.default_rng(settings.seed)
    try:
        while True:
            request, requested = _newest_request(connection)
            deadline = None if settings.time_limit is None else requested + settings.time_limit
            connection.send(_answer(planner, request, rng, deadline))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def _answer(planner: Planner, request: PlanRequest, rng: np.random.Generator, deadline: float | None) -> tuple:
    try:
        plan = planner.plan(
            request.history,
            request.conditions,
            rng=rng,
            previous=request.previous,
            warm_start_shift=request.warm_start_shift,
            committed=request.committed,
            deadline=deadline,
        )
    except (StateError, ConditionError) as error:
        return ("refused", request.sequence, str(error))
    except DecisionDiffuserError as error:
        return ("failed plan", request.sequence, str(error))
    return ("plan", request.sequence, plan)


def _newest_request(connection: Connection) -> tuple[PlanRequest, float]:
    message = connection.recv()
    while connection.poll():
        message = connection.recv()
    return message


def _warm_planner(settings: PlannerWorkerSettings) -> Planner:
    """A planner that has made its first plans. With TensorRT that is when engines are built, which is reported."""
    manifest = Manifest.read(Path(settings.bundle) / MANIFEST_NAME)
    with reported_engine_building(settings.providers, engine_cache_of(manifest)):
        bundle = Bundle.load(
            settings.bundle,
            providers=settings.providers,
            threads=settings.threads,
            allow_cpu_fallback=settings.allow_cpu_fallback,
        )
        _require_configured(bundle.manifest, settings)
        planner = CompositionFollower(
            bundle,
            settings=settings.sampling,
            samples_in_one_call=settings.samples_in_one_call,
            choose_every=settings.choose_every,
        )
        for _ in range(settings.warm_up_plans):
            planner.warm_up(settings.conditions)
    return planner


def _require_configured(manifest: Manifest, settings: PlannerWorkerSettings) -> None:
    """Refuse another model than the one whose joints and inverse dynamics the node goes by."""
    if settings.manifest is None:
        return
    names = [field.name for field in dataclasses.fields(Manifest) if field.name not in RECORDS]
    changed = [name for name in names if getattr(manifest, name) != getattr(settings.manifest, name)]
    if changed:
        raise BundleError(
            f"the model in {settings.bundle} is not the one that was configured: of its manifest {', '.join(changed)} "
            "changed since; configure again"
        )


def _live_and_die_with_the_parent() -> None:
    """Leave Ctrl-C to the parent, which ends this process in order, and never outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
