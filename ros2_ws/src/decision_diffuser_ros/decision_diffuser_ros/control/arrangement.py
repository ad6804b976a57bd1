"""What shall stand above what, whether it does, and what an arm with a gripper is doing about it.

Seen from outside, by the objects' poses and the gripper's opening alone, so that whoever moves the arm is judged alike.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from decision_diffuser_ros.errors import ConditionError
from decision_diffuser_ros.planner.expression import ConditionExpression, Term, normalised_name
from decision_diffuser_ros.planner.object_relations import HEIGHT_MARGIN, OPEN_ABOVE, object_index

LIFTED_HEIGHT = 0.01
"""By how much an object has risen since the gripper closed if the gripper holds it [m]."""


class Phase(enum.Enum):
    """What the arm does."""

    WAITING = "waiting"
    REACHING = "reaching"
    GRASPING = "grasping"
    CARRYING = "carrying"
    RELEASING = "releasing"
    SETTLING = "settling"
    HOLDING = "holding"


@dataclass(frozen=True, kw_only=True)
class ArrangementSettings:
    """What counts.

    Attributes:
        height_margin: by which the centre of what is above something is higher [m]; half of an object's height.
        settle_time: without motion until objects have settled [s].
        settle_distance: which an object may move within that time [m].
        open_above: opening at which the gripper holds nothing [m].
    """

    height_margin: float = HEIGHT_MARGIN
    settle_time: float = 1.0
    settle_distance: float = 0.002
    open_above: float = OPEN_ABOVE


@dataclass(frozen=True)
class Relation:
    """One object above another, or not above it; both as indices.

    `text` is how it was asked for.
    """

    text: str
    upper: int
    lower: int
    is_negated: bool

    def holds(self, height: NDArray[np.float64], margin: float) -> bool:
        """Return whether it holds for the heights of all objects ``(objects,)`` [m]."""
        return bool(height[self.upper] - height[self.lower] > margin) != self.is_negated


def relations_of(expression: ConditionExpression, object_names: Sequence[str]) -> list[list[Relation]]:
    """Return the relations of each alternative.

    Args:
        expression: whose names are relations such as `red > blue`.
        object_names: of the state; `block_red` is `red` for short.

    Raises:
        ConditionError: a name is no relation between two of the objects.
    """
    return [[_relation(term, object_names) for term in terms if term.counts] for terms in expression.alternatives]


class ArrangementMonitor:
    """Follows one attempt to build an arrangement."""

    def __init__(self, alternatives: Sequence[Sequence[Relation]], settings: ArrangementSettings) -> None:
        """Begin; `alternatives` are the relations of which those of one must hold."""
        self._alternatives = alternatives
        self._settings = settings
        self._position: NDArray[np.float64] | None = None
        self._still_position: NDArray[np.float64] | None = None
        self._still_since = 0.0
        self._began = self._time = 0.0
        self._opening = self._commanded_opening = 0.0
        self._height_when_closed: NDArray[np.float64] | None = None

    def observe(self, time: float, position: NDArray[np.float64], *, opening: float, commanded_opening: float) -> None:
        """Take note of what is measured at `time` [s].

        Args:
            time: of the measurement [s].
            position: of all objects ``(objects, 3)`` [m].
            opening: of the gripper [m].
            commanded_opening: what it was told last [m].
        """
        if self._position is None:
            self._began = time
        self._time, self._position = time, position
        self._opening, self._commanded_opening = opening, commanded_opening
        if self.is_open:
            self._height_when_closed = None
        elif self._height_when_closed is None:
            self._height_when_closed = position[:, 2].copy()
        last = self._still_position
        moved = last is None or np.abs(position - last).max() > self._settings.settle_distance
        if moved or not self.is_open or time < self._still_since:
            self._still_position, self._still_since = position.copy(), time

    @property
    def duration(self) -> float:
        """Time from the first measurement to the last [s]."""
        return self._time - self._began

    @property
    def is_open(self) -> bool:
        """Whether the gripper holds nothing."""
        return self._opening > self._settings.open_above

    @property
    def is_fulfilled(self) -> bool:
        """Whether all relations of an alternative hold now, whoever keeps the objects there."""
        return self._position is not None and not self.failing

    @property
    def is_built(self) -> bool:
        """Whether they hold in the settled world: the gripper is open and nothing has moved for a while."""
        settled = self.is_open and self._time - self._still_since >= self._settings.settle_time
        return self.is_fulfilled and settled

    @property
    def holding(self) -> tuple[str, ...]:
        """The relations of the nearest alternative that hold now."""
        return tuple(relation.text for relation, holds in self._judged() if holds)

    @property
    def failing(self) -> tuple[str, ...]:
        """The relations of the nearest alternative that do not hold now."""
        return tuple(relation.text for relation, holds in self._judged() if not holds)

    @property
    def placed(self) -> int:
        """How many objects stand on another one."""
        if self._position is None:
            return 0
        size = 2.0 * self._settings.height_margin
        apart = np.linalg.norm(self._position[:, None, :2] - self._position[None, :, :2], axis=-1)
        rise = self._position[:, None, 2] - self._position[None, :, 2]
        stands = ((apart < 0.7 * size) & (rise > 0.5 * size) & (rise < 1.5 * size)).any(axis=1)
        return int((stands & ~self._carried()).sum())

    @property
    def phase(self) -> Phase:
        """What the arm does with the objects, as far as the gripper tells."""
        if self._position is None:
            return Phase.WAITING
        is_told_to_open = self._commanded_opening > self._settings.open_above
        if self.is_open:
            if not is_told_to_open:
                return Phase.GRASPING
            return Phase.SETTLING if self.is_fulfilled else Phase.REACHING
        if is_told_to_open:
            return Phase.RELEASING
        return Phase.CARRYING if self._carried().any() else Phase.GRASPING

    def _carried(self) -> NDArray[np.bool_]:
        if self._position is None or self._height_when_closed is None:
            return np.zeros(0 if self._position is None else len(self._position), dtype=bool)
        return self._position[:, 2] - self._height_when_closed > LIFTED_HEIGHT

    def _judged(self) -> list[tuple[Relation, bool]]:
        """Each relation of the alternative of which fewest fail, and whether it holds."""
        if self._position is None:
            return []
        height, margin = self._position[:, 2], self._settings.height_margin
        judged = [[(relation, relation.holds(height, margin)) for relation in each] for each in self._alternatives]
        return min(judged, key=lambda each: sum(not holds for _, holds in each))


def _relation(term: Term, object_names: Sequence[str]) -> Relation:
    words = normalised_name(str(term.value)).split(" > ")
    indices = [index for word in words if (index := object_index(word, object_names)) is not None]
    if term.is_number or len(words) != 2 or len(indices) != 2:
        short = ", ".join(name.removeprefix("block_") for name in object_names)
        raise ConditionError(
            f"expected a relation between two objects, such as 'one > other', got '{term}'; "
            f"objects: {short or 'none, this model does not see any'}"
        )
    return Relation(str(term), indices[0], indices[1], term.is_negated)
