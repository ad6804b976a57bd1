"""The loss over a training, from its logs, as a picture."""

from __future__ import annotations

import csv
import importlib.util
import logging
from pathlib import Path

logger = logging.getLogger(__name__)


def read_losses(directory: str | Path) -> tuple[list[int], list[float]]:
    """Training steps and smoothed losses from all `logs/version_*/metrics.csv` of a network, in order."""
    losses: dict[int, float] = {}
    logs = sorted((Path(directory) / "logs").glob("version_*/metrics.csv"), key=lambda path: path.stat().st_mtime)
    for path in logs:
        with open(path, newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if row.get("loss"):
                    losses[int(row["step"])] = float(row["loss"])
    training_steps = sorted(losses)
    return training_steps, [losses[training_step] for training_step in training_steps]


def plot_loss(directory: str | Path) -> Path | None:
    """Draw `loss.png` beside the logs; None where matplotlib, which training does not need, is not installed."""
    if importlib.util.find_spec("matplotlib") is None:
        logger.info("no loss plot: matplotlib is not installed")
        return None
    from matplotlib.figure import Figure

    training_steps, losses = read_losses(directory)
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    axes.semilogy(training_steps, losses)
    axes.set(xlabel="training step", ylabel="loss (smoothed)", title=Path(directory).name.replace("_", " "))
    axes.grid(alpha=0.3, which="both")
    path = Path(directory) / "loss.png"
    figure.savefig(path, dpi=120)
    return path
