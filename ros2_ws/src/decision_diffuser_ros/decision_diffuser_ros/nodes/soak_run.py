"""Lets robot and planner run for long, with a gait switch now and then, and watches what they take."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable
from pathlib import Path

from decision_diffuser_ros.evaluation.process_facts import descendants, planning_child, process_facts
from decision_diffuser_ros.evaluation.soak_report import SoakSeries
from decision_diffuser_ros.nodes.demonstration import manifest_of
from decision_diffuser_ros.nodes.fault_bench import PLANNER, SIMULATOR, BenchSettings, FaultBench

GAITS = ("trot", "pace", "bound")
SAMPLE_PERIOD = 1.0  # [s]
SWITCH_EVERY = 5  # samples


def run_soak(
    *,
    seconds: float,
    log_directory: Path,
    bundle: str | None = None,
    simulated_time: bool = False,
    show: Callable[[float, FaultBench], None] = lambda elapsed, bench: None,
) -> tuple[SoakSeries, int]:
    """Return what was seen, and how often the robot had to be stood up again.

    Args:
        seconds: of real time.
        log_directory: gets the logs of the nodes.
        bundle: name or directory of the model; None for what the parameter file says.
        simulated_time: lockstep as fast as it goes, instead of real time.
        show: told the time so far [s] and the bench, at each sample.

    Raises:
        ConfigurationError: there is no such model; nothing is started then.
        BundleError: its manifest is damaged; nothing is started then.
        ProcessError: a node has ended, does not answer, or does not take its model.
    """
    if bundle is not None:
        manifest_of(bundle)
    settings = BenchSettings(log_directory=log_directory, bundle=bundle, simulated_time=simulated_time, is_wired=False)
    series, falls = SoakSeries(), 0
    gaits = itertools.cycle(GAITS)
    with FaultBench(settings) as bench:
        bench.wait_until_active()
        began = time.monotonic()
        for sample in itertools.count():
            elapsed = time.monotonic() - began
            _note(series, elapsed, bench)
            show(elapsed, bench)
            if elapsed >= seconds:
                return series, falls
            bench.processes.check()
            if bench.wire.mode == "DAMPING":
                falls += 1
                bench.begin_anew()
            if sample % SWITCH_EVERY == 0:
                bench.set_skill(next(gaits))
            time.sleep(max(0.0, began + (sample + 1) * SAMPLE_PERIOD - time.monotonic()))
    return series, falls


def _note(series: SoakSeries, elapsed: float, bench: FaultBench) -> None:
    child = planning_child(bench.planner_pid)
    facts = {
        "planner node": process_facts(bench.planner_pid),
        "planning process": process_facts(child) if child is not None else None,
        "simulator": process_facts(bench.processes.process(SIMULATOR).pid),
    }
    status = bench.wire.status
    with bench.wire.lock:
        record = bench.wire.record
        commands = (series.commands[-1] if series.commands else 0) + len(record.commands)
        record.commands.clear()
        record.poses.clear()
        record.breaks.clear()
        del bench.wire.modes[:-1]
    series.add(
        elapsed,
        facts,
        plan_seconds=1e-3 * status.planning_duration if status is not None else math.nan,
        commands=commands,
        children=len(descendants(bench.processes.process(PLANNER).pid)),
    )
