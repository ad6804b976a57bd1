"""A simulated robot and its planner as processes, a wire between them that can be spoilt, and handles to all of it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from decision_diffuser_msgs.msg import PlannerStatus
from decision_diffuser_msgs.srv import SetSkill
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException
from std_srvs.srv import Trigger

from decision_diffuser_ros.evaluation.process_facts import planning_child
from decision_diffuser_ros.nodes import qos
from decision_diffuser_ros.nodes.command_topics import FORWARD_COMMAND_TOPIC
from decision_diffuser_ros.nodes.demonstration import bundle_parameters
from decision_diffuser_ros.nodes.executors import make_executor
from decision_diffuser_ros.nodes.faulty_wire import RAW, FaultyWire
from decision_diffuser_ros.nodes.robot_processes import (
    ProcessError,
    RobotProcesses,
    executable,
    parameter_arguments,
)
from decision_diffuser_ros.resources import config_file

START_TIMEOUT = 120.0  # [s], until the robot walks
ANSWER_TIMEOUT = 10.0  # [s], of a service
CALLS = 4
TRANSITION_TIMEOUT = 90.0  # [s], for a model to be loaded on a computer that is busy
PLANNER, SIMULATOR = "planner", "quadruped_sim"
POLL_PERIOD = 0.01  # [s]
DEEP_QUEUE = 1000
"""Depth of the planner's command publisher here, so that none is missed when they are counted."""


@dataclass(frozen=True, kw_only=True)
class BenchSettings:
    """How the robot is set up.

    Attributes:
        log_directory: gets the logs of the processes.
        namespace: of everything.
        bundle: name or directory of the model; None for what the parameter file says.
        simulated_time: lockstep and /clock, instead of real time.
        is_wired: whether sensors lead through the wire, which takes time and a processor, so that the simulation is a
            coarser one; otherwise all is as deployed.
        planner, simulator: further parameters of the nodes.
        planner_prefix: command line before the planner's own, e.g. to run it in a namespace of Linux.
    """

    log_directory: Path
    namespace: str = "fault_bench"
    bundle: str | None = None
    simulated_time: bool = False
    is_wired: bool = True
    planner: Mapping[str, object] = field(default_factory=dict)
    simulator: Mapping[str, object] = field(default_factory=dict)
    planner_prefix: Sequence[str] = ()


class FaultBench:
    """Everything runs on entry and has ended on exit. Callbacks run in a thread of their own."""

    def __init__(self, settings: BenchSettings) -> None:
        self.settings = settings
        self._context = Context()
        self._clients: dict[str, Any] = {}
        self._exit = contextlib.ExitStack()

    def __enter__(self) -> FaultBench:
        with contextlib.ExitStack() as stack:
            self._context.init(args=[])
            stack.callback(self._context.try_shutdown)
            self.wire = FaultyWire(self._context, namespace=self.settings.namespace, passes=self.settings.is_wired)
            stack.callback(self.wire.destroy_node)
            self._executor = make_executor(self._context)
            self._executor.add_node(self.wire)
            stack.callback(self._executor.shutdown)
            self._is_spinning = True
            thread = threading.Thread(target=self._spin, name="faulty wire", daemon=True)
            thread.start()
            stack.callback(self._stop_spinning, thread)
            self.processes = stack.enter_context(
                RobotProcesses(_commands(self.settings), log_directory=self.settings.log_directory)
            )
            self._exit = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit.close()

    @property
    def planner_pid(self) -> int:
        """Process id of the planner node."""
        return self.processes.process(PLANNER).pid

    @property
    def planning_pid(self) -> int:
        """Process id of the process in which plans are made.

        Raises:
            ProcessError: there is none within a moment.
        """
        deadline = time.monotonic() + ANSWER_TIMEOUT
        while (pid := planning_child(self.planner_pid)) is None:
            if time.monotonic() > deadline:
                raise ProcessError("the planner has no process that plans")
            time.sleep(POLL_PERIOD)
        return pid

    def log(self, name: str) -> str:
        """All that a node has printed."""
        return (self.settings.log_directory / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def wait(self, condition: Callable[[], bool], *, timeout: float) -> bool:
        """Return whether the condition held within `timeout` [s]."""
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_PERIOD)
        return True

    def call(
        self, kind: type, service: str, request: Any = None, *, timeout: float = ANSWER_TIMEOUT, calls: int = CALLS
    ) -> Any:
        """Call a service below this namespace and return its response.

        Args:
            kind: of the service.
            service: its name.
            request: what is asked; None for an empty request.
            timeout: for the answer to a call [s].
            calls: how often it is called until it answers: a call may have gone to a process that has been killed.

        Raises:
            ProcessError: it does not answer.
        """
        for _ in range(calls):
            future = self.call_later(kind, service, request)
            if self.wait(future.done, timeout=timeout):
                return future.result()
        raise ProcessError(f"service {service} does not answer within {calls * timeout:g} s")

    def call_later(self, kind: type, service: str, request: Any = None) -> Any:
        """Call a service and return the future of its response."""
        client = self._clients.get(service) or self.wire.create_client(kind, service, qos_profile=qos.SERVICE)
        self._clients[service] = client
        if not self.wait(client.service_is_ready, timeout=ANSWER_TIMEOUT):
            raise ProcessError(f"service {service} is not there")
        return client.call_async(request or kind.Request())  # type: ignore[attr-defined]

    def set_skill(self, *skills: str, **options: Any) -> SetSkill.Response:
        """Ask the planner for skills."""
        return self.call(SetSkill, f"{PLANNER}/set_skill", SetSkill.Request(skills=list(skills), **options))

    def transition(self, name: str) -> bool:
        """Ask the planner for a lifecycle transition; return whether it succeeded."""
        identity = getattr(Transition, f"TRANSITION_{name.upper()}")
        request = ChangeState.Request(transition=Transition(id=identity))
        service = f"{PLANNER}/change_state"
        return bool(self.call(ChangeState, service, request, timeout=TRANSITION_TIMEOUT, calls=1).success)

    def begin_anew(self) -> None:
        """Stand the robot up and let the planner begin anew: the explicit recovery."""
        with self.beginning():
            self.call(Trigger, f"{SIMULATOR}/reset")
            self.call(Trigger, f"{PLANNER}/reset")
            self.wait(lambda: self.wire.mode == "ACTIVE", timeout=ANSWER_TIMEOUT)

    @contextlib.contextmanager
    def beginning(self) -> Any:
        """Within it commands may begin anew, once."""
        first = len(self.wire.record.commands)
        try:
            yield
        finally:
            time.sleep(0.1)
            with self.wire.lock:
                self.wire.record.breaks.append((first, len(self.wire.record.commands) + 1))

    def wait_until_active(self, timeout: float = START_TIMEOUT) -> None:
        """Wait until the planner's commands reach the robot.

        Raises:
            ProcessError: they do not, a process has ended, or the planner does not take its model or parameters.
        """
        deadline = time.monotonic() + timeout
        while self.wire.mode != "ACTIVE":
            self.processes.check()
            status = self.wire.status
            if status is not None and status.mode == PlannerStatus.UNCONFIGURED and status.message:
                raise ProcessError(f"the planner is not configured: {status.message}")
            if time.monotonic() > deadline:
                reason = status.message if status else "no status was heard from it"
                raise ProcessError(f"the planner was not active within {timeout:g} s: {self.wire.mode}: {reason}")
            time.sleep(POLL_PERIOD)

    def _spin(self) -> None:
        with contextlib.suppress(ExternalShutdownException):
            while self._is_spinning:
                self._executor.spin_once(timeout_sec=0.1)

    def _stop_spinning(self, thread: threading.Thread) -> None:
        self._is_spinning = False
        thread.join()


def _commands(settings: BenchSettings) -> dict[str, Sequence[str]]:
    """Command lines of simulator and planner, the simulator's sensors turned to the wire."""
    common = ["--ros-args", "-r", f"__ns:=/{settings.namespace}", "--params-file", str(config_file("quadruped_gaits"))]
    simulator: dict[str, object] = {"lockstep": settings.simulated_time}
    simulator["real_time_factor"] = 0.0 if settings.simulated_time else 1.0
    raw: list[str] = []
    if settings.is_wired:
        raw = [f"{name}:={RAW}/{name.lstrip('/')}" for name in ("joint_states", "imu", "/clock")]
        simulator |= {"state_rate": 100.0, "time_step": 0.002}
    depth = f"qos_overrides./{settings.namespace}/{FORWARD_COMMAND_TOPIC}.publisher.depth"
    planner: dict[str, object] = {
        "autostart": True,
        "use_sim_time": settings.simulated_time,
        depth: DEEP_QUEUE,
        **bundle_parameters(settings.bundle),
    }
    return {
        SIMULATOR: [
            str(executable("quadruped_sim_node")),
            *common,
            *(argument for rule in raw for argument in ("-r", rule)),
            *parameter_arguments(simulator | dict(settings.simulator)),
        ],
        PLANNER: [
            *settings.planner_prefix,
            str(executable("planner_node")),
            *common,
            *(("-r", "/clock:=clock") if settings.is_wired else ()),
            *parameter_arguments(planner | dict(settings.planner)),
        ],
    }
