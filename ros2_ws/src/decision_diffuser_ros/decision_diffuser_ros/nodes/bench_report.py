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
            name = f"{row['setting']}: joint state to command p99 [ms]"
            bars.append(_bar(name, row["state_age_ms"], STATE_AGE_LIMIT))
        else:
            bars.append(_bar(f"{row['setting']}: jitter of commands p99 [ms]", row["jitter_ms"], JITTER_LIMIT))
        if row["switch_ms"] is not None:
            bars.append(_bar(f"{row['setting']}: skill switch p95 [ms]", row["switch_ms"], SWITCH_LIMIT, share="p95"))
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
    switch = row["switch_ms"]
    return [
        row["setting"],
        *[f"{row['jitter_ms'][share]:.2f}" for share in ("p50", "p99", "max")],
        *[f"{row['state_age_ms'][share]:.2f}" for share in ("p50", "p99")],
        *[f"{switch[share]:.0f}" if switch else "" for share in ("p50", "p95")],
        str(row["late_plans"]),
        "yes" if row["stayed_active"] else "no",
    ]


def _bar(name: str, milliseconds: Mapping[str, float], limit: float, *, share: str = "p99") -> dict[str, Any]:
    value = milliseconds[share]
    return {"name": name, "value": value, "relation": "<=", "limit": limit, "met": value <= limit}
