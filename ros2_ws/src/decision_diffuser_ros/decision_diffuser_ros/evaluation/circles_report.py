"""The table of the 2-D example for people: on the terminal and in Markdown, the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

COLUMNS = ("asked", "the end is to be", "episodes", "is so %", "in the plan %", "paper %")

WANTED = {
    "nothing": "in the ring (by chance)",
    "inside": "within 1 m",
    "outside": "beyond 0.7 m",
    "inside & outside": "in the ring",
    "inside + outside, summed": "in the ring",
    "!inside": "beyond 1 m",
    "!outside": "within 0.7 m",
}


def print_table(scores: Mapping[str, Any], console: Console) -> None:
    """Prints the scores that `circles.evaluate` returned."""
    table = Table(title="Ends of trajectories in the plane")
    for column in COLUMNS:
        table.add_column(column, justify="left" if column in COLUMNS[:2] else "right")
    for row in rows(scores):
        table.add_row(*row)
    console.print(table)
    console.print(plan_sentence(scores))


def markdown(scores: Mapping[str, Any]) -> str:
    """The same table in Markdown."""
    lines = [COLUMNS, ["---"] * len(COLUMNS), *rows(scores)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def plan_sentence(scores: Mapping[str, Any]) -> str:
    """How long a plan takes."""
    p50, p95 = (scores[f"plan_ms_p{share}"] for share in (50, 95))
    return f"One plan: {p50:.0f} ms median, {p95:.0f} ms p95 on one thread of {scores['processor']}."


def rows(scores: Mapping[str, Any]) -> list[list[str]]:
    """Rows of `COLUMNS`."""
    return [
        [
            name,
            WANTED[name],
            str(scores["episodes"]),
            f"{100 * values['satisfied']:.1f} ± {100 * values['standard_error']:.1f}",
            f"{100 * values['satisfied_in_plan']:.1f}",
            values["paper"] or "",
        ]
        for name, values in scores["questions"].items()
    ]
