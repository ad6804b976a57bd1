"""What `decision-diffuser bench ros` prints, and which bars are met. No ROS here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

JITTER_LIMIT = 2.0  # [ms], p99 in real time
STATE_AGE_LIMIT = 5.0  # [ms], p99 in lockstep, where each command answers one joint state
SWITCH_LIMIT = 60.0  # [ms], p95: a period of replanning (2 control steps) and the latency of a plan (1)

COLUMNS = (
    "setting", "jitter p50", "p99", "max", "state to command p50", "p99", "switch p50", "p95", "late plans", "active",
)  # fmt: skip


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

    machine = results["machine"]
    console.print(
        f"{machine['processor']}, {machine['processors']} processors; "
        f"load average {machine['load_average_1_min']} at the start"
    )
    table = Table(title="Running nodes [ms]", title_justify="left")
    for name in COLUMNS:
        table.add_column(name, justify="left" if name == "setting" else "right")
    shares = Table(title="Processors in use", title_justify="left")
    names = list(results["settings"][0]["cpu_share"]) if results["settings"] else []
    for name in ("setting", *names):
        shares.add_column(name, justify="left" if name == "setting" else "right")
    for row in results["settings"]:
        table.add_row(*node_row(row))
        shares.add_row(row["setting"], *[f"{row['cpu_share'].get(name, float('nan')):.2f}" for name in names])
    console.print(table)
    console.print(shares)
    print_bars(results["summary"]["bars"], console)


def node_row(row: Mapping[str, Any]) -> list[str]:
    """A row of `COLUMNS`."""
    shares = {"jitter_ms": ("p50", "p99", "max"), "state_age_ms": ("p50", "p99"), "switch_ms": ("p50", "p95")}
    columns = [(name, share) for name, its_shares in shares.items() for share in its_shares]
    return [
        row["setting"],
        *[f"{row[name][share]:.2f}" if row[name] else "" for name, share in columns],
        str(row["late_plans"]),
        "yes" if row["stayed_active"] else "no",
    ]


def _bar(row: Mapping[str, Any], what: str, key: str, limit: float, *, share: str = "p99") -> dict[str, Any]:
    """A bar, which is not met where nothing could be measured or the robot did not keep walking."""
    value = row[key][share] if row[key] else None
    met = value is not None and value <= limit and row["stayed_active"]
    return {"name": f"{row['setting']}: {what}", "value": value, "relation": "<=", "limit": limit, "met": met}
