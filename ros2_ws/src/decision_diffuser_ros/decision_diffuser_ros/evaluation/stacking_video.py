"""A recording of block stacking as a video, drawn without a screen after the run, on all cores."""

import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np

from decision_diffuser_ros.evaluation.stacking_recording import StackingRecording
from decision_diffuser_ros.evaluation.video_file import write_frames
from decision_diffuser_ros.simulation.stacking_rendering import StackingRenderer

FRAMES_PER_SECOND = 10


def write_video(
    recording: StackingRecording,
    path: Path,
    *,
    processes: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Path:
    """Writes an MP4 at real speed to `path` and returns it.

    Args:
        recording: what to draw.
        path: of the video.
        processes: to share the drawing.
        progress: told how many frames of how many are drawn.
    """
    time = np.array(recording.time)
    moments = np.arange(time[0], time[-1], 1 / FRAMES_PER_SECOND)
    states = [recording.state[sample] for sample in np.searchsorted(time, moments - 1e-6)]
    return write_frames(
        _draw, states, path, frames_per_second=FRAMES_PER_SECOND, processes=processes, progress=progress
    )


@functools.cache
def _renderer() -> StackingRenderer:
    return StackingRenderer(width=560, height=352)


def _draw(state: np.ndarray) -> np.ndarray:
    return _renderer().frame(state)
