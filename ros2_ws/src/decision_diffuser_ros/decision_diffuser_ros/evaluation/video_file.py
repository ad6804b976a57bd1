"""A video of frames that are drawn on all cores."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import imageio.v2 as imageio
import numpy as np

from decision_diffuser_ros.process_pool import process_pool

Moment = TypeVar("Moment")


def write_frames(
    draw: Callable[[Moment], np.ndarray],
    moments: Sequence[Moment],
    path: Path,
    *,
    frames_per_second: int,
    processes: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Path:
    """Writes an MP4 to `path` and returns it.

    Args:
        draw: makes the frame of a moment, (height, width, 3) uint8, both multiples of 16; a function of a module, which
            each process imports.
        moments: one a frame.
        path: of the video.
        frames_per_second: of the video.
        processes: to share the drawing.
        progress: told how many frames of how many are drawn.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        process_pool(processes) as pool,
        imageio.get_writer(path, fps=frames_per_second, codec="libx264", quality=7, macro_block_size=16) as writer,
    ):
        for done, frame in enumerate(pool.map(draw, moments, chunksize=8), start=1):
            writer.append_data(frame)  # type: ignore[attr-defined]  # declared in a subclass
            progress(done, len(moments))
    return path
