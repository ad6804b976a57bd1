"""Tables of a quadruped evaluation for people."""

from typing import Any

from rich.console import Console
from rich.table import Table


def print_tables(scores: dict[str, Any], console: Console) -> None:
    """Prints the scores that `quadruped_gaits.evaluate` returned."""
    console.print(_gait_table(scores))
    console.print(_switch_table(scores))
    p50, p95, p99 = (scores[f"plan_ms_p{share}"] for share in (50, 95, 99))
    console.print(
        f"one plan: {p50:.1f} ms median, {p95:.1f} ms p95, {p99:.1f} ms p99 on one thread of {scores['processor']}"
    )


def _gait_table(scores: dict[str, Any]) -> Table:
    table = Table(title="Gaits")
    for column in ("gait", "driven by", "episodes", "survived %", "pattern share", "gait share", "speed m/s"):
        table.add_column(column, justify="left" if column in ("gait", "driven by") else "right")
    for gait, values in scores["gaits"].items():
        expert = {name.removeprefix("expert_"): value for name, value in values.items() if name.startswith("expert_")}
        rows = {
            "planner": values,
            "expert": expert | {"episodes": values["episodes"]},
            "one denoising step": values["one_step"],
            "planner, pushed": scores["pushed"][gait],
            "planner, physics at 2 ms": scores["time_step_2ms"][gait],
        }
        for driver, row in rows.items():
            table.add_row(
                gait if driver == "planner" else "",
                driver,
                str(row["episodes"]),
                f"{100 * row['survived']:.1f}",
                f"{row['pattern_share']:.3f}",
                f"{row['gait_share']:.3f}",
                f"{row['speed_mean']:.2f}",
            )
        table.add_section()
    return table


def _switch_table(scores: dict[str, Any]) -> Table:
    table = Table(title="Switches")
    for column in ("switch", "episodes", "survived %", "reached %", "seconds to reach, p95"):
        table.add_column(column, justify="left" if column == "switch" else "right")
    for name, row in scores["switches"].items():
        seconds = row["seconds_to_reach_p95"]
        table.add_row(
            name.replace("_to_", " to "),
            str(row["switches"]),
            f"{100 * row['survived']:.1f}",
            f"{100 * row['reached']:.1f}",
            "never" if seconds is None else f"{seconds:.2f}",
        )
    return table
