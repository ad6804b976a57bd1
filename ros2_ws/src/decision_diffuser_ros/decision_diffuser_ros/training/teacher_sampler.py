"""The sampler of a trained network in torch, batch by batch: what a student is to do in one pass.

The same as `diffusion.samplers.sample_ddim` with guidance (Song 2021, Eq. 12; Ajay 2023, Eq. 8), but each window of a
batch has conditions and a history of its own, and the tensors stay on the network's device.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from decision_diffuser_ros.diffusion.guidance import guidance_coefficients, unguided_coefficients
from decision_diffuser_ros.diffusion.samplers import ddim_step
from decision_diffuser_ros.diffusion.schedule import DenoisingLevel, NoiseSchedule
from decision_diffuser_ros.planner.settings import SamplingSettings
from decision_diffuser_ros.training.denoising_task import FUTURE


class TeacherSampler:
    """Samples windows from their start noise, without fresh noise in between.

    Args:
        network: predicts the clean window; is set to evaluation and not trained any more.
        schedule: that it was trained with.
        sampling: of these count the denoising steps, their spacing, the guidance weight, the levels without guidance
            and the limit of the estimate.
    """

    def __init__(self, network: nn.Module, *, schedule: NoiseSchedule, sampling: SamplingSettings) -> None:
        self.network = network.eval().requires_grad_(False)
        self.levels = schedule.levels(sampling.denoising_steps, spacing=sampling.step_spacing)
        self._guided_shares = guidance_coefficients([1.0], sampling.guidance_weight).tolist()
        self._unguided_shares = unguided_coefficients([1.0]).tolist()
        self._unguided_levels = sampling.unguided_levels
        self._clean_limit = sampling.clean_limit

    @torch.no_grad()
    def sample(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Windows `(batch, horizon, state_dim)`, normalised; rows that are not planned are those of `inputs`.

        Args:
            inputs: of the network, named as its arguments; the planned rows of `trajectory` are start noise, and its
                `denoising_step` does not matter. Where no kind of condition is present there is no guidance.
        """
        given = self._on_device(inputs)
        trajectory, planned = given["trajectory"], (given["observation_mask"] == FUTURE)[..., None]
        for level in self.levels:
            clean = self._guided_estimate({**given, "trajectory": trajectory}, level)
            trajectory = torch.where(planned, ddim_step(trajectory, clean, level), trajectory)
        return trajectory.to(inputs["trajectory"].device)

    @torch.no_grad()
    def estimate(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """What the network itself says of such inputs, without guidance."""
        return self.network(**self._on_device(inputs)).to(inputs["trajectory"].device)

    def _guided_estimate(self, inputs: Mapping[str, Tensor], level: DenoisingLevel) -> Tensor:
        """The clean estimate (Ajay 2023, Eq. 8); under the null condition both terms are the same."""
        present = inputs["condition_present"]
        at_level = {**inputs, "denoising_step": torch.full_like(inputs["denoising_step"], level.denoising_step)}
        is_guided = level.denoising_step >= self._unguided_levels
        null_share, condition_share = self._guided_shares if is_guided else self._unguided_shares
        estimate = condition_share * self.network(**at_level)
        if null_share != 0.0:
            null = {**at_level, "condition_present": torch.zeros_like(present)}
            estimate = estimate + null_share * self.network(**null)
        return estimate if self._clean_limit is None else estimate.clamp(-self._clean_limit, self._clean_limit)

    def _on_device(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        device = next(self.network.parameters()).device
        return {name: values.to(device) for name, values in inputs.items()}
