"""Planned states as changes from now, each in units of how much it usually changes by then.

A network that predicts clean windows directly is as exact a tenth of a second ahead as it is three seconds ahead: its
error is a share of the states' whole spread. An arm that reaches for a block needs the next joint positions to a
hundredth of that. Here the network's answer for a planned slot is multiplied by the root mean square of the change
between now and that slot in the data, and the last observed state is added. An answer of zero means "nothing moves";
and the same relative error is a small error where little can change.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from decision_diffuser_ros.training.object_transformer import ObjectTransformer


class PlannedChanges(nn.Module):
    """A noise model that predicts clean windows, its planned rows as changes from the last observed state.

    Args:
        network: called as `TemporalUNet` is; its planned rows are taken as changes.
        history: observed slots, the first ones of a window; the last of them is always observed.
        plan_steps: planned slots, the others.
        state_dim: numbers in a state.
    """

    change_scale: Tensor

    def __init__(self, network: nn.Module, *, history: int, plan_steps: int, state_dim: int) -> None:
        super().__init__()
        self.network, self.history = network, history
        self.register_buffer("change_scale", torch.ones(plan_steps, state_dim))

    def set_unit(self, change_scale: Tensor) -> None:
        """Take the network's answers in this unit, shape `(plan_steps, state_dim)`, normalised; see `usual_change`."""
        self.change_scale.copy_(change_scale)
        if isinstance(self.network, ObjectTransformer):
            self.network.set_unit(change_scale)

    def forward(
        self,
        trajectory: Tensor,
        observation_mask: Tensor,
        denoising_step: Tensor,
        condition: Tensor,
        condition_present: Tensor,
    ) -> Tensor:
        """Clean window `(batch, horizon, state_dim)`, normalised; arguments as those of `TemporalUNet.forward`."""
        answer = self.network(trajectory, observation_mask, denoising_step, condition, condition_present)
        now = trajectory[:, self.history - 1 : self.history]
        planned = now + answer[:, self.history :] * self.change_scale
        return torch.cat([answer[:, : self.history], planned], dim=1)


def usual_change(windows: Tensor, *, history: int, floor: float) -> Tensor:
    """Root mean square of the change from the last observed state to each planned one, `(plan_steps, state_dim)`.

    Args:
        windows: shape `(count, history + plan_steps, state_dim)`, normalised.
        history: observed slots.
        floor: least value, so that what never changes in the data does not count without bounds.
    """
    change = windows[:, history:] - windows[:, history - 1 : history]
    return change.square().mean(dim=0).sqrt().clamp(min=floor)
