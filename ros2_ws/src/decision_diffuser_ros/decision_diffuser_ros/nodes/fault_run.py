"""Runs fault scenarios on the bench and writes down what became of the robot."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from decision_diffuser_ros.errors import ConfigurationError, DecisionDiffuserError
from decision_diffuser_ros.evaluation.command_record import CommandBounds
from decision_diffuser_ros.evaluation.fault_report import SAFE_MODES, FaultOutcome, refusals_of, verdict_of
from decision_diffuser_ros.nodes import sensor_faults
from decision_diffuser_ros.nodes.bundle_faults import damaged_bundles_loaded
from decision_diffuser_ros.nodes.demonstration import manifest_of
from decision_diffuser_ros.nodes.fault_bench import PLANNER, SIMULATOR, BenchSettings, FaultBench
from decision_diffuser_ros.nodes.fault_scenarios import ANY, SCENARIOS, FaultScenario
from decision_diffuser_ros.nodes.full_disk import full_disk_prefix, why_no_full_disk
from decision_diffuser_ros.resources import config_file

BENCH_PARAMETERS: dict[str, object] = {
    # Robot, wire and planner share this computer, which delays messages more than a robot's own would.
    "watchdog.hold_after": 0.25,
    "watchdog.damping_after": 1.0,
    "watchdog.hold_after_in_simulation": 1.0,
}
CALM = 0.5  # [s], of walking before a fault
PATIENCE = 6.0  # [s], for the planner to recover by itself
STATUS_PATIENCE = 2.0  # [s], for the planner's next status, of which there is one a second
ATTEMPTS = 4  # to walk, on a computer that is busy with other things
COUNTERS = ("refused_joint_states", "refused_imus", "refused_plans", "late_plans", "stale_states", "planner_restarts")

DAMAGED_BUNDLES = FaultScenario(
    name="bundles_damaged",
    description="eleven damaged bundles are to be configured, then the whole one",
    inject=damaged_bundles_loaded,
    expected=ANY,
)


@contextlib.contextmanager
def _walk_and_complain(bench: FaultBench) -> Iterator[None]:
    yield
    bench.wire.spoil_joints = sensor_faults.without_joint(0)  # refusals are logged
    time.sleep(1.5)
    bench.wire.repair()
    bench.set_skill("galop")


FULL_DISK = FaultScenario(
    name="log_disk_full",
    description="no room for logs, by file or by print, while there is much to say",
    inject=_walk_and_complain,
    expected=ANY,
)
ALL_SCENARIOS = (*SCENARIOS, DAMAGED_BUNDLES, FULL_DISK)


def chosen_scenarios(names: Sequence[str], *, short: bool) -> tuple[FaultScenario, ...]:
    """Return the scenarios of these names, or all; with `short` the few most telling ones.

    Raises:
        ConfigurationError: there is none of a name.
    """
    known = {scenario.name: scenario for scenario in ALL_SCENARIOS}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ConfigurationError(f"there is no fault '{unknown[0]}'; available: {', '.join(known)}")
    if names:
        return tuple(known[name] for name in names)
    return tuple(scenario for scenario in ALL_SCENARIOS if scenario.short or not short)


def run_faults(
    scenarios: Iterable[FaultScenario],
    *,
    log_directory: Path,
    bundle: str | None = None,
    show: Callable[[FaultOutcome], None] = lambda outcome: None,
) -> list[FaultOutcome]:
    """Return what became of the robot in each scenario; all processes have ended when it returns or raises.

    Args:
        scenarios: what is done to it.
        log_directory: gets the logs of the nodes.
        bundle: name or directory of the model; None for what the parameter file says.
        show: told each outcome as soon as it is there.

    Raises:
        ConfigurationError: there is no such model; nothing is started then.
        BundleError: its manifest is damaged; nothing is started then.
    """
    if bundle is not None:
        manifest_of(bundle)
    outcomes = []

    def note(outcome: FaultOutcome) -> None:
        outcomes.append(outcome)
        show(outcome)

    scenarios = list(scenarios)
    for simulated_time in (False, True):
        group = [s for s in scenarios if s.simulated_time == simulated_time and s is not FULL_DISK]
        if group:
            settings = BenchSettings(
                log_directory=log_directory / ("simulated_time" if simulated_time else "real_time"),
                bundle=bundle,
                simulated_time=simulated_time,
                planner=BENCH_PARAMETERS,
            )
            _run_group(group, settings, note)
    if FULL_DISK in scenarios:
        _run_with_full_disk(log_directory / "full_disk", bundle, note)
    return outcomes


def _run_group(
    scenarios: Sequence[FaultScenario], settings: BenchSettings, note: Callable[[FaultOutcome], None]
) -> None:
    """Run scenarios on one bench; after one that has wrecked it, the others get a new one."""
    remaining = deque(scenarios)
    while remaining:
        try:
            with FaultBench(settings) as bench:
                bench.wait_until_active()
                while remaining:
                    outcome = run_scenario(bench, remaining[0])
                    remaining.popleft()
                    note(outcome)
        except DecisionDiffuserError as error:
            note(_not_run(remaining.popleft(), problems=[f"the bench was lost: {error}"]))


def _not_run(scenario: FaultScenario, *, problems: Sequence[str] = (), skipped: str = "") -> FaultOutcome:
    return FaultOutcome(
        name=scenario.name,
        description=scenario.description,
        expected=scenario.expected,
        problems=problems,
        skipped=skipped,
    )


def _run_with_full_disk(log_directory: Path, bundle: str | None, note: Callable[[FaultOutcome], None]) -> None:
    reason = why_no_full_disk()
    if reason:
        note(_not_run(FULL_DISK, skipped=reason))
        return
    settings = BenchSettings(
        log_directory=log_directory,
        bundle=bundle,
        planner=BENCH_PARAMETERS,
        planner_prefix=full_disk_prefix(log_directory / "full"),
    )
    _run_group([FULL_DISK], settings, note)


def command_bounds() -> CommandBounds:
    """Return what the commands of the quadruped must keep, as its parameter file says."""
    sections = yaml.safe_load(config_file("quadruped_gaits").read_text(encoding="utf-8"))
    return CommandBounds.from_parameters(sections["/**/planner"]["ros__parameters"])


def run_scenario(bench: FaultBench, scenario: FaultScenario) -> FaultOutcome:
    """Let the fault happen to a walking robot, and return what became of it."""
    problems = [] if _make_walk(bench) else [f"the robot did not walk before the fault: {bench.wire.mode}"]
    before = _counters(bench)
    with bench.wire.lock:
        first_command, first_mode = len(bench.wire.record.commands), len(bench.wire.modes)
    began = time.monotonic()
    try:
        with scenario.inject(bench):
            began = time.monotonic()
    except DecisionDiffuserError as error:
        problems.append(str(error))
    ended = time.monotonic()
    mode_at_the_end = bench.wire.mode
    recovery, recovered = _recover(bench, problems, needed=mode_at_the_end != "ACTIVE")
    with bench.wire.lock:
        modes = [("ACTIVE", began), *((mode, moment) for moment, mode in bench.wire.modes[first_mode:])]
        findings = bench.wire.record.findings(command_bounds(), begin=first_command)
    seen = [(round(moment - began, 3), mode) for mode, moment in modes if moment <= ended or mode == "ACTIVE"]
    during = [(round(moment - began, 3), mode) for mode, moment in modes if moment <= ended]
    safe = [moment for moment, mode in during if mode in SAFE_MODES]
    problems += findings.problems + verdict_of(scenario.expected, during, safe_within=scenario.safe_within)
    _hear_status(bench)
    after = _counters(bench)
    if scenario.all_good:
        problems += refusals_of(before, after)
    return FaultOutcome(
        name=scenario.name,
        description=scenario.description,
        expected=scenario.expected,
        modes=seen,
        seconds_to_safe=max(0.0, safe[0]) if safe else None,
        recovery=recovery,
        seconds_to_recover=None if recovered is None else round(recovered - ended, 3),
        findings=findings,
        counters={name: value - before.get(name, 0) for name, value in after.items()},
        message=_last_refusal(bench),
        problems=problems,
    )


def _make_walk(bench: FaultBench) -> bool:
    """Make the robot walk: stand it up where it has fallen, since it is not what is tried here; return whether it does.

    The planner's status is new then, so that it counts nothing of the fault before.
    """
    for _ in range(ATTEMPTS):
        if bench.wire.mode == "ACTIVE":
            time.sleep(CALM)
            _hear_status(bench)
        if bench.wire.mode == "ACTIVE":
            return True
        bench.begin_anew()
    return bench.wire.mode == "ACTIVE"


def _hear_status(bench: FaultBench) -> None:
    """Wait for the planner's next status, with what it has counted until now; it comes once a second."""
    last = bench.wire.status
    bench.wait(lambda: bench.wire.status is not last, timeout=STATUS_PATIENCE)


def _recover(bench: FaultBench, problems: list[str], *, needed: bool) -> tuple[str, float | None]:
    """Return how the robot walks again and when; what does not recover is a problem."""
    for name in (PLANNER, SIMULATOR):
        code = bench.processes.process(name).poll()
        if code is not None:
            problems.append(f"{name} has ended with exit code {code}")
            bench.processes.start(name)
    if not needed:
        return "none needed", time.monotonic()
    if bench.wait(lambda: bench.wire.mode in ("ACTIVE", "DAMPING"), timeout=PATIENCE) and bench.wire.mode == "ACTIVE":
        return "by itself", time.monotonic()
    for _ in range(ATTEMPTS):
        bench.begin_anew()
        if bench.wire.mode == "ACTIVE":
            return "~/reset", time.monotonic()
    problems.append(f"the planner did not become active again: {bench.wire.mode}: {_last_refusal(bench)}")
    return "none", None


def _counters(bench: FaultBench) -> dict[str, int]:
    status = bench.wire.status
    return {name: int(getattr(status, name)) for name in COUNTERS} if status is not None else {}


def _last_refusal(bench: FaultBench) -> str:
    return bench.wire.status.message[:300] if bench.wire.status is not None else ""


def outcomes_to_json(outcomes: Sequence[FaultOutcome]) -> dict[str, Any]:
    """Return all outcomes, and what the bench was set to."""
    return {
        "passed": all(outcome.passed for outcome in outcomes),
        "parameters": BENCH_PARAMETERS,
        "limits": {
            name: value.tolist() if hasattr(value, "tolist") else value
            for name, value in dataclasses.asdict(command_bounds()).items()
        },
        "faults": [outcome.to_json() for outcome in outcomes],
    }
