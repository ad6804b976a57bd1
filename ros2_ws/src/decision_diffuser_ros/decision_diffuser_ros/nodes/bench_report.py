"""What `decision-diffuser bench ros` prints, and which bars are met. No ROS here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

JITTER_LIMIT = 2.0  # [ms], p99 in real time
STATE_AGE_LIMIT = 5.0  # [ms], p99 in lockstep, where each command answers one joint state
SWITCH_LIMIT = 60.0  # [ms], p95: a period of replanning (2 control steps) and the latency of a plan (1)

COMMAND_COLUMNS = ("setting", "jitter p50", "jitter p99", "jitter max", "state age p50", "state age p99")
PLAN_COLUMNS = ("setting", "switch p50", "switch p95", "failed switches", "late plans", "stayed active")


def summarise_nodes(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Which bars are met."""
    bars = []
    for row in rows:
        if row["lockstep"]:
            bars.append(_bar(row, "joint state to command p99 [ms]", "state_age_ms", STATE_AGE_LIMIT))
        else:
            bars.append(_bar(row, "jitter of commands p99 [ms]", "jitter_ms", JITTER_LIMIT))
        if row["switches"] or row["failed_switches"]:
            bars.append(_bar(row, "skill switch p95 [ms]", "switch_ms", SWITCH_LIMIT, share="p95"))
            bars[-1]["met"] = bars[-1]["met"] and row["failed_switches"] == 0
    return {"bars": bars}


def print_node_bench(results: Mapping[str, Any], console: Console) -> None:
    """Prints what is written as JSON."""
    from decision_diffuser_ros.evaluation.bench_report import print_bars
    from decision_diffuser_ros.evaluation.text_table import TextTable

    machine = results["machine"]
    console.print(
        f"{machine['processor']}, {machine['processors']} processors; "
        f"load average {machine['load_average_1_min']} at the start"
    )
    rows = results["settings"]
    processes = list(dict.fromkeys(name for row in rows for name in row["cpu_share"]))
    TextTable("Commands (ms)", COMMAND_COLUMNS, [_command_row(row) for row in rows]).print(console)
    TextTable("Plans (ms)", PLAN_COLUMNS, [_plan_row(row) for row in rows]).print(console)
    shares = [[row["setting"], *[f"{row['cpu_share'].get(name, 0.0):.2f}" for name in processes]] for row in rows]
    TextTable("Processors in use", ("setting", *processes), shares).print(console)
    print_bars(results["summary"]["bars"], console)


def _command_row(row: Mapping[str, Any]) -> list[str]:
    jitter = [_figure(row["jitter_ms"], share) for share in ("p50", "p99", "max")]
    return [row["setting"], *jitter, *[_figure(row["state_age_ms"], share) for share in ("p50", "p99")]]


def _plan_row(row: Mapping[str, Any]) -> list[str]:
    switch = [_figure(row["switch_ms"], share) for share in ("p50", "p95")]
    stayed_active = "yes" if row["stayed_active"] else "no"
    return [row["setting"], *switch, str(row["failed_switches"]), str(row["late_plans"]), stayed_active]


def _figure(milliseconds: Mapping[str, float] | None, share: str) -> str:
    return f"{milliseconds[share]:.2f}" if milliseconds else ""


def _bar(row: Mapping[str, Any], what: str, key: str, limit: float, *, share: str = "p99") -> dict[str, Any]:
    """A bar, which is not met where nothing could be measured or the robot did not keep walking."""
    value = row[key][share] if row[key] else None
    met = value is not None and value <= limit and row["stayed_active"]
    return {"name": f"{row['setting']}: {what}", "value": value, "relation": "<=", "limit": limit, "met": met}
