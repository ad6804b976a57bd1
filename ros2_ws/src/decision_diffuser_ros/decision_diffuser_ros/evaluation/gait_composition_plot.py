"""The gaits over time for each pair: one alone, the other alone, both; and with the conditions summed, the baseline."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from decision_diffuser_ros.evaluation.expression_rollout import ExpressionRollout
from decision_diffuser_ros.evaluation.gait_composition import (
    PAIRS,
    pair_name,
    probability_over_time,
    single_name,
    summed_name,
)
from decision_diffuser_ros.evaluation.gait_plot import COLOURS
from decision_diffuser_ros.evaluation.gait_shares import COUNTED_FRAMES, GAITS
from decision_diffuser_ros.evaluation.picture_file import write_picture
from decision_diffuser_ros.simulation.quadruped_model import CONTROL_STEP


def plot_composition(
    shown: Mapping[str, ExpressionRollout], scores: Mapping[str, Any], path: Path, *, title: str
) -> Path:
    """Writes the picture to `path` (PNG) and returns it.

    Args:
        shown: the episode of each group that is drawn.
        scores: of `gait_composition.evaluate`; above each panel stand the shares of `COUNTED_FRAMES` of all episodes.
        path: of the picture.
        title: of the picture.
    """
    rows_of = {single_name(gait): row for gait, row in scores["single"].items()} | scores["pairs"] | scores["summed"]
    columns = 4 if scores["summed"] else 3
    figure = Figure(figsize=(4.0 * columns, 7.8), layout="constrained")
    figure.suptitle(f"{title}\nIn numbers: shares of {COUNTED_FRAMES}, of all episodes")
    panels = figure.subplots(len(PAIRS), columns, sharex=True, sharey=True)
    for line, pair in zip(panels, PAIRS, strict=True):
        names = [single_name(pair[0]), single_name(pair[1]), pair_name(pair), summed_name(pair)][:columns]
        for axes, name in zip(line, names, strict=True):
            _draw(axes, shown[name])
            axes.set_title(_headline(name, rows_of[name]), fontsize=9)
        line[0].set_ylabel("gait probability")
    for axes in panels[-1]:
        axes.set_xlabel("simulated time [s]")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(GAITS), frameon=False)
    return write_picture(figure, path)


def _draw(axes: Axes, rollout: ExpressionRollout) -> None:
    time, probability = probability_over_time(rollout, step_duration=CONTROL_STEP)
    for number, gait in enumerate(GAITS):
        axes.fill_between(time, probability[:, number], color=COLOURS[gait], alpha=0.35, linewidth=0)
        axes.plot(time, probability[:, number], color=COLOURS[gait], linewidth=1.2, label=gait)
    if not rollout.survived:
        axes.axvline(len(rollout.forward_speed) * CONTROL_STEP, color="black", linestyle=":", linewidth=1.2)
        axes.annotate("falls", (len(rollout.forward_speed) * CONTROL_STEP, 0.5), fontsize=9, ha="right", rotation=90)
    axes.set(ylim=(0.0, 1.05), xlim=(0.0, rollout.task.steps * CONTROL_STEP))
    axes.grid(alpha=0.3)


def _headline(name: str, row: Mapping[str, Any]) -> str:
    asked = f"{name} (one-hots summed)" if "+" in name else name
    shares = ", ".join(f"{gait} {100 * row['shares'][gait]:.1f}" for gait in GAITS)
    return f"{asked}\nof frames: {shares} %"
