"""The table of the 2-D example for people: on the terminal and in Markdown, the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from decision_diffuser_ros.evaluation.plan_times import plan_sentence
from decision_diffuser_ros.evaluation.text_table import TextTable, percent

COLUMNS = ("asked", "the end is to be", "episodes", "is so %", "in the square %", "in the plan %", "paper %")
"""`is so`: driven ends, with their standard error; `in the square`: driven ends where all demonstrations end."""

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
    table(scores).print(console)
    console.print(plan_sentence(scores))


def markdown(scores: Mapping[str, Any]) -> str:
    """The same table in Markdown."""
    return table(scores).markdown()


def table(scores: Mapping[str, Any]) -> TextTable:
    """The questions, by how often they are answered."""
    return TextTable("Ends of trajectories in the plane", COLUMNS, rows(scores), word_columns=("the end is to be",))


def rows(scores: Mapping[str, Any]) -> list[list[str]]:
    """Rows of `COLUMNS`."""
    return [
        [
            name,
            WANTED[name],
            str(scores["episodes"]),
            _with_error(values["satisfied"], values["standard_error"]),
            percent(values["in_arena"]),
            percent(values["satisfied_in_plan"]),
            values["paper"] or "",
        ]
        for name, values in scores["questions"].items()
    ]


def _with_error(share: float, standard_error: float | None) -> str:
    return percent(share) if standard_error is None else f"{percent(share)} ± {percent(standard_error)}"
