"""Conditions: what a plan shall fulfil, and how the network is told.

A `Condition` is one branch of guidance: values for some of the model's kinds, all at once. Several conditions compose
by weighted addition of what each changes (Ajay 2023, Eq. 9), and a negative weight asks for the opposite (App. J):

    [Condition({"skill": "trot", "forward_speed": 0.6})]                   trot, at 0.6 m/s
    [Condition({"skill": "trot"}), Condition({"skill": "pace"})]           trot AND pace
    [Condition({"skill": "trot"}), Condition({"skill": "bound"}, weight=-0.3)]    trot, NOT bound

Several such branches side by side are alternatives (OR), which the planner chooses from.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from numbers import Real

import numpy as np

from decision_diffuser_ros.errors import ConditionError
from decision_diffuser_ros.planner.manifest import Manifest
from decision_diffuser_ros.planner.manifest_records import ConditionKind

LARGEST_WEIGHT = 100.0
"""Of a condition, wanted or to be avoided: with weights far beyond it a plan is not finite any more."""


@dataclasses.dataclass(frozen=True)
class Condition:
    """Values for some kinds of condition, fulfilled together.

    Attributes:
        values: by kind: a name for a choice, `{"skill": "trot"}`; a number, from 0 to the kind's scale, in the kind's
            unit, `{"forward_speed": 0.6}` [m/s].
        weight: of this condition in the sum of Eq. 9, from -100 to 100; negative to avoid it.
    """

    values: Mapping[str, str | float]
    weight: float = 1.0

    def __post_init__(self) -> None:
        if not self.values:
            raise ConditionError(
                "a condition needs at least one value, got none; to plan without one, give no condition"
            )
        if not _is_finite_number(self.weight) or abs(self.weight) > LARGEST_WEIGHT:
            raise ConditionError(
                f"the weight of a condition must be a number from {-LARGEST_WEIGHT:g} to {LARGEST_WEIGHT:g}, "
                f"got {self.weight!r}"
            )
        object.__setattr__(self, "values", dict(self.values))


Branch = tuple[Condition, ...]
"""Conditions that are fulfilled together."""

Conditions = Sequence[Condition | Sequence[Condition]]
"""What a plan is asked for: conditions that are fulfilled together, or several branches, one of which is (OR)."""


def as_branches(conditions: Conditions) -> tuple[Branch, ...]:
    """The branches, at least one: conditions that are given without branches are the only one.

    Raises:
        ConditionError: there are both conditions and branches.
    """
    together = tuple(each for each in conditions if isinstance(each, Condition))
    branches = tuple(tuple(each) for each in conditions if not isinstance(each, Condition))
    if together and branches:
        raise ConditionError("expected either conditions or branches of conditions, got both side by side")
    return branches or (together,)


class ConditionEncoder:
    """Turns conditions into the vectors that a model's network takes."""

    def __init__(self, manifest: Manifest) -> None:
        self._model_name = manifest.name
        self._kinds = manifest.conditions
        self._condition_dim = manifest.condition_dim

    def encode(self, condition: Condition) -> tuple[np.ndarray, np.ndarray]:
        """The condition as (vector, present): (condition_dim,) and (condition_kinds,), float32.

        Kinds without a value are zero in both.

        Raises:
            ConditionError: a kind or a name is not in the model, or a number is out of range.
        """
        known = [kind.kind for kind in self._kinds]
        unknown = sorted(set(condition.values) - set(known))
        if unknown:
            raise ConditionError(
                f"model '{self._model_name}' has no condition of kind '{unknown[0]}'; "
                f"available: {', '.join(known) or 'none'}"
            )
        vector = np.zeros(self._condition_dim, np.float32)
        present = np.zeros(len(self._kinds), np.float32)
        offset = 0
        for index, kind in enumerate(self._kinds):
            if kind.kind in condition.values:
                self._encode_value(kind, condition.values[kind.kind], vector[offset : offset + kind.dimension])
                present[index] = 1.0
            offset += kind.dimension
        return vector, present

    def encode_batch(self, conditions: Sequence[Condition]) -> tuple[np.ndarray, np.ndarray]:
        """[null, y_1, ..., y_n] as (1 + n, condition_dim) and (1 + n, condition_kinds); the null row is zero.

        Raises:
            ConditionError: as `encode`.
        """
        vectors = np.zeros((1 + len(conditions), self._condition_dim), np.float32)
        present = np.zeros((1 + len(conditions), len(self._kinds)), np.float32)
        for row, condition in enumerate(conditions, start=1):
            vectors[row], present[row] = self.encode(condition)
        return vectors, present

    def _encode_value(self, kind: ConditionKind, value: str | float, out: np.ndarray) -> None:
        if kind.is_choice:
            if value not in kind.names:
                raise ConditionError(
                    f"{kind.kind} {value!r} is not in model '{self._model_name}'; "
                    f"available: {', '.join(sorted(kind.names))}"
                )
            out[kind.names.index(str(value))] = 1.0
        else:
            if not _is_finite_number(value) or not 0.0 <= float(value) <= kind.largest:
                raise ConditionError(
                    f"{kind.kind} must be a number from 0 to {kind.largest:g} [{kind.unit}], got {value!r}"
                )
            out[0] = float(value) / kind.largest


def _is_finite_number(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, Real) and math.isfinite(value)
