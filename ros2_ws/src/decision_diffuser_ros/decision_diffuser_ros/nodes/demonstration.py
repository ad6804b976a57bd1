"""A demonstration: the nodes as processes, a monitor that listens to them, and people who look on."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import rclpy
from decision_diffuser_msgs.msg import PlannerStatus
from rclpy.executors import SingleThreadedExecutor

from decision_diffuser_ros.nodes.executors import spin_for
from decision_diffuser_ros.nodes.robot_processes import ProcessError, RobotProcesses
from decision_diffuser_ros.nodes.skill_request import first_request
from decision_diffuser_ros.planner.manifest import Manifest
from decision_diffuser_ros.resources import MANIFEST_NAME, model_directory

LOOK_PERIOD = 0.1  # [s]
START_TIMEOUT = 120.0  # [s], until the planner is ready


class RobotMonitor(Protocol):
    """A node that hears of the robot."""

    status: PlannerStatus | None

    @property
    def now(self) -> float:
        """Simulated time of the last sample [s]."""

    def destroy_node(self) -> None:
        """Let go of everything in ROS."""


Monitor = TypeVar("Monitor", bound=RobotMonitor)


@dataclass(eq=False)
class Demonstration(Generic[Monitor]):
    """What takes part; `show` is called about ten times a second while somebody waits."""

    monitor: Monitor
    executor: SingleThreadedExecutor
    processes: RobotProcesses
    log_directory: Path
    show: Callable[[], None]

    def look(self) -> None:
        """Handle messages for a moment, make sure that the nodes run, show what is to be seen."""
        spin_for(self.executor, LOOK_PERIOD)
        self.processes.check()
        self.show()

    def look_until_ready(self, is_ready: Callable[[], bool]) -> None:
        """Look on until the robot is ready.

        Raises:
            ProcessError: the planner does not take its model or parameters, or it all takes too long.
        """
        deadline = time.monotonic() + START_TIMEOUT
        while not is_ready():
            self.look()
            status = self.monitor.status
            if status is not None and status.mode == PlannerStatus.UNCONFIGURED and status.message:
                raise ProcessError(f"the planner is not configured: {status.message}")
            if time.monotonic() > deadline:
                reason = status.message if status else "no status was heard from it"
                raise ProcessError(f"the planner was not ready within {START_TIMEOUT:g} s: {reason}")

    def look_while(self, goes_on: Callable[[], bool], *, stall_timeout: float) -> None:
        """Look on as long as something goes on.

        Raises:
            ProcessError: simulated time has stood still for `stall_timeout` [s].
        """
        last_time, last_change = self.monitor.now, time.monotonic()
        while goes_on():
            self.look()
            if self.monitor.now > last_time:
                last_time, last_change = self.monitor.now, time.monotonic()
            elif time.monotonic() > last_change + stall_timeout:
                raise ProcessError(
                    f"simulated time has stood still at {last_time:.2f} s for {stall_timeout:g} s; "
                    f"see {self.log_directory}"
                )


def manifest_of(bundle: str) -> Manifest:
    """The manifest of the bundle that is to be shown: what is wrong is refused in one line, rather than in a log.

    Args:
        bundle: a shipped model's name, or a directory.

    Raises:
        ConfigurationError: there is no such model.
        BundleError: the manifest is damaged.
    """
    return Manifest.read(model_directory(bundle) / MANIFEST_NAME)


def bundle_parameters(bundle: str | None, *, skill: str | None = None) -> dict[str, object]:
    """What the quadruped's planner is told besides its parameter file, so that it runs another bundle.

    A model that takes no forward speed is not asked for the one in the file, but for a skill alone.

    Args:
        bundle: a shipped model's name, or a directory; None for what the file says.
        skill: asked at first, the model's first by default.

    Raises:
        ConfigurationError: there is no such model.
        BundleError: the manifest is damaged.
    """
    if bundle is None:
        return {}
    manifest = manifest_of(bundle)
    if manifest.kind("forward_speed") is not None:
        return {"bundle": bundle}
    return {"bundle": bundle, "condition": first_request(manifest, skill=skill, numbers={}).text()}


@contextlib.contextmanager
def demonstration(
    make_monitor: Callable[[], Monitor],
    commands: dict[str, Sequence[str]],
    *,
    log_directory: Path,
    show: Callable[[], None],
) -> Iterator[Demonstration[Monitor]]:
    """Start everything on entry; on exit all processes have ended, whatever happened in between.

    Args:
        make_monitor: called after ROS is initialised.
        commands: by name, the command line of each process.
        log_directory: gets NAME.log of each.
        show: called about ten times a second.
    """
    rclpy.init(args=[])
    monitor = make_monitor()
    executor = SingleThreadedExecutor()
    executor.add_node(monitor)  # type: ignore[arg-type]
    try:
        with RobotProcesses(commands, log_directory=log_directory) as processes:
            yield Demonstration(monitor, executor, processes, log_directory, show)
    finally:
        executor.remove_node(monitor)  # type: ignore[arg-type]
        monitor.destroy_node()
        executor.shutdown()
        rclpy.try_shutdown()
