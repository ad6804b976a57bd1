"""A recording of block stacking as a picture: the blocks' heights, which constraints hold when, what the arm does."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from decision_diffuser_ros.evaluation.picture_file import write_picture
from decision_diffuser_ros.evaluation.stacking_recording import StackingRecording
from decision_diffuser_ros.simulation.block_constraints import CONSTRAINT_NAMES, constraints_that_hold
from decision_diffuser_ros.simulation.stacking_model import BLOCK_COLOURS, BLOCK_NAMES, BLOCK_SIZE

HELD, BROKEN = "#009e73", "#d0d0d0"


def plot_recording(recording: StackingRecording, path: Path, *, title: str) -> Path:
    """Writes the picture to `path` (PNG) and returns it."""
    asked = [name for name in CONSTRAINT_NAMES if any(name in goal.holding + goal.failing for goal in recording.goals)]
    figure = Figure(figsize=(11, 7), layout="constrained")
    figure.suptitle(title)
    heights, constraints, phases = figure.subplots(3, 1, sharex=True, height_ratios=(3, 0.4 + 0.4 * len(asked), 1.4))
    _draw_heights(heights, recording)
    _draw_constraints(constraints, recording, asked)
    _draw_phases(phases, recording)
    phases.set_xlabel("simulated time [s]")
    for axes in (heights, constraints, phases):
        for goal in recording.goals:
            axes.axvline(goal.asked_at, color="black", linewidth=1.0, linestyle="--")
            axes.axvline(goal.ended_at, color=HELD if goal.success else "#d55e00", linewidth=1.0, linestyle=":")
    for row, goal in enumerate(recording.goals):
        heights.annotate(
            f"{goal.constraints}: {goal.outcome}",
            (goal.asked_at, 0.97 - 0.08 * (row % 4)),
            xycoords=("data", "axes fraction"),
            xytext=(3, -8),
            textcoords="offset points",
            fontsize=8,
            ha="left" if goal.asked_at < 0.6 * recording.time[-1] else "right",
        )
    return write_picture(figure, path)


def _draw_heights(axes: Axes, recording: StackingRecording) -> None:
    for block, (name, colour) in enumerate(zip(BLOCK_NAMES, BLOCK_COLOURS, strict=True)):
        axes.plot(recording.time, recording.block_heights()[:, block], color=colour, label=name)
    for level in range(4):
        axes.axhline(BLOCK_SIZE * (level + 0.5), color="#888888", linewidth=0.5)
    axes.set_ylim(0.0, BLOCK_SIZE * 6)
    axes.set_ylabel("height of the centre [m]")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)


def _draw_constraints(axes: Axes, recording: StackingRecording, asked: list[str]) -> None:
    """When each constraint that was asked holds, wherever the blocks are."""
    time, height = np.array(recording.time), recording.block_heights()
    position = np.zeros((*height.shape, 3))
    position[..., 2] = height
    hold = constraints_that_hold(position)
    for row, name in enumerate(reversed(asked)):
        holds = hold[:, CONSTRAINT_NAMES.index(name)]
        colours = [HELD if held else BROKEN for held in holds]
        bars = [(start, recording.step_duration) for start in time]
        axes.broken_barh(bars, (row - 0.35, 0.7), facecolors=colours)
    axes.set_yticks(range(len(asked)), asked[::-1])
    axes.set_ylabel("holds")


def _draw_phases(axes: Axes, recording: StackingRecording) -> None:
    names = list(dict.fromkeys(phase for phase in recording.phase if phase))
    for row, name in enumerate(reversed(names)):
        bars = [
            (time, recording.step_duration)
            for time, phase in zip(recording.time, recording.phase, strict=True)
            if phase == name
        ]
        axes.broken_barh(bars, (row - 0.35, 0.7), facecolors="#0072b2")
    axes.set_yticks(range(len(names)), names[::-1], fontsize=8)
    axes.set_ylabel("the arm is")
