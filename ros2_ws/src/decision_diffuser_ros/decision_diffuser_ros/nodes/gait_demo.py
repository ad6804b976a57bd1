"""The demonstration: a robot walks in simulation, and a real service call changes its gait while it does.

It starts the executables and the parameter file of quadruped_gaits.launch.py, without needing launch_ros.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import rclpy
from rclpy.executors import SingleThreadedExecutor

from decision_diffuser_ros.evaluation.gait_recording import GaitRecording
from decision_diffuser_ros.nodes.gait_monitor import GaitMonitor
from decision_diffuser_ros.nodes.robot_processes import ProcessError, RobotProcesses, executable
from decision_diffuser_ros.resources import config_file

START_TIMEOUT = 120.0  # [s], until the robot walks
STALL_TIMEOUT = 20.0  # [s], without simulated time going on


@dataclass(frozen=True, kw_only=True)
class DemoSettings:
    """What the demonstration shows.

    Attributes:
        gaits: one after the other; the first is what the planner starts with.
        seconds_per_gait: simulated time of each [s].
        output: directory of logs.
        gui: opens PyBullet's window.
        bundle: name or directory of the model bundle; None for what the parameter file says.
    """

    gaits: Sequence[str]
    seconds_per_gait: float
    output: Path
    gui: bool = False
    bundle: str | None = None


@dataclass
class DemoView:
    """What is to be seen at a moment."""

    recording: GaitRecording = field(default_factory=GaitRecording)
    asked: str = ""
    text: str = ""


def run_demo(settings: DemoSettings, *, show: Callable[[DemoView], None]) -> GaitRecording:
    """Runs robot and planner through the gaits; all their processes have ended when it returns or raises.

    Args:
        settings: what to show.
        show: called about ten times a second.

    Raises:
        ProcessError: when a node ended, or the robot does not walk.
        ConditionError: when the planner refused a gait.
    """
    view = DemoView()
    rclpy.init(args=[])
    monitor = GaitMonitor(view.recording)
    executor = SingleThreadedExecutor()
    executor.add_node(monitor)

    def spin(seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            executor.spin_once(timeout_sec=left)

    try:
        with RobotProcesses(_commands(settings), log_directory=settings.output) as processes:
            _wait_until_walking(monitor, processes, spin, view, show)
            for number, gait in enumerate(settings.gaits):
                _show_gait(monitor, processes, spin, view, show, gait=gait, first=number == 0, settings=settings)
    finally:
        executor.remove_node(monitor)
        monitor.destroy_node()
        executor.shutdown()
        rclpy.try_shutdown()
    return view.recording


def _commands(settings: DemoSettings) -> dict[str, Sequence[str]]:
    parameters = ["--ros-args", "--params-file", str(config_file("quadruped_gaits"))]
    planner = [*parameters, "-p", f"skill:={settings.gaits[0]}", "-p", "autostart:=true", "-p", "use_sim_time:=true"]
    if settings.bundle is not None:
        planner += ["-p", f"bundle:={settings.bundle}"]
    return {
        "quadruped_sim": [
            str(executable("quadruped_sim_node")),
            *parameters,
            "-p",
            f"gui:={str(settings.gui).lower()}",
        ],
        "planner": [str(executable("planner_node")), *planner],
    }


def _wait_until_walking(
    monitor: GaitMonitor,
    processes: RobotProcesses,
    spin: Callable[[float], None],
    view: DemoView,
    show: Callable[[DemoView], None],
) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    view.text = "starting simulator and planner"
    while not (monitor.is_walking and monitor.now >= 0):
        show(view)
        spin(0.1)
        processes.check()
        if time.monotonic() > deadline:
            reason = monitor.status.message if monitor.status else "no status was heard from it"
            raise ProcessError(f"the planner has not begun to walk within {START_TIMEOUT:g} s: {reason}")


def _show_gait(
    monitor: GaitMonitor,
    processes: RobotProcesses,
    spin: Callable[[float], None],
    view: DemoView,
    show: Callable[[DemoView], None],
    *,
    gait: str,
    first: bool,
    settings: DemoSettings,
) -> None:
    if first:
        monitor.is_recording = True
        monitor.note_initial_gait(gait)
    else:
        monitor.ask(gait)
    view.asked, view.text = gait, "walking"
    begin = monitor.now
    last_time, last_change = monitor.now, time.monotonic()
    while monitor.now < begin + settings.seconds_per_gait:
        spin(0.1)
        monitor.check_answer()
        processes.check()
        show(view)
        if monitor.now > last_time:
            last_time, last_change = monitor.now, time.monotonic()
        elif time.monotonic() > last_change + STALL_TIMEOUT:
            raise ProcessError(
                f"simulated time has stood still at {last_time:.2f} s for {STALL_TIMEOUT:g} s; see {settings.output}"
            )
