"""The demonstrations as torch tensors, and the batches drawn from them.

All of it fits in memory, so a batch is one fancy index, drawn in the training process. What is in
a batch depends on the seed and the training step alone: a resumed training goes on with the same batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from decision_diffuser_ros.data.demonstration_set import DemonstrationSet
from decision_diffuser_ros.data.labels import ASKED_NUMBERS, choice_labels, number_labels
from decision_diffuser_ros.data.normalisation import Normaliser
from decision_diffuser_ros.data.windows import WindowIndex, index_windows
from decision_diffuser_ros.planner.manifest_records import ConditionKind
from decision_diffuser_ros.training.configuration import DataConfiguration
from decision_diffuser_ros.training.mirror import Mirror

Batch = dict[str, Tensor]
DISTURBED = "disturbed"
"""The extra that marks control steps in which something other than the expert acted on the robot."""
DRIVEN_BY_LEARNER = "driven_by_learner"
"""The extra that marks those in which a trained planner did, in data sets whose attributes name a `learner`."""


@dataclass(frozen=True)
class WindowBatches:
    """Windows of normalised states with their conditions.

    Attributes:
        states: shape `(states, state_dim)`, normalised.
        current_state: shape `(windows,)`, row of each window's last observed state.
        available_history: shape `(windows,)`.
        condition: shape `(windows, condition_dim)`.
        after_switch: indices of the windows just after a switch of skill.
        after_switch_share: share of a batch drawn from those, if there are any.
        history: K.
        plan_steps: P.
        outcome_state: shape `(windows,)`, row of the last state of each window's episode; None where no outcome is
            planned.
        mirror: shows half of the windows drawn; None where all are drawn as they are.
    """

    states: Tensor
    current_state: Tensor
    available_history: Tensor
    condition: Tensor
    after_switch: np.ndarray
    after_switch_share: float
    history: int
    plan_steps: int
    outcome_state: Tensor | None = None
    mirror: Mirror | None = None

    @classmethod
    def of(
        cls,
        demonstrations: DemonstrationSet,
        *,
        normaliser: Normaliser,
        configuration: DataConfiguration,
        kinds: Sequence[ConditionKind],
        step_duration: float,
        mirror: Mirror | None = None,
    ) -> WindowBatches:
        """The windows of a demonstration set, labelled with these kinds of condition."""
        asked = [extra for kind, extra in ASKED_NUMBERS.items() if kind in configuration.conditions]
        windows = index_windows(
            demonstrations,
            history=configuration.history,
            plan_steps=configuration.plan_steps,
            steps_before_fall=configuration.steps_before_fall,
            disturbed=demonstrations.extras[DISTURBED] if configuration.undisturbed_plans else None,
            asked_numbers=[demonstrations.extras[extra] for extra in asked],
            starts_are_switches=configuration.starts_are_switches,
        )
        condition = condition_labels(
            demonstrations,
            windows,
            kinds=kinds,
            averaging_steps=max(1, round(configuration.label_seconds / step_duration)),
            step_duration=step_duration,
        )
        last_state = np.repeat(demonstrations.first_state + demonstrations.lengths, demonstrations.lengths)
        outcome_state = torch.from_numpy(last_state[windows.current_action]) if configuration.outcome else None
        return cls(
            states=torch.from_numpy(normaliser.normalise(demonstrations.states)),
            current_state=torch.from_numpy(windows.current_state),
            available_history=torch.from_numpy(windows.available_history),
            condition=torch.from_numpy(condition),
            after_switch=windows.just_after_switch(within=configuration.after_switch_steps),
            after_switch_share=configuration.after_switch_share,
            history=configuration.history,
            plan_steps=configuration.plan_steps,
            outcome_state=outcome_state,
            mirror=mirror,
        )

    def __len__(self) -> int:
        return len(self.current_state)

    def draw(self, rng: np.random.Generator, batch_size: int) -> Batch:
        """A random batch, see `gather`; its share just after a switch is as configured, and half of it mirrored."""
        chosen = rng.integers(len(self), size=batch_size)
        switching = round(batch_size * self.after_switch_share) if len(self.after_switch) else 0
        if switching:
            chosen[:switching] = rng.choice(self.after_switch, size=switching)
        batch = self.gather(torch.from_numpy(chosen))
        if self.mirror is not None:
            is_mirrored = torch.from_numpy(rng.random(batch_size) < 0.5)
            batch["trajectory"] = self.mirror.of(batch["trajectory"], is_mirrored)
        return batch

    def gather(self, chosen: Tensor) -> Batch:
        """The windows with these indices `(batch,)`.

        Returns:
            `trajectory` `(batch, K + P, state_dim)` normalised, K + P + 1 with an outcome, with anything in slots
            that the episode does not have; `available_history` `(batch,)`; `condition` `(batch, condition_dim)`.
        """
        current = self.current_state[chosen]
        available = self.available_history[chosen]
        offsets = torch.arange(1 - self.history, self.plan_steps + 1)
        rows = current[:, None] + torch.maximum(offsets, 1 - available[:, None])
        if self.outcome_state is not None:
            rows = torch.cat([rows, self.outcome_state[chosen][:, None]], dim=1)
        return {
            "trajectory": self.states[rows],
            "available_history": available,
            "condition": self.condition[chosen],
        }


@dataclass(frozen=True)
class TransitionBatches:
    """Single transitions: state, next state and the expert's clean action, raw."""

    states: Tensor
    actions: Tensor
    state_of_action: Tensor

    @classmethod
    def of(cls, demonstrations: DemonstrationSet) -> TransitionBatches:
        """The transitions of a demonstration set, but for those that a learner made: the expert's actions did not."""
        driven = demonstrations.extras.get(DRIVEN_BY_LEARNER, np.zeros(len(demonstrations.actions), dtype=bool))
        return cls(
            states=torch.from_numpy(demonstrations.states),
            actions=torch.from_numpy(demonstrations.actions[~driven]),
            state_of_action=torch.from_numpy(demonstrations.state_of_action[~driven]),
        )

    def __len__(self) -> int:
        return len(self.actions)

    def draw(self, rng: np.random.Generator, batch_size: int) -> Batch:
        """A random batch, see `gather`."""
        return self.gather(torch.from_numpy(rng.integers(len(self), size=batch_size)))

    def gather(self, chosen: Tensor) -> Batch:
        """`state`, `next_state` `(batch, state_dim)` and `action` `(batch, action_dim)`, raw SI units."""
        before = self.state_of_action[chosen]
        return {
            "state": self.states[before],
            "next_state": self.states[before + 1],
            "action": self.actions[chosen],
        }


def condition_labels(
    demonstrations: DemonstrationSet,
    windows: WindowIndex,
    *,
    kinds: Sequence[ConditionKind],
    averaging_steps: int,
    step_duration: float,
) -> np.ndarray:
    """The condition vector of each window, shape `(windows, condition_dim)`; see `labels` for the arguments."""

    def labels(kind: ConditionKind) -> np.ndarray:
        if kind.is_choice:
            return choice_labels(demonstrations, windows, kind=kind.kind, choices=len(kind.names))
        return number_labels(
            demonstrations,
            windows,
            kind=kind.kind,
            scale=kind.largest,
            averaging_steps=averaging_steps,
            step_duration=step_duration,
        )

    return np.concatenate([labels(kind) for kind in kinds], axis=1)


def split_off_last(demonstrations: DemonstrationSet, share: float) -> tuple[DemonstrationSet, DemonstrationSet | None]:
    """The demonstrations without their last episodes, and those; None where the share rounds to none."""
    episodes = len(demonstrations.lengths)
    kept = episodes - int(share * episodes)
    if kept == episodes:
        return demonstrations, None
    return demonstrations.select(0, kept), demonstrations.select(kept, episodes)
