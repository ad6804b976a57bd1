"""Bars of how often what was asked was done: gaits under NOT and OR, and the tasks of block stacking."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from decision_diffuser_ros.evaluation.gait_plot import COLOURS
from decision_diffuser_ros.evaluation.gait_shares import COUNTED_FRAMES, GAITS
from decision_diffuser_ros.evaluation.picture_file import write_picture
from decision_diffuser_ros.evaluation.stacking_report import DRIVERS, PAPER

DRIVER_COLOURS = {"planner": "#0072b2", "expert": "#999999", "behaviour_cloning": "#e69f00"}


def plot_conditions(scores: Mapping[str, Any], path: Path, *, title: str) -> Path:
    """What was walked under each question of `gait_conditions.evaluate`; writes `path` (PNG) and returns it."""
    questions = scores["questions"]
    figure = Figure(figsize=(8.0, 1.4 + 0.45 * len(questions)), layout="constrained")
    axes = figure.subplots()
    places, left = np.arange(len(questions)), np.zeros(len(questions))
    for gait in GAITS:
        shares = np.array([100.0 * row["shares"][gait] for row in questions.values()])
        axes.barh(places, shares, left=left, color=COLOURS[gait], label=gait)
        left += shares
    for place, row in zip(places, questions.values(), strict=True):
        axes.annotate(f"{100.0 * row['succeeded']:.0f} % succeeded", (101.0, place), va="center", fontsize=9)
    axes.set_yticks(places, [f"{question}\n({' or '.join(row['allowed'])})" for question, row in questions.items()])
    axes.invert_yaxis()
    axes.set(title=title, xlabel=f"share of {COUNTED_FRAMES} [%]", ylabel="asked (allowed)", xlim=(0.0, 126.0))
    axes.set_xticks(range(0, 101, 20))
    figure.legend(loc="outside lower center", ncols=len(GAITS), frameon=False)
    return write_picture(figure, path)


def plot_stacking(scores: Mapping[str, Any], path: Path, *, title: str) -> Path:
    """Strict success in each task of `block_stacking.evaluate`, by who drives; writes `path` (PNG) and returns it."""
    tasks = scores["tasks"]
    drivers = [scores["driver"], *(name for name in DRIVERS if name in next(iter(tasks.values())))]
    figure = Figure(figsize=(2.6 + 1.5 * len(tasks), 4.6), layout="constrained")
    axes = figure.subplots()
    places, width = np.arange(len(tasks)), 0.8 / len(drivers)
    for number, driver in enumerate(drivers):
        rows = [row if number == 0 else row[driver] for row in tasks.values()]
        middle = places + (number - 0.5 * (len(drivers) - 1)) * width
        success = [100.0 * row["success_strict"] for row in rows]
        bars = axes.bar(middle, success, width, color=DRIVER_COLOURS[driver], label=DRIVERS[driver])
        axes.bar_label(bars, fmt="%.0f", fontsize=8)
    reported = np.array(
        [(place, float(PAPER[task])) for place, task in zip(places, tasks, strict=True) if task in PAPER]
    )
    if len(reported):
        place, share = reported.T
        axes.hlines(share, place - 0.4, place + 0.4, color="black", linestyle="--", label="paper (partial credit)")
    axes.set_xticks(places, [task.replace("_", "\n") for task in tasks])
    axes.set(title=title, ylabel="strict success [% of episodes]", ylim=(0.0, 108.0))
    axes.grid(axis="y", alpha=0.3)
    figure.legend(loc="outside lower center", ncols=4, frameon=False)
    return write_picture(figure, path)
