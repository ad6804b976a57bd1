"""A recording as a picture: the feet's contacts, the gait asked and seen, and the speed over time."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from decision_diffuser_ros.evaluation.gait_pattern import PAIRS
from decision_diffuser_ros.evaluation.gait_recording import GaitRecording
from decision_diffuser_ros.evaluation.picture_file import write_picture
from decision_diffuser_ros.simulation.quadruped_model import LEG_NAMES

COLOURS = {"trot": "#0072b2", "pace": "#e69f00", "bound": "#009e73", "": "#d0d0d0"}
"""Told apart by colour-blind people too (Okabe and Ito)."""


def plot_recording(recording: GaitRecording, path: Path, *, title: str) -> Path:
    """Writes the picture to `path` (PNG) and returns it."""
    figure = Figure(figsize=(11, 6.5), layout="constrained")
    figure.suptitle(title)
    feet, gaits, speed = figure.subplots(3, 1, sharex=True, height_ratios=(2.2, 1, 1.6))
    _draw_contacts(feet, recording)
    _draw_gaits(gaits, recording)
    speed.plot(recording.time, recording.forward_speed, color="#444444", linewidth=0.8)
    speed.set_ylabel("forward speed [m/s]")
    speed.set_xlabel("simulated time [s]")
    speed.grid(alpha=0.3)
    for axes in (feet, gaits, speed):
        for request in recording.requests[1:]:
            axes.axvline(request.time, color="black", linewidth=1.0, linestyle="--")
    for request in recording.requests:
        feet.annotate(
            f"{request.gait} asked",
            (request.time, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(3, 4),
            textcoords="offset points",
            fontsize=9,
        )
    return write_picture(figure, path)


def _spans(values: np.ndarray, time: np.ndarray, step: float) -> list[tuple[str, float, float]]:
    """Stretches of equal values as (value, start, duration)."""
    changes = np.flatnonzero(np.r_[True, values[1:] != values[:-1]]) if len(values) else np.array([], int)
    ends = np.r_[changes[1:], len(values)]
    return [
        (str(values[a]), float(time[a]), float(time[b - 1] - time[a] + step))
        for a, b in zip(changes, ends, strict=True)
    ]


def _draw_contacts(axes: Axes, recording: GaitRecording) -> None:
    time, contacts = np.array(recording.time), np.array(recording.foot_contacts, dtype=bool).reshape(-1, 4)
    for foot in range(4):
        stands = _spans(contacts[:, foot], time, recording.step_duration)
        bars = [(start, duration) for stand, start, duration in stands if stand == "True"]
        axes.broken_barh(bars, (3 - foot - 0.4, 0.8), color="#444444")
    axes.set_yticks(range(4), LEG_NAMES[::-1])
    axes.set_ylabel("foot on the floor")


def _draw_gaits(axes: Axes, recording: GaitRecording) -> None:
    time = np.array(recording.time)
    for row, values in enumerate((recording.seen(), recording.asked())):
        for name in COLOURS:
            bars = [
                (start, length)
                for value, start, length in _spans(values, time, recording.step_duration)
                if value == name
            ]
            axes.broken_barh(bars, (row - 0.4, 0.8), color=COLOURS[name])
    axes.set_yticks((0, 1), ("seen", "asked"))
    axes.set_ylabel("gait")
    handles = [Rectangle((0, 0), 1, 1, color=COLOURS[gait]) for gait in (*PAIRS, "")]
    axes.legend(
        handles,
        (*PAIRS, "none leads"),
        ncols=4,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.02),
        fontsize=8,
        frameon=False,
    )
