"""Pictures as files, drawn without a screen."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

DOTS_PER_INCH = 130


def write_picture(figure: Figure, path: Path) -> Path:
    """Writes a figure to `path` (PNG), in a directory that is made for it, and returns it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=DOTS_PER_INCH)
    return path
