"""Tables of the experiments on composed gaits. Shares of gaits are of the frames that `gait_shares` counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from decision_diffuser_ros.evaluation.gait_shares import COUNTED_FRAMES, GAITS
from decision_diffuser_ros.evaluation.text_table import TextTable, percent

SHARE_COLUMNS = ("episodes", "survived %", *(f"{gait} %" for gait in GAITS))


def share_cells(row: Mapping[str, Any]) -> list[str]:
    """Cells of `SHARE_COLUMNS` from what `gait_shares` returns."""
    return [str(row["episodes"]), percent(row["survived"]), *(percent(row["shares"][gait]) for gait in GAITS)]


def composition_tables(scores: Mapping[str, Any]) -> list[TextTable]:
    """Tables of `gait_composition.evaluate`."""
    asked = {f"only {gait}": row for gait, row in scores["single"].items()} | scores["pairs"]
    asked |= {f"{name}, one-hots summed": row for name, row in scores["summed"].items()}
    rows = [
        [name, *share_cells(row), percent(row["all_asked_seen"]), f"{row['changes_per_second']:.2f}"]
        for name, row in asked.items()
    ]
    columns = ("asked", *SHARE_COLUMNS, "all asked seen %", "changes of gait 1/s")
    return [TextTable(f"Gaits seen, share of {COUNTED_FRAMES}", columns, rows), bar_table(scores["bars"])]


def condition_tables(scores: Mapping[str, Any]) -> list[TextTable]:
    """Tables of `gait_conditions.evaluate`."""
    rows = [
        [question, " or ".join(row["allowed"]), percent(row["succeeded"]), *share_cells(row)]
        for question, row in scores["questions"].items()
    ]
    columns = ("asked", "allowed", "succeeded %", *SHARE_COLUMNS)
    return [TextTable(f"NOT and OR, shares of {COUNTED_FRAMES}", columns, rows, word_columns=("allowed",))]


def slider_tables(scores: Mapping[str, Any]) -> list[TextTable]:
    """Tables of `gait_slider.evaluate`."""
    rows = [
        [weight, row["expression"], *share_cells(row), f"{row['changes_per_second']:.2f}"]
        for weight, row in scores["weights"].items()
    ]
    title = f"From {scores['second']} to {scores['first']}, shares of {COUNTED_FRAMES}"
    columns = ("w", "asked", *SHARE_COLUMNS, "changes of gait 1/s")
    return [TextTable(title, columns, rows, word_columns=("asked",))]


def return_tables(scores: Mapping[str, Any]) -> list[TextTable]:
    """Tables of `gait_returns.evaluate`."""
    rows = []
    for gait, of_gait in scores["gaits"].items():
        for share, row in of_gait["asked"].items():
            speeds = [f"{row[name]:.2f}" for name in ("speed_asked", "speed_mean", "speed_p5", "speed_p95")]
            cells = [str(row["episodes"]), *speeds, percent(row["survived"]), percent(row["shares"][gait])]
            rows.append([f"{gait} & {scores['kind']}={share}", *cells])
    columns = ("asked", "episodes", "asked m/s", "mean m/s", "p5", "p95", "survived %", "in the gait %")
    title = f"Asked and achieved {scores['kind']}; in the gait: of {COUNTED_FRAMES}"
    return [TextTable(title, columns, rows), bar_table(scores["bars"])]


def ablation_tables(scores: Mapping[str, Any]) -> list[TextTable]:
    """Tables of `gait_ablations.evaluate`, one a setting; `pattern` is of all the time after the first 0.5 s."""
    measures = {"survived": "survived %", "gait_share": "share %", "pattern_share": "pattern %"}
    tables = []
    for setting, values in scores["settings"].items():
        rows = []
        for value, gaits in values.items():
            for number, (gait, row) in enumerate(gaits.items()):
                cells = [*(percent(row[measure]) for measure in measures), f"{row['speed_mean']:.2f}"]
                rows.append(["" if number else value, gait, *cells])
        title = f"{setting.replace('_', ' ')}; share: of {COUNTED_FRAMES}"
        tables.append(TextTable(title, ("value", "gait", *measures.values(), "m/s"), rows, word_columns=("gait",)))
    return tables


def bar_table(bars: Mapping[str, Mapping[str, Any]]) -> TextTable:
    """What was to be reached, and whether it was."""
    rows = []
    for name, bar in bars.items():
        wanted = f"at least {bar['at_least']:g}" if "at_least" in bar else f"below {bar['below']:g}"
        rows.append([name, wanted, f"{bar['got']:.3f}", "yes" if bar["reached"] else "no"])
    columns = ("what", "wanted", "got", "reached")
    return TextTable("To be reached", columns, rows, word_columns=("wanted", "reached"))
