"""The demonstration: an arm builds a tower in simulation, asked by a real action, and refuses what cannot be built.

It starts the executables and the parameter file of block_stacking.launch.py, without needing launch_ros.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import rclpy
from rclpy.executors import SingleThreadedExecutor

from decision_diffuser_ros.evaluation.stacking_recording import StackingRecording
from decision_diffuser_ros.nodes.robot_processes import ProcessError, RobotProcesses, executable
from decision_diffuser_ros.nodes.stacking_monitor import StackingMonitor
from decision_diffuser_ros.resources import config_file, model_directory

ROBOT = "block_stacking"
START_TIMEOUT = 120.0  # [s], until the planner holds the arm
STALL_TIMEOUT = 60.0  # [s], without simulated time going on while something is built
ANSWER_TIMEOUT = 30.0  # [s], for the last samples after a goal has ended
AFTERWARDS = 0.5  # [s], simulated, that are recorded after each goal


@dataclass(frozen=True, kw_only=True)
class StackingDemoSettings:
    """What the demonstration shows.

    Attributes:
        goals: constraints, one set after the other; those that cannot be fulfilled are refused.
        output: directory of logs.
        gui: opens PyBullet's window.
        bundle: name or directory of the model bundle; None for what the parameter file says.
        seed: of where blocks and arm are at first.
        real_time_factor: most simulated seconds in a second; 0: as fast as it can.
        planner: command line of another program in place of the planner node's; empty for that.
    """

    goals: Sequence[str]
    output: Path
    gui: bool = False
    bundle: str | None = None
    seed: int = 0
    real_time_factor: float = 1.0
    planner: Sequence[str] = ()


@dataclass
class StackingView:
    """What is to be seen at a moment."""

    recording: StackingRecording = field(default_factory=StackingRecording)
    text: str = ""
    asked: str = ""
    phase: str = ""
    blocks_placed: int = 0
    holding: tuple[str, ...] = ()


def run_stacking_demo(
    settings: StackingDemoSettings, *, show: Callable[[StackingView], None]
) -> StackingRecording:
    """Gives the planner all goals; all processes have ended when it returns or raises.

    Args:
        settings: what to show.
        show: called about ten times a second.

    Raises:
        ConfigurationError: when there is no such model.
        ProcessError: when a node ended, or the planner does not get ready.
    """
    if settings.bundle is None and not settings.planner:
        model_directory(ROBOT)  # refused here in one line, rather than in a log
    elif settings.bundle is not None:
        model_directory(settings.bundle)
    view = StackingView()
    rclpy.init(args=[])
    monitor = StackingMonitor(view.recording)
    executor = SingleThreadedExecutor()
    executor.add_node(monitor)
    try:
        with RobotProcesses(_commands(settings), log_directory=settings.output) as processes:
            demonstration = _Demonstration(monitor, executor, processes, view, show, settings)
            demonstration.wait_until_ready()
            for goal in settings.goals:
                demonstration.build(goal)
    finally:
        executor.remove_node(monitor)
        monitor.destroy_node()
        executor.shutdown()
        rclpy.try_shutdown()
    return view.recording


def _commands(settings: StackingDemoSettings) -> dict[str, Sequence[str]]:
    parameters = ["--ros-args", "--params-file", str(config_file(ROBOT))]
    simulation = {
        "gui": str(settings.gui).lower(),
        "seed": str(settings.seed),
        "real_time_factor": str(float(settings.real_time_factor)),
    }
    planner = {"autostart": "true", "use_sim_time": "true"}
    if settings.bundle is not None:
        planner["bundle"] = settings.bundle
    program = settings.planner or [str(executable("planner_node")), *parameters]
    return {
        "stacking_sim": [str(executable("stacking_sim_node")), *parameters, *_assignments(simulation)],
        "planner": [*program, *_assignments(planner)],
    }


def _assignments(values: dict[str, str]) -> list[str]:
    return [word for name, value in values.items() for word in ("-p", f"{name}:={value}")]


@dataclass(eq=False)
class _Demonstration:
    """Everything that takes part."""

    monitor: StackingMonitor
    executor: SingleThreadedExecutor
    processes: RobotProcesses
    view: StackingView
    show: Callable[[StackingView], None]
    settings: StackingDemoSettings

    def wait_until_ready(self) -> None:
        """Wait until the planner holds the arm. Raises ProcessError if it does not."""
        self.view.text = "starting simulator and planner"
        deadline = time.monotonic() + START_TIMEOUT
        while not self.monitor.is_ready:
            self._look()
            status = self.monitor.status
            if time.monotonic() > deadline:
                reason = status.message if status else "no status was heard from it"
                raise ProcessError(f"the planner was not ready within {START_TIMEOUT:g} s: {reason}")

    def build(self, constraints: str) -> None:
        """Give the planner a goal and wait for its end. Raises ProcessError if simulated time stands still."""
        monitor = self.monitor
        self.view.asked, self.view.text = constraints, "building"
        monitor.ask(constraints)
        last_time, last_change = monitor.now, time.monotonic()
        while (goal := monitor.check_result()) is None:
            self._look()
            if monitor.now > last_time:
                last_time, last_change = monitor.now, time.monotonic()
            elif time.monotonic() > last_change + STALL_TIMEOUT:
                raise ProcessError(
                    f"simulated time has stood still at {last_time:.2f} s for {STALL_TIMEOUT:g} s; "
                    f"see {self.settings.output}"
                )
        self.view.text = goal.message
        deadline = time.monotonic() + ANSWER_TIMEOUT
        while monitor.now < goal.ended_at + AFTERWARDS and time.monotonic() < deadline:
            self._look()

    def _look(self) -> None:
        """Handle messages for a moment, make sure that the nodes run, show what is to be seen."""
        end = time.monotonic() + 0.1
        while (left := end - time.monotonic()) > 0:
            self.executor.spin_once(timeout_sec=left)
        self.processes.check()
        feedback = self.monitor.feedback
        self.view.phase = feedback.phase if feedback else ""
        if feedback:
            self.view.blocks_placed, self.view.holding = feedback.blocks_placed, tuple(feedback.holding)
        self.show(self.view)
