"""One step of the denoising task: what the network is shown, and what its answer costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from decision_diffuser_ros.diffusion.schedule import noise_schedule
from decision_diffuser_ros.training.configuration import DiffusionConfiguration
from decision_diffuser_ros.training.training_data import Batch

OBSERVED, FUTURE, MISSING = 1.0, 0.0, -1.0


class DenoisingExample(NamedTuple):
    """What the network is shown, named as its arguments, and what it should answer.

    Attributes:
        inputs: `trajectory`, `observation_mask`, `denoising_step`, `condition`, `condition_present`.
        target: shape `(batch, horizon, state_dim)`.
    """

    inputs: dict[str, Tensor]
    target: Tensor


class DenoisingTask:
    """Makes examples from windows and scores predictions (Ajay 2023, Eq. 3, with the history given).

    Args:
        configuration: of the task.
        history: K, observed slots of a window.
        plan_steps: P, planned slots but for the outcome.
        has_outcome: whether one more slot, the last, is the state in which the demonstration ended.
        kind_count: number of kinds of condition.
        error_scale: what counts as one unit of error, shape `(planned_slots, state_dim)`; None for 1 everywhere.
        target_entries: state entries that actions are targets for.
        state_dim: numbers in a state; needed with a `target_entries_weight` only.
    """

    def __init__(
        self,
        configuration: DiffusionConfiguration,
        *,
        history: int,
        plan_steps: int,
        kind_count: int,
        has_outcome: bool = False,
        error_scale: Tensor | None = None,
        target_entries: Sequence[int] = (),
        state_dim: int = 1,
    ) -> None:
        self.configuration = configuration
        self.history, self.plan_steps, self.kind_count = history, plan_steps, kind_count
        self.has_outcome = has_outcome
        schedule = noise_schedule(configuration.schedule, configuration.denoising_steps)
        self.alphas_cumprod = torch.tensor(schedule.alphas_cumprod, dtype=torch.float32)
        weights = torch.ones(plan_steps)
        weights[: configuration.first_states] = configuration.first_states_weight
        if has_outcome:
            weights = torch.cat([weights, torch.tensor([configuration.outcome_weight])])
        self.slot_weights = weights / weights.sum()
        self.error_scale = torch.ones(()) if error_scale is None else error_scale
        entry_weights = torch.ones(state_dim)
        if configuration.target_entries_weight != 1.0:
            entry_weights[list(target_entries)] = configuration.target_entries_weight
        self.entry_weights = entry_weights / entry_weights.mean()

    def example(
        self, batch: Batch, generator: torch.Generator, *, denoising_step: Tensor | None = None
    ) -> DenoisingExample:
        """A random example of each window; the denoising step may be given, shape `(batch,)`."""
        clean = batch["trajectory"]
        count = len(clean)
        step = denoising_step
        if step is None:
            step = self.random_steps(count, generator)
        noise = torch.randn(clean.shape, generator=generator)
        signal_share = self.alphas_cumprod[step][:, None, None]
        noisy = signal_share.sqrt() * clean + (1.0 - signal_share).sqrt() * noise

        mask = self.observation_mask(batch["available_history"], generator)
        inexactness = torch.full((clean.shape[1], 1), self.configuration.history_noise)
        present = self.condition_present(count, generator)
        if self.has_outcome:
            is_known = torch.rand(count, generator=generator) < self.configuration.outcome_known_share
            mask[:, -1] = torch.where(is_known, OBSERVED, FUTURE)
            inexactness[-1] = self.configuration.outcome_noise
            present = present * ~is_known[:, None]  # who knows where it ends needs not be told what is asked
        observed = clean + inexactness * torch.randn(clean.shape, generator=generator)
        shown = torch.where((mask == FUTURE)[..., None], noisy, observed)
        shown = torch.where((mask == MISSING)[..., None], torch.zeros(()), shown)
        return DenoisingExample(
            inputs={
                "trajectory": shown,
                "observation_mask": mask,
                "denoising_step": step,
                "condition": batch["condition"],
                "condition_present": present,
            },
            target=clean if self.configuration.prediction == "x0" else noise,
        )

    def random_steps(self, count: int, generator: torch.Generator) -> Tensor:
        """Denoising steps `(count,)`: any, and some more often, as configured."""
        step = torch.randint(self.configuration.denoising_steps, (count,), generator=generator)
        if not self.configuration.emphasised_steps:
            return step
        emphasised = torch.tensor(self.configuration.emphasised_steps)
        chosen = emphasised[torch.randint(len(emphasised), (count,), generator=generator)]
        return torch.where(torch.rand(count, generator=generator) < self.configuration.emphasis, chosen, step)

    def observation_mask(self, available_history: Tensor, generator: torch.Generator) -> Tensor:
        """Which slots are observed, future or missing, `(batch, horizon)`: a random length of history.

        Args:
            available_history: shape `(batch,)`, the most that each episode has.
            generator: draws the lengths.
        """
        weights = torch.tensor(self.configuration.history_length_weights)
        length = 1 + torch.multinomial(weights, len(available_history), replacement=True, generator=generator)
        length = torch.minimum(length, available_history)
        age = torch.arange(self.history, 0, -1)  # 1 is the current state, in the last slot of the history
        past = torch.where(age <= length[:, None], OBSERVED, MISSING)
        return torch.cat([past, torch.full((len(past), len(self.slot_weights)), FUTURE)], dim=1)

    def condition_present(self, count: int, generator: torch.Generator) -> Tensor:
        """Which kinds of condition are shown, `(count, kinds)`: all left out together, or each for itself.

        The first trains the null condition of Eq. 8, the second every subset of kinds that a plan may name.
        """
        all_kept = torch.rand(count, 1, generator=generator) >= self.configuration.condition_dropout
        each_kept = torch.rand(count, self.kind_count, generator=generator) >= self.configuration.kind_dropout
        return (all_kept & each_kept).float()

    def loss(self, network: nn.Module, example: DenoisingExample) -> Tensor:
        """Weighted mean squared error over the planned states; observed and missing rows do not count."""
        error = (network(**example.inputs) - example.target)[:, self.history :]
        if self.has_outcome:
            error = error * (example.inputs["observation_mask"][:, self.history :, None] == FUTURE)
        squared = (error / self.error_scale.to(error.device)).square() * self.entry_weights.to(error.device)
        return squared.mean(dim=(0, 2)) @ self.slot_weights.to(squared.device)
