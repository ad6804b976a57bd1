"""What became of a robot to which a fault happened: record, table, JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from decision_diffuser_ros.evaluation.command_record import CommandFindings
from decision_diffuser_ros.evaluation.text_table import TextTable

COLUMNS = ("fault", "mode", "safe after s", "recovered", "after s", "commands", "velocity", "accel.", "verdict")
SAFE_MODES = ("HOLD", "DAMPING")
REFUSED_READINGS = ("refused_joint_states", "refused_imus")


@dataclass(frozen=True, kw_only=True)
class FaultOutcome:
    """What happened in one scenario; times are real time from the beginning of the fault [s].

    Attributes:
        name: of the scenario.
        description: what was done to the robot.
        expected: what the planner must do: `active` goes on, `safe` leaves ACTIVE, `any` either.
        modes: (time, mode) at each change of mode.
        seconds_to_safe: until HOLD or DAMPING; None if the planner stayed ACTIVE.
        recovery: how it became ACTIVE again: `none needed`, `by itself`, `~/reset`, ...
        seconds_to_recover: from the end of the fault until ACTIVE; None if it was not reached.
        findings: the commands' safety.
        counters: what the planner counted meanwhile: refused readings, restarts, ...
        message: the planner's own last word about it.
        problems: what must not have happened.
        skipped: why the scenario was not run; empty if it was.
    """

    name: str
    description: str
    expected: str
    modes: Sequence[tuple[float, str]] = ()
    seconds_to_safe: float | None = None
    recovery: str = ""
    seconds_to_recover: float | None = None
    findings: CommandFindings | None = None
    counters: Mapping[str, int] = field(default_factory=dict)
    message: str = ""
    problems: Sequence[str] = ()
    skipped: str = ""

    @property
    def passed(self) -> bool:
        """Whether nothing happened that must not."""
        return not self.problems

    def to_json(self) -> dict[str, Any]:
        """Return the outcome as JSON."""
        return dataclasses.asdict(self) | {"passed": self.passed}


def verdict_of(expected: str, modes: Sequence[tuple[float, str]], *, safe_within: float) -> list[str]:
    """Return what is wrong with the modes that were seen during a fault.

    A robot that goes on when it should not is a defect, and so is one that stops for what it must bear. One that holds
    for a moment and goes on is not: on a computer that is busy with other things readings and plans may stay away.

    Args:
        expected: `safe`: it must leave ACTIVE for HOLD or DAMPING; `active`: it must go on, and be ACTIVE at the end;
            `any`: either.
        modes: (time since the beginning of the fault [s], mode).
        safe_within: when it must be safe at the latest, if that is expected [s].
    """
    safe = [(moment, mode) for moment, mode in modes if mode in SAFE_MODES]
    if expected == "active" and (modes[-1][1] != "ACTIVE" or any(mode == "DAMPING" for _, mode in safe)):
        stops = ", ".join(f"{mode} after {max(0.0, moment):.2f} s" for moment, mode in safe)
        return [f"the planner did not go on: {stops}"]
    if expected != "safe":
        return []
    if not safe:
        return ["the planner went on as if nothing had happened"]
    if safe[0][0] > safe_within:
        return [f"the planner went on for {safe[0][0]:.2f} s; expected at most {safe_within:g} s"]
    return []


def refusals_of(before: Mapping[str, int], after: Mapping[str, int]) -> list[str]:
    """Return what is wrong with the counters of readings where none may be refused.

    Args:
        before: the counters at the beginning of the fault, by name.
        after: those after its end.
    """
    refused = {name: after.get(name, 0) - before.get(name, 0) for name in REFUSED_READINGS}
    return [f"good readings were refused: {name} rose by {count}" for name, count in refused.items() if count > 0]


def outcome_table(outcomes: Sequence[FaultOutcome]) -> TextTable:
    """Return the outcomes for people."""
    rows = [outcome_row(outcome) for outcome in outcomes]
    return TextTable("Faults", COLUMNS, rows, word_columns=("mode", "recovered", "verdict"))


def outcome_row(outcome: FaultOutcome) -> list[str]:
    """Return a row of `COLUMNS`; velocity and acceleration are the largest shares of their limits."""
    if outcome.skipped:
        return [outcome.name, "", "", "", "", "", "", "", f"skipped: {outcome.skipped}"]
    findings = outcome.findings
    share = ["", ""]
    if findings is not None:
        share = [f"{value:.2f}" for value in (findings.velocity_share, findings.acceleration_share)]
    return [
        outcome.name,
        " ".join(dict.fromkeys(mode for _, mode in outcome.modes)),
        _seconds(outcome.seconds_to_safe),
        outcome.recovery,
        _seconds(outcome.seconds_to_recover),
        str(findings.commands) if findings else "",
        *share,
        "safe" if outcome.passed else "; ".join(outcome.problems),
    ]


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
