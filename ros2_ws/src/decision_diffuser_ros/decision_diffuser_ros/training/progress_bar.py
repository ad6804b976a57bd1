"""The progress bar of a training: steps, time left, loss."""

from __future__ import annotations

from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import RichProgressBar


class TrainingProgressBar(RichProgressBar):
    """Lightning's bar, named after what is trained; our trainings have no epochs to count."""

    def __init__(self, name: str) -> None:
        super().__init__(refresh_rate=10)
        self._name = name

    def _get_train_description(self, current_epoch: int) -> str:
        return self._name

    def get_metrics(self, trainer: Trainer, pl_module: LightningModule) -> dict[str, Any]:
        """The smoothed loss alone."""
        metrics = super().get_metrics(trainer, pl_module)
        return {name: value for name, value in metrics.items() if name == "loss"}
