"""The student's task: what its teacher samples in several guided passes, it is to say in one.

After Meng 2023, "On distillation of guided diffusion models", and Salimans & Ho 2022, "Progressive distillation for
fast sampling of diffusion models". They halve the number of steps again and again, because they come from many; a
planner's few are taken at once. Windows, histories and conditions are drawn as in the teacher's own training, so that
the student learns the null condition, which its teacher samples without guidance, and every subset of kinds.

Some windows of each batch are rehearsed: noised to any level, with the teacher's own estimate as the answer. A student
that saw its one level alone would forget the others, and with them how likely a plan is (`planner.plan_score`), by
which an OR chooses.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from decision_diffuser_ros.training.denoising_task import FUTURE, DenoisingExample, DenoisingTask
from decision_diffuser_ros.training.teacher_sampler import TeacherSampler
from decision_diffuser_ros.training.training_data import Batch, WindowBatches

BATCH_SIZE, BATCHES = 512, 2
"""Of the windows that differences are measured on."""


class DistillationTask:
    """Makes the student's examples, and scores its answers as its teacher's were.

    Args:
        denoising: the task that the teacher was trained on.
        teacher: what is distilled.
        one_pass_step: the denoising step that the student is told in its one pass.
        temperature: variance of the start noise.
        rehearsal_share: share of a batch that is rehearsed.
    """

    def __init__(
        self,
        denoising: DenoisingTask,
        teacher: TeacherSampler,
        *,
        one_pass_step: int,
        temperature: float,
        rehearsal_share: float,
    ) -> None:
        self._denoising, self.teacher = denoising, teacher
        self._one_pass_step, self._temperature = one_pass_step, temperature
        self._rehearsal_share = rehearsal_share

    def example(self, batch: Batch, generator: torch.Generator) -> DenoisingExample:
        """A random example of each window: those for one pass first, then those rehearsed."""
        count = len(batch["trajectory"])
        order = torch.randperm(count, generator=generator)
        one_pass, rehearsed = order.tensor_split([count - round(self._rehearsal_share * count)])
        parts = [
            make(_rows(batch, rows), generator)
            for make, rows in ((self.one_pass_example, one_pass), (self._rehearsal, rehearsed))
            if len(rows)
        ]
        inputs = {name: torch.cat([part.inputs[name] for part in parts]) for name in parts[0].inputs}
        return DenoisingExample(inputs=inputs, target=torch.cat([part.target for part in parts]))

    def one_pass_example(self, batch: Batch, generator: torch.Generator) -> DenoisingExample:
        """What the student is shown in a plan's one pass, and the window that the teacher samples from the same."""
        shown = self._denoising.example(batch, generator).inputs
        start = self._temperature**0.5 * torch.randn(shown["trajectory"].shape, generator=generator)
        planned = (shown["observation_mask"] == FUTURE)[..., None]
        inputs = {
            **shown,
            "trajectory": torch.where(planned, start, shown["trajectory"]),
            "denoising_step": torch.full_like(shown["denoising_step"], self._one_pass_step),
        }
        return DenoisingExample(inputs=inputs, target=self.teacher.sample(inputs))

    def _rehearsal(self, batch: Batch, generator: torch.Generator) -> DenoisingExample:
        """What the teacher was trained on, and its own answer."""
        inputs = self._denoising.example(batch, generator).inputs
        return DenoisingExample(inputs=inputs, target=self.teacher.estimate(inputs))

    def loss(self, network: nn.Module, example: DenoisingExample) -> Tensor:
        """Weighted mean squared difference from the teacher over the planned states."""
        return self._denoising.loss(network, example)

    @torch.no_grad()
    def one_pass_difference(
        self, networks: Mapping[str, nn.Module], windows: WindowBatches, *, seed: int
    ) -> dict[str, float]:
        """How far each network's one pass is from what the teacher samples: root mean square, normalised."""
        rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
        squared = dict.fromkeys(networks, 0.0)
        for _ in range(BATCHES):
            example = self.one_pass_example(windows.draw(rng, BATCH_SIZE), generator)
            for name, network in networks.items():
                error = (network(**example.inputs) - example.target)[:, windows.history :]
                squared[name] += error.square().mean().item() / BATCHES
        return {name: value**0.5 for name, value in squared.items()}


def _rows(batch: Batch, rows: Tensor) -> Batch:
    return {name: values[rows] for name, values in batch.items()}
