"""Which rows the network's batch has: every candidate plan under the null condition and under each of its own.

Two candidates, one for `pace` and one for `trot & !bound`, are five rows:

    row          0       1       2       3       4
    candidate    0       0       1       1       1
    condition    null    pace    null    trot    bound
    guidance    [1-w     w       0       0       0 ]     of candidate 0
                [0       0       1       w      -w ]     of candidate 1 (its coefficients add up to 1, too)

so that all candidates take a denoising step with one evaluation. Rows whose coefficient is zero are left out: with one
condition and a guidance weight w of 1, Eq. 8 is the conditional estimate alone, and with w = 0 the null estimate alone.
At levels without guidance the same rows have other coefficients, [0 1] and [0 1 0] here.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from decision_diffuser_ros.diffusion.guidance import guidance_coefficients, unguided_coefficients
from decision_diffuser_ros.diffusion.schedule import DenoisingLevel
from decision_diffuser_ros.planner.conditions import Branch, ConditionEncoder


@dataclasses.dataclass(frozen=True, eq=False)
class NetworkRows:
    """The rows of a batch.

    Attributes:
        candidate: (rows,) int64, index of the candidate whose trajectory the row is.
        condition: (rows, condition_dim) float32.
        condition_present: (rows, condition_kinds) float32.
        guidance: (candidates, rows) coefficients of each candidate's guided sum.
        unguided: (candidates, rows) coefficients at the levels without guidance.
        unguided_levels: how many of the least noisy levels those are.
    """

    candidate: np.ndarray
    condition: np.ndarray
    condition_present: np.ndarray
    guidance: np.ndarray
    unguided: np.ndarray
    unguided_levels: int

    @property
    def count(self) -> int:
        """Number of rows."""
        return len(self.candidate)

    def coefficients(self, level: DenoisingLevel) -> np.ndarray:
        """The coefficients of each candidate's sum at a level, (candidates, rows)."""
        return self.unguided if level.denoising_step < self.unguided_levels else self.guidance


def network_rows(
    branches: Sequence[Branch], encoder: ConditionEncoder, *, guidance_weight: float, unguided_levels: int = 0
) -> NetworkRows:
    """The rows of one candidate for each branch; a branch may be there several times.

    Args:
        branches: conditions of each candidate.
        encoder: of the model.
        guidance_weight: common to all.
        unguided_levels: how many of the least noisy levels are without guidance.

    Raises:
        ConditionError: a condition is not one of the model's.
    """
    encoded = [encoder.encode_batch(branch) for branch in branches]
    weights = [[each.weight for each in branch] for branch in branches]
    candidate = np.repeat(np.arange(len(branches)), [1 + len(own) for own in weights])
    guided = np.concatenate([guidance_coefficients(own, guidance_weight) for own in weights])
    unguided = np.concatenate([unguided_coefficients(own) for own in weights]) if unguided_levels else guided
    needed = (guided != 0.0) | (unguided != 0.0)
    is_own = candidate[needed] == np.arange(len(branches))[:, np.newaxis]
    return NetworkRows(
        candidate=candidate[needed],
        condition=np.concatenate([condition for condition, _ in encoded])[needed],
        condition_present=np.concatenate([present for _, present in encoded])[needed],
        guidance=np.where(is_own, guided[needed], 0.0),
        unguided=np.where(is_own, unguided[needed], 0.0),
        unguided_levels=unguided_levels,
    )
