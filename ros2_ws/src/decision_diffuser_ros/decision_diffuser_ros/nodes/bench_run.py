"""Runs robot and planner as they are deployed, in real time and in lockstep, and measures how they keep time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from decision_diffuser_msgs.msg import PlannerStatus
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.evaluation.bench_machine import percentiles_ms
from decision_diffuser_ros.evaluation.process_facts import planning_child, process_facts
from decision_diffuser_ros.nodes.bench_monitor import BenchMonitor
from decision_diffuser_ros.nodes.demonstration import bundle_parameters, manifest_of
from decision_diffuser_ros.nodes.executors import spin_for
from decision_diffuser_ros.nodes.robot_processes import (
    ProcessError,
    RobotProcesses,
    executable,
    parameter_arguments,
)
from decision_diffuser_ros.resources import config_file

START_TIMEOUT = 120.0  # [s], until the robot walks
SETTLING_TIME = 2.0  # [s], of walking before anything is measured
SWITCH_TIMEOUT = 5.0  # [s], until a plan for the skill asked is followed
TIME_BETWEEN_SWITCHES = 1.0  # [s]
ROBOT = "quadruped_gaits"
NAMESPACE = "/bench"


@dataclass(frozen=True, kw_only=True)
class NodeBenchSettings:
    """What is measured.

    Attributes:
        seconds: of walking, in each setting [s].
        switches: of the skill, in each setting.
        rates: of commands in real time [Hz]; multiples of the model's rate.
        bundle: name or directory of the model; None for what the parameter file says.
        output: gets the nodes' logs.
    """

    seconds: float
    switches: int
    rates: tuple[int, ...]
    bundle: str | None
    output: Path


@dataclass(frozen=True, kw_only=True)
class TimeSetting:
    """One way of running: commands at a rate [Hz] in real time, or in lockstep with simulated time."""

    rate: int
    commands_per_step: int
    lockstep: bool

    @property
    def name(self) -> str:
        """For people."""
        return f"{'lockstep' if self.lockstep else 'real time'}, {self.rate} Hz"


def time_settings(step_duration: float, rates: tuple[int, ...]) -> tuple[TimeSetting, ...]:
    """Real time at each of the rates [Hz], and lockstep at the model's.

    Raises:
        ConfigurationError: a rate is no multiple of the model's.
    """
    of_model = round(1.0 / step_duration)
    wrong = [rate for rate in rates if rate % of_model]
    if wrong:
        raise ConfigurationError(f"a rate of commands must be a multiple of the model's {of_model} Hz. Got {wrong[0]}")
    in_real_time = tuple(TimeSetting(rate=rate, commands_per_step=rate // of_model, lockstep=False) for rate in rates)
    return (*in_real_time, TimeSetting(rate=of_model, commands_per_step=1, lockstep=True))


def bench_nodes(
    settings: NodeBenchSettings, *, progress: Callable[[str], None] = lambda what: None
) -> Iterator[dict[str, Any]]:
    """Yields a row for each way of running; all processes have ended by then.

    Raises:
        ProcessError: a node ended, or the robot does not walk.
        ConfigurationError: a rate does not fit the model, or the workspace is not sourced.
    """
    manifest = manifest_of(settings.bundle or ROBOT)
    skills = next(kind.names for kind in manifest.conditions if kind.kind == "skill")
    for setting in time_settings(manifest.step_duration, settings.rates):
        progress(setting.name)
        context = Context()
        context.init(args=[])
        monitor = BenchMonitor(context=context, namespace=NAMESPACE)
        executor = SingleThreadedExecutor(context=context)
        executor.add_node(monitor)
        logs = settings.output / setting.name.replace(", ", "_").replace(" ", "_")
        try:
            with RobotProcesses(_commands(settings, setting), log_directory=logs) as processes:
                yield _Run(settings, setting, skills, monitor, executor, processes).measure()
        finally:
            executor.shutdown()
            monitor.destroy_node()
            context.try_shutdown()


class _Run:
    """The measurement of one setting."""

    def __init__(
        self,
        settings: NodeBenchSettings,
        setting: TimeSetting,
        skills: tuple[str, ...],
        monitor: BenchMonitor,
        executor: SingleThreadedExecutor,
        processes: RobotProcesses,
    ) -> None:
        self._settings, self._setting, self._skills = settings, setting, skills
        self._monitor, self._executor, self._processes = monitor, executor, processes

    def measure(self) -> dict[str, Any]:
        """The row of this setting."""
        self._wait(lambda: self._monitor.is_walking, START_TIMEOUT, "the planner has not begun to walk")
        self._spin(SETTLING_TIME)
        before, began = self._processor_times(), time.monotonic()
        self._monitor.is_recording = True
        self._spin(self._settings.seconds)
        self._monitor.is_recording = False
        seconds, after = time.monotonic() - began, self._processor_times()
        timeline, status = self._monitor.timeline, self._monitor.status
        delays = self._switch_delays()
        return {
            "setting": self._setting.name,
            "lockstep": self._setting.lockstep,
            "rate": self._setting.rate,
            "seconds": round(seconds, 2),
            "commands": len(timeline.commands),
            "joint_states": len(timeline.joint_states),
            "stayed_active": self._monitor.modes_seen <= {PlannerStatus.ACTIVE},
            "jitter_ms": _percentiles(np.abs(timeline.command_periods() - 1.0 / self._setting.rate)),
            "state_age_ms": _percentiles(timeline.state_ages()),
            "planning_ms": round(float(status.planning_duration), 3) if status is not None else None,
            "late_plans": int(status.late_plans) if status is not None else None,
            "cpu_share": {name: round((after[name] - before[name]) / seconds, 3) for name in before},
            "switch_ms": _percentiles(delays),
            "switches": len(delays),
            "failed_switches": self._settings.switches - len(delays),
        }

    def _switch_delays(self) -> list[float]:
        """From each call of the service to the first command that follows a plan for the skill asked [s].

        A switch without such a command within `SWITCH_TIMEOUT` is left out.
        """
        delays = []
        for number in range(self._settings.switches):
            skill = self._skills[(number + 1) % len(self._skills)]
            asked = self._monitor.ask(skill)

            deadline = time.monotonic() + SWITCH_TIMEOUT
            while (began := self._monitor.plan_began(skill)) is None and time.monotonic() < deadline:
                self._executor.spin_once(timeout_sec=0.1)
            if began is not None:
                delays.append(began - asked)
            # Switches fall anywhere between two plans.
            self._spin(TIME_BETWEEN_SWITCHES + 0.007 * number)
        return delays

    def _processor_times(self) -> dict[str, float]:
        """Processor time of each process so far [s]."""
        planner = self._processes.process("planner").pid
        pids = {
            "planner node": planner,
            "planning process": planning_child(planner),
            "simulator": self._processes.process("quadruped_sim").pid,
            "this measurement": os.getpid(),
        }
        facts = {name: process_facts(pid) for name, pid in pids.items() if pid is not None}
        return {name: each.processor_time for name, each in facts.items() if each is not None}

    def _wait(self, condition: Callable[[], bool], timeout: float, complaint: str) -> None:
        deadline = time.monotonic() + timeout
        while not condition():
            self._executor.spin_once(timeout_sec=0.1)
            self._processes.check()
            if time.monotonic() > deadline:
                message = self._monitor.status.message if self._monitor.status else "it says nothing"
                raise ProcessError(f"{self._setting.name}: {complaint} within {timeout:g} s: {message}")

    def _spin(self, seconds: float) -> None:
        spin_for(self._executor, seconds)
        self._processes.check()


def _percentiles(seconds: Sequence[float] | np.ndarray) -> dict[str, float] | None:
    """In milliseconds; None of nothing."""
    return percentiles_ms(seconds) if len(seconds) else None


def _commands(settings: NodeBenchSettings, setting: TimeSetting) -> dict[str, Sequence[str]]:
    ros = ["--ros-args", "--params-file", str(config_file(ROBOT)), "-r", f"__ns:={NAMESPACE}"]
    planner: dict[str, object] = {
        "autostart": True,
        "use_sim_time": setting.lockstep,
        "commands_per_step": setting.commands_per_step,
        **bundle_parameters(settings.bundle),
    }
    simulator: dict[str, object] = {"lockstep": setting.lockstep}
    return {
        name: [str(executable(f"{name}_node")), *ros, *parameter_arguments(parameters)]
        for name, parameters in (("quadruped_sim", simulator), ("planner", planner))
    }
