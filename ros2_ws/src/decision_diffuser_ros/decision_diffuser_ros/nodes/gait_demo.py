"""The demonstration: a robot walks in simulation, and a real service call changes its gait while it does.

It starts the executables and the parameter file of quadruped_gaits.launch.py, without needing launch_ros.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from decision_diffuser_ros.evaluation.gait_recording import GaitRecording
from decision_diffuser_ros.nodes.demonstration import Demonstration, bundle_parameters, demonstration, manifest_of
from decision_diffuser_ros.nodes.gait_monitor import GaitMonitor
from decision_diffuser_ros.nodes.robot_processes import executable, parameter_arguments
from decision_diffuser_ros.resources import config_file

ROBOT = "quadruped_gaits"
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
        ConfigurationError: when there is no such model.
        BundleError: when its manifest is damaged.
        ProcessError: when a node ended, or the robot does not walk.
        ConditionError: when the planner refused a gait.
    """
    manifest_of(settings.bundle or ROBOT)
    view = DemoView()
    with demonstration(
        lambda: GaitMonitor(view.recording),
        _commands(settings),
        log_directory=settings.output,
        show=lambda: show(view),
    ) as walk:
        view.text = "starting simulator and planner"
        walk.look_until_ready(lambda: walk.monitor.is_walking and walk.monitor.now >= 0.0)
        walk.monitor.is_recording = True
        for number, gait in enumerate(settings.gaits):
            if number == 0:
                walk.monitor.note_initial_gait(gait)
            else:
                walk.monitor.ask(gait)
            view.asked, view.text = gait, "walking"
            _look_at_gait(walk, settings.seconds_per_gait)
    return view.recording


def _commands(settings: DemoSettings) -> dict[str, Sequence[str]]:
    parameters = ["--ros-args", "--params-file", str(config_file(ROBOT))]
    planner: dict[str, object] = {
        "skill": settings.gaits[0],
        "autostart": True,
        "use_sim_time": True,
        **bundle_parameters(settings.bundle, skill=settings.gaits[0]),
    }
    simulation = {"gui": settings.gui}
    return {
        "quadruped_sim": [str(executable("quadruped_sim_node")), *parameters, *parameter_arguments(simulation)],
        "planner": [str(executable("planner_node")), *parameters, *parameter_arguments(planner)],
    }


def _look_at_gait(walk: Demonstration[GaitMonitor], seconds: float) -> None:
    """Look on for some simulated `seconds` [s]."""
    end = walk.monitor.now + seconds

    def goes_on() -> bool:
        walk.monitor.check_answer()
        return walk.monitor.now < end

    walk.look_while(goes_on, stall_timeout=STALL_TIMEOUT)
