"""Curves of the experiments on composed gaits: shares along a slider, speed asked and achieved, and ablations."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from decision_diffuser_ros.evaluation.gait_ablations import START_TEMPERATURE, TEMPERATURE
from decision_diffuser_ros.evaluation.gait_plot import COLOURS
from decision_diffuser_ros.evaluation.gait_shares import COUNTED_FRAMES, GAITS
from decision_diffuser_ros.evaluation.picture_file import write_picture

MARKERS = {"trot": "o", "pace": "s", "bound": "^"}
LABELS = {
    "guidance_weight": "guidance weight",
    START_TEMPERATURE: "temperature of the start",
    TEMPERATURE: "temperature,\nfresh noise at each step",
    "history": "observed states [control steps]",
    "denoising_steps": "denoising steps",
    "actions": "actions from",
}


def plot_slider(scores: Mapping[str, Any], path: Path, *, title: str) -> Path:
    """Shares of the gaits over the slider's weight; writes `path` (PNG) and returns it."""
    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    axes = figure.subplots()
    weights = [float(weight) for weight in scores["weights"]]
    for gait in GAITS:
        shares = [100 * row["shares"][gait] for row in scores["weights"].values()]
        axes.plot(weights, shares, color=COLOURS[gait], marker=MARKERS[gait], label=gait)
    survived = [100 * row["survived"] for row in scores["weights"].values()]
    axes.plot(weights, survived, color="#666666", linestyle="--", linewidth=1.0, label="survived")
    axes.set(
        title=title,
        xlabel=f"w in w*{scores['first']} & (1-w)*{scores['second']}",
        ylabel=f"share of {COUNTED_FRAMES};\nsurvived: of all episodes [%]",
        ylim=(-3.0, 103.0),
    )
    _finish(axes)
    return write_picture(figure, path)


def plot_returns(scores: Mapping[str, Any], path: Path, *, title: str) -> Path:
    """Achieved over asked speed, a panel for each gait; writes `path` (PNG) and returns it."""
    figure = Figure(figsize=(11.0, 4.2), layout="constrained")
    figure.suptitle(title)
    panels = figure.subplots(1, len(GAITS), sharex=True, sharey=True)
    for axes, (gait, of_gait) in zip(panels, scores["gaits"].items(), strict=True):
        _draw_returns(axes, gait, of_gait, kind=scores["kind"])
    panels[0].set_ylabel("achieved forward speed [m/s]")
    return write_picture(figure, path)


def _draw_returns(axes: Axes, gait: str, of_gait: Mapping[str, Any], *, kind: str) -> None:
    shares = np.array([float(share) for share in of_gait["asked"]])
    rows = list(of_gait["asked"].values())
    mean, low, high, asked = (
        np.array([row[name] for row in rows]) for name in ("speed_mean", "speed_p5", "speed_p95", "speed_asked")
    )
    axes.plot(shares, asked, color="#666666", linestyle="--", linewidth=1.0, label="asked")
    axes.fill_between(shares, low, high, color=COLOURS[gait], alpha=0.25, linewidth=0, label="5 to 95 % of episodes")
    axes.plot(shares, mean, color=COLOURS[gait], marker=MARKERS[gait], label="achieved, mean")
    if of_gait["demonstrated_p90"] is not None:
        axes.axhline(
            of_gait["demonstrated_p90"], color="black", linestyle=":", linewidth=1.0, label="demonstrated, 90 %"
        )
    axes.set(
        title=f"{gait}: rank correlation {of_gait['rank_correlation']:.2f}",
        xlabel=f"{kind.replace('_', ' ')} asked [share of the largest]",
    )
    _finish(axes)


def plot_ablations(scores: Mapping[str, Any], path: Path, *, title: str) -> Path:
    """Share of the asked gait's pattern and survival for each setting; writes `path` (PNG) and returns it."""
    settings = scores["settings"]
    figure = Figure(figsize=(3.6 * len(settings), 6.4), layout="constrained")
    figure.suptitle(title)
    panels = figure.subplots(2, len(settings), sharey="row", sharex="col", squeeze=False)
    measures = {"survived": "survived [% of episodes]", "pattern_share": "time in the pattern [%]"}
    for column, (setting, values) in enumerate(settings.items()):
        for axes, (measure, label) in zip(panels[:, column], measures.items(), strict=True):
            for gait in GAITS:
                shown = [100 * row[gait][measure] for row in values.values()]
                axes.plot(range(len(values)), shown, color=COLOURS[gait], marker=MARKERS[gait], label=gait)
            axes.set_xticks(range(len(values)), list(values))
            axes.margins(x=0.15)
            axes.grid(alpha=0.3)
            if column == 0:
                axes.set_ylabel(label)
        panels[1, column].set_xlabel(LABELS[setting])
    panels[0, 0].legend(frameon=False)
    return write_picture(figure, path)


def _finish(axes: Axes) -> None:
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, fontsize=8)
