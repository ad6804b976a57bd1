"""A recording as a video, drawn without a screen after the run, on all cores."""

import functools
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import imageio.v2 as imageio
import numpy as np

from decision_diffuser_ros.evaluation.gait_recording import GaitRecording
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
    poses = _poses(recording)
    path.parent.mkdir(parents=True, exist_ok=True)
    context = multiprocessing.get_context("spawn")
    with (
        ProcessPoolExecutor(processes, mp_context=context) as pool,
        imageio.get_writer(path, fps=FRAMES_PER_SECOND, codec="libx264", quality=7, macro_block_size=16) as writer,
    ):
        for done, frame in enumerate(pool.map(_draw, poses, chunksize=8), start=1):
            writer.append_data(frame)  # type: ignore[attr-defined]  # declared in a subclass
            progress(done, len(poses))
    return path


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
