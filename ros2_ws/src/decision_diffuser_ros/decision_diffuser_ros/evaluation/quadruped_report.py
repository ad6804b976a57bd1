"""Tables of a quadruped evaluation for people: on the terminal and in Markdown, the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from decision_diffuser_ros.evaluation.plan_times import plan_sentence
from decision_diffuser_ros.evaluation.text_table import TextTable, percent

GAIT_COLUMNS = ("gait", "driven by", "episodes", "survived %", "pattern share", "gait share", "speed m/s")
SWITCH_COLUMNS = ("switch", "episodes", "survived %", "reached %", "seconds to reach, p95")
SEED_COLUMNS = (
    "training seed", "gait", "episodes", "survived %", "pattern share", "expert's", "gait share",
    "speed m/s", "expert's m/s",
)  # fmt: skip


def print_tables(scores: Mapping[str, Any], console: Console) -> None:
    """Prints the scores that `quadruped_gaits.evaluate` returned."""
    gait_table(scores).print(console)
    if scores["switches"]:
        switch_table(scores).print(console)
    console.print(plan_sentence(scores, digits=1))


def markdown(scores: Mapping[str, Any]) -> str:
    """The same tables in Markdown."""
    tables = (gait_table(scores).markdown(), switch_table(scores).markdown())
    return "\n".join((*tables, plan_sentence(scores, digits=1) + "\n"))


def markdown_of_seeds(scores: Mapping[str, Mapping[str, Any]]) -> str:
    """A Markdown table of several trainings, by the seed of each."""
    rows = []
    for seed, of_seed in scores.items():
        for gait, values in of_seed["gaits"].items():
            shares = [f"{values[name]:.3f}" for name in ("pattern_share", "expert_pattern_share", "gait_share")]
            speeds = [f"{values[name]:.2f}" for name in ("speed_mean", "expert_speed_mean")]
            rows.append([seed, gait, str(values["episodes"]), percent(values["survived"]), *shares, *speeds])
    return TextTable("Trainings", SEED_COLUMNS, rows).markdown()


def gait_table(scores: Mapping[str, Any]) -> TextTable:
    """The gaits, by who drives."""
    return TextTable("Gaits", GAIT_COLUMNS, gait_rows(scores), word_columns=("driven by",))


def gait_rows(scores: Mapping[str, Any]) -> list[list[str]]:
    """Rows of `GAIT_COLUMNS`."""
    rows = []
    for gait, values in scores["gaits"].items():
        expert = {name.removeprefix("expert_"): value for name, value in values.items() if name.startswith("expert_")}
        drivers = {
            "planner": values,
            "scripted expert": expert | {"episodes": values["episodes"]},
            "one denoising step": values.get("one_step"),
            "planner, pushed": scores["pushed"].get(gait),
            "planner, physics at 2 ms": scores["time_step_2ms"].get(gait),
        }
        for driver, row in drivers.items():
            if row is None:
                continue
            shares = [f"{row['pattern_share']:.3f}", f"{row['gait_share']:.3f}", f"{row['speed_mean']:.2f}"]
            name = gait if driver == "planner" else ""
            rows.append([name, driver, str(row["episodes"]), percent(row["survived"]), *shares])
    return rows


def switch_table(scores: Mapping[str, Any]) -> TextTable:
    """The switches from gait to gait."""
    return TextTable("Switches", SWITCH_COLUMNS, switch_rows(scores))


def switch_rows(scores: Mapping[str, Any]) -> list[list[str]]:
    """Rows of `SWITCH_COLUMNS`."""
    rows = []
    for name, row in scores["switches"].items():
        seconds = row["seconds_to_reach_p95"]
        late = "never" if seconds is None else f"{seconds:.2f}"
        shares = [percent(row["survived"]), percent(row["reached"])]
        rows.append([name.replace("_to_", " to "), str(row["switches"]), *shares, late])
    return rows
