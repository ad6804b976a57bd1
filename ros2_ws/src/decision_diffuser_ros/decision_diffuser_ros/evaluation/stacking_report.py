"""Tables of a block stacking evaluation for people: on the terminal and in Markdown, the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from decision_diffuser_ros.evaluation.plan_times import plan_sentence
from decision_diffuser_ros.evaluation.text_table import TextTable, percent

COLUMNS = ("task", "driven by", "episodes", "strict success %", "paper %", "partial %", "steps", "failures")
PAPER = {
    "single_stacking": "58.0",
    "single_rearrangement": "62.7",
    "multi_stacking": "60.3",
    "multi_rearrangement": "67.2",
}
"""Ajay 2023, on an environment without a grasp and with partial credit."""
DRIVERS = {"planner": "planner", "expert": "scripted expert", "behaviour_cloning": "behaviour cloning"}


def print_table(scores: Mapping[str, Any], console: Console) -> None:
    """Prints the scores that `block_stacking.evaluate` returned."""
    table(scores).print(console)
    if "plan_ms_p50" in scores:
        console.print(plan_sentence(scores))


def markdown(scores: Mapping[str, Any]) -> str:
    """The same table in Markdown."""
    return table(scores).markdown()


def table(scores: Mapping[str, Any]) -> TextTable:
    """The tasks, by who drives."""
    return TextTable("Block stacking", COLUMNS, rows(scores), word_columns=("driven by", "failures"))


def rows(scores: Mapping[str, Any]) -> list[list[str]]:
    """Rows of `COLUMNS`: of each task one for every driver, the one that the scores are about first."""
    listed = []
    for task, values in scores["tasks"].items():
        of_drivers = {scores["driver"]: values} | {name: values[name] for name in DRIVERS if name in values}
        for number, (name, row) in enumerate(of_drivers.items()):
            is_planner = name == "planner"
            steps = "-" if row["steps_mean"] is None else f"{row['steps_mean']:.0f}"
            listed.append(
                [
                    task if number == 0 else "",
                    DRIVERS[name],
                    str(row["episodes"]),
                    percent(row["success_strict"]),
                    PAPER.get(task, "-") if is_planner else "",
                    percent(row["score_partial"]),
                    steps,
                    ", ".join(f"{count} {cause}" for cause, count in row["failures"].items()),
                ]
            )
    return listed
