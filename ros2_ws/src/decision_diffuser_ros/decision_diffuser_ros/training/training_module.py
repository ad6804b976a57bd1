"""A network with its loss, optimiser and moving average, as Lightning trains it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from decision_diffuser_ros.training.configuration import OptimisationConfiguration

SMOOTHING = 0.98  # of the loss that is shown and logged


class TrainingModule(LightningModule):
    """Trains a network and follows its weights with a moving average, which is what counts in the end.

    Args:
        network: what is trained.
        loss: loss of a network on an example.
        optimisation: how long and how fast.
        ema_decay: of the moving average; the first steps use less, so that it forgets the start.
    """

    smoothed_loss: Tensor

    def __init__(
        self,
        network: nn.Module,
        loss: Callable[[Any, Any], Tensor],
        *,
        optimisation: OptimisationConfiguration,
        ema_decay: float,
    ) -> None:
        super().__init__()
        self.network = network
        self.averaged = AveragedModel(network, multi_avg_fn=moving_average(ema_decay)).requires_grad_(False)
        self.register_buffer("smoothed_loss", torch.tensor(math.nan))
        self._loss = loss
        self._optimisation = optimisation

    @property
    def averaged_network(self) -> nn.Module:
        """The network with the moving average of the weights."""
        return self.averaged.module

    def training_step(self, example: Any, batch_index: int) -> Tensor:
        """Loss of one batch."""
        loss = self._loss(self.network, example)
        shown = loss.detach()
        follows = torch.lerp(shown, self.smoothed_loss, SMOOTHING)
        self.smoothed_loss = torch.where(self.smoothed_loss.isnan(), shown, follows)
        self.log("loss", self.smoothed_loss, prog_bar=True)
        self.log("learning_rate", self.optimizers().param_groups[0]["lr"])
        return loss

    def optimizer_step(self, *arguments: Any, **keywords: Any) -> None:
        """Step, and let the average follow at once, so that no checkpoint comes in between."""
        super().optimizer_step(*arguments, **keywords)
        self.averaged.update_parameters(self.network)

    def configure_optimizers(self) -> dict[str, Any]:
        """Adam; the learning rate rises linearly, then falls to zero as a cosine."""
        settings = self._optimisation
        optimiser = torch.optim.Adam(self.network.parameters(), settings.learning_rate)

        def rate(training_step: int) -> float:
            return learning_rate_factor(
                training_step, warm_up_steps=settings.warm_up_steps, training_steps=settings.training_steps
            )

        scheduler = torch.optim.lr_scheduler.LambdaLR(optimiser, rate)
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}


def learning_rate_factor(training_step: int, *, warm_up_steps: int, training_steps: int) -> float:
    """Share of the full learning rate at a training step: linear warm-up, then half a cosine down to zero."""
    if training_step < warm_up_steps:
        return (training_step + 1) / warm_up_steps
    progress = (training_step - warm_up_steps) / max(1, training_steps - warm_up_steps)
    return 0.5 * (1.0 + math.cos(math.pi * min(1.0, progress)))


def moving_average(decay: float) -> Callable[[Sequence[Tensor], Sequence[Tensor], Tensor | int], None]:
    """An update for `AveragedModel`: exponential, over at most as many steps as there have been."""

    def update(average: Sequence[Tensor], current: Sequence[Tensor], count: Tensor | int) -> None:
        warm = (1.0 + float(count)) / (10.0 + float(count))
        torch._foreach_lerp_(list(average), list(current), 1.0 - min(decay, warm))

    return update
