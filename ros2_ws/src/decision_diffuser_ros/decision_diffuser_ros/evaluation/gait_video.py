"""A recording as a video, drawn without a screen after the run, on all cores."""

import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np

from decision_diffuser_ros.evaluation.gait_recording import GaitRecording
from decision_diffuser_ros.evaluation.video_file import write_frames
from decision_diffuser_ros.simulation.quadruped_rendering import QuadrupedRenderer

FRAMES_PER_SECOND = 25
Pose = tuple[np.ndarray, np.ndarray, np.ndarray]


def write_video(
    recording: GaitRecording,
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
    return write_frames(
        _draw,
        _poses(recording),
        path,
        frames_per_second=FRAMES_PER_SECOND,
        processes=processes,
        progress=progress,
    )


def _poses(recording: GaitRecording) -> list[Pose]:
    time = np.array(recording.time)
    moments = np.arange(time[0], time[-1], 1 / FRAMES_PER_SECOND)
    samples = np.searchsorted(time, moments)
    return [(recording.base_position[n], recording.base_orientation[n], recording.joint_position[n]) for n in samples]


@functools.cache
def _renderer() -> QuadrupedRenderer:
    return QuadrupedRenderer(width=560, height=352)


def _draw(pose: Pose) -> np.ndarray:
    position, orientation, joints = pose
    return _renderer().frame(base_position=position, base_orientation=orientation, joint_position=joints)
