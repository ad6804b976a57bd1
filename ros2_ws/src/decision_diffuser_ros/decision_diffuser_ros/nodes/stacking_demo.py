"""The demonstration: an arm builds a tower in simulation, asked by a real action, and refuses what cannot be built.

It starts the executables and the parameter file of block_stacking.launch.py, without needing launch_ros.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from decision_diffuser_ros.evaluation.stacking_recording import StackingRecording
from decision_diffuser_ros.nodes.demonstration import Demonstration, demonstration, manifest_of
from decision_diffuser_ros.nodes.robot_processes import executable, parameter_arguments
from decision_diffuser_ros.nodes.stacking_monitor import StackingMonitor
from decision_diffuser_ros.planner.expression_parser import parse
from decision_diffuser_ros.resources import config_file

ROBOT = "block_stacking"
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


def run_stacking_demo(settings: StackingDemoSettings, *, show: Callable[[StackingView], None]) -> StackingRecording:
    """Gives the planner all goals; all processes have ended when it returns or raises.

    Args:
        settings: what to show.
        show: called about ten times a second.

    Raises:
        ConfigurationError: when there is no such model.
        BundleError: when its manifest is damaged.
        ConditionError: when a goal cannot be read, or names what the model does not know.
        ProcessError: when a node ended, or the planner does not get ready.
    """
    manifest = manifest_of(settings.bundle or ROBOT)
    for goal in settings.goals:
        parse(goal, manifest)  # what contradicts itself is for the planner to refuse
    view = StackingView()

    def show_now() -> None:
        _tell_feedback(building.monitor, view)
        show(view)

    with demonstration(
        lambda: StackingMonitor(view.recording), _commands(settings), log_directory=settings.output, show=show_now
    ) as building:
        view.text = "starting simulator and planner"
        building.look_until_ready(lambda: building.monitor.is_ready)
        for goal in settings.goals:
            _build(building, view, goal)
    return view.recording


def _commands(settings: StackingDemoSettings) -> dict[str, Sequence[str]]:
    parameters = ["--ros-args", "--params-file", str(config_file(ROBOT))]
    simulation = {"gui": settings.gui, "seed": settings.seed, "real_time_factor": float(settings.real_time_factor)}
    planner: dict[str, object] = {"autostart": True, "use_sim_time": True}
    if settings.bundle is not None:
        planner["bundle"] = settings.bundle
    program = settings.planner or [str(executable("planner_node")), *parameters]
    return {
        "stacking_sim": [str(executable("stacking_sim_node")), *parameters, *parameter_arguments(simulation)],
        "planner": [*program, *parameter_arguments(planner)],
    }


def _build(building: Demonstration[StackingMonitor], view: StackingView, constraints: str) -> None:
    """Give the planner a goal and wait for its end. Raises ProcessError if simulated time stands still."""
    monitor = building.monitor
    view.asked, view.text = constraints, "building"
    monitor.ask(constraints)
    building.look_while(lambda: monitor.check_result() is None, stall_timeout=STALL_TIMEOUT)
    goal = view.recording.goals[-1]
    view.text = goal.message
    deadline = time.monotonic() + ANSWER_TIMEOUT
    while monitor.now < goal.ended_at + AFTERWARDS and time.monotonic() < deadline:
        building.look()


def _tell_feedback(monitor: StackingMonitor, view: StackingView) -> None:
    feedback = monitor.feedback
    view.phase = feedback.phase if feedback else ""
    if feedback:
        view.blocks_placed, view.holding = feedback.blocks_placed, tuple(feedback.holding)
