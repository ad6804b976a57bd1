"""The 2-D example as a picture: for each question the ways that were driven, the two circles and the square.

The square is where all demonstrations begin and end. The axes go as far as the farthest end of all questions.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle

from decision_diffuser_ros.evaluation.circles import QUESTIONS
from decision_diffuser_ros.evaluation.picture_file import write_picture
from decision_diffuser_ros.simulation.circles_world import ARENA, INSIDE_RADIUS, OUTSIDE_RADIUS

ANSWERED, MISSED, WAY = "#0072b2", "#d55e00", "#b0b0b0"
"""Told apart by colour-blind people too (Okabe and Ito)."""
SHOWN_WAYS = 40
COLUMNS = 4


def plot_ways(ways: Mapping[str, np.ndarray], path: Path, *, title: str) -> Path:
    """Writes the picture to `path` (PNG) and returns it.

    Args:
        ways: by question, positions `(episodes, steps, 2)` [m]; all ends are shown, and the first ways to them.
        path: of the picture.
        title: of the picture.
    """
    lines = -(-len(ways) // COLUMNS)
    figure = Figure(figsize=(3.4 * COLUMNS, 3.9 * lines + 0.6), layout="constrained")
    figure.suptitle(title)
    panels = figure.subplots(lines, COLUMNS, squeeze=False).ravel()
    farthest = shown_half_width(ways)
    for axes, (name, way) in zip(panels, ways.items(), strict=False):
        _draw(axes, name, way)
        axes.set(xlim=(-farthest, farthest), ylim=(-farthest, farthest))
    for axes in panels[len(ways) :]:
        axes.set_axis_off()
    for number, axes in enumerate(panels[: len(ways)]):
        if number % COLUMNS == 0:
            axes.set_ylabel("y [m]")
        if number + COLUMNS >= len(ways):  # none is below
            axes.set_xlabel("x [m]")
    handles, labels = panels[0].get_legend_handles_labels()
    (panels[len(ways)] if len(ways) < len(panels) else panels[0]).legend(handles, labels, loc="center", frameon=False)
    return write_picture(figure, path)


def shown_half_width(ways: Mapping[str, np.ndarray]) -> float:
    """How far the axes go, so that the square and every end of every question are within them [m]."""
    return 1.1 * max(ARENA, *(float(np.abs(way[:, -1]).max()) for way in ways.values()))


def _draw(axes: Axes, name: str, way: np.ndarray) -> None:
    answered = QUESTIONS[name].answered(way[:, -1])
    for positions in way[:SHOWN_WAYS]:
        axes.plot(positions[:, 0], positions[:, 1], color=WAY, linewidth=0.5, zorder=1)
    axes.plot([], [], color=WAY, linewidth=0.8, label="way driven")
    for shown, colour, label in ((answered, ANSWERED, "end, as asked"), (~answered, MISSED, "end, not as asked")):
        x, y = way[shown, -1].T
        axes.scatter(x, y, s=9, color=colour, label=label, zorder=3, linewidths=0)
    for radius, style, label in ((INSIDE_RADIUS, "-", "R = 1 m"), (OUTSIDE_RADIUS, "--", "r = 0.7 m")):
        axes.add_patch(Circle((0.0, 0.0), radius, fill=False, linestyle=style, linewidth=1.2, zorder=2))
        axes.plot([], [], color="black", linestyle=style, linewidth=1.2, label=label)
    corner, side = (-ARENA, -ARENA), 2.0 * ARENA
    axes.add_patch(Rectangle(corner, side, side, fill=False, color="black", linestyle=":", linewidth=1.0, zorder=2))
    axes.plot([], [], color="black", linestyle=":", linewidth=1.0, label="square of the demonstrations")
    axes.set(title=f"{name}\n{100 * answered.mean():.1f} %", aspect="equal")
