"""The baseline that composition is measured against: several conditions told to the network as one.

Feeding the network the sum of two one-hot vectors asks for an input that it was never trained on; the paper reports
that it fails (Ajay 2023, App. I.2).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from decision_diffuser_ros.errors import PlanError
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.conditions import Condition, ConditionEncoder
from decision_diffuser_ros.planner.sampler_graph import SamplerGraph


class SummedConditionBundle(Bundle):
    """A model that takes any condition for the sum of some others.

    Whatever a planner asks of it, each row of the batch that has a condition is told all of `conditions` at once. So
    ask for any single one, and the plan is that of Eq. 8 for the summed vector.
    """

    def __init__(self, bundle: Bundle, conditions: Sequence[Condition]) -> None:
        """The same loaded model, asked differently.

        Args:
            bundle: the model.
            conditions: at least one; their weights are ignored.

        Raises:
            ConditionError: a condition is not one of the model's.
        """
        vars(self).update(vars(bundle))
        vectors, present = ConditionEncoder(bundle.manifest).encode_batch(conditions)
        self._vector = vectors.sum(axis=0)
        self._present = present.max(axis=0)

    @functools.cached_property
    def sampler(self) -> SamplerGraph:
        """Not to be had: it would ask the network behind our back."""
        raise PlanError("a model asked for summed conditions samples step by step: leave `samples_in_one_call` out")

    def denoise(
        self,
        trajectory: np.ndarray,
        observation_mask: np.ndarray,
        denoising_step: np.ndarray,
        condition: np.ndarray,
        condition_present: np.ndarray,
    ) -> np.ndarray:
        """As `Bundle.denoise`, with the summed condition in place of any other."""
        has_condition = condition_present.any(axis=1, keepdims=True)
        return super().denoise(
            trajectory,
            observation_mask,
            denoising_step,
            np.where(has_condition, self._vector, condition),
            np.where(has_condition, self._present, condition_present),
        )
