"""Where objects end: outcomes compared, tidied, and reached one move after another.

What is drawn is right about which objects end in one pile and roughly in which order, and vague about where a pile
stands. So it is tidied: objects fall as far as they can, a pile on an object that is on the table already stands where
that is, and any other where there is room. Whether a constraint `upper > lower` holds in an outcome can be read off it,
and how much of it is there already.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from decision_diffuser_ros.planner.conditions import Branch, Condition
from decision_diffuser_ros.planner.free_place import free_place
from decision_diffuser_ros.planner.manifest import Manifest
from decision_diffuser_ros.planner.object_relations import HEIGHT_MARGIN, OPEN_ABOVE, OPENING, object_index
from decision_diffuser_ros.planner.piles import (
    SAME_PLACE_IN_HEIGHTS,
    TABLE,
    Move,
    arrangement_at,
    moves_between,
    next_move,
)

POSITION = ("/position/x", "/position/y", "/position/z")
"""How the state entries of an object's position end."""
MOVED_DISTANCE = 0.02
"""By how much an object has moved since an outcome was chosen if there is reason to choose again [m]."""
OBJECT_HEIGHT = 2.0 * HEIGHT_MARGIN
"""By how much the centre of an object is higher than that of the one it stands on [m]."""
LEAST_GAP = 2.6 * OBJECT_HEIGHT
"""Between the places of two piles, room for the open gripper [m]."""
SAME_PLACE = SAME_PLACE_IN_HEIGHTS * OBJECT_HEIGHT
"""Up to which distance in x and y objects are in one pile [m]."""
_WAYS, _FAR = np.meshgrid(np.linspace(0.0, 2.0 * np.pi, 24, endpoint=False), np.linspace(0.0, 5.0 * LEAST_GAP, 33))
_SHIFTS = np.stack([_FAR * np.cos(_WAYS), _FAR * np.sin(_WAYS)], axis=-1).reshape(-1, 2)
"""By which a place may be shifted to where there is room, (shifts, 2) [m]."""


@dataclasses.dataclass(frozen=True, eq=False)
class Outcome:
    """Where a plan leads in the end.

    Attributes:
        state: (state_dim,) float32, raw [SI]; of its entries only the objects' positions count.
        branch: the conditions that it was drawn for.
        seen: (state_dim,) the state observed when it was chosen, raw [SI].
    """

    state: np.ndarray
    branch: Branch
    seen: np.ndarray


class ObjectOutcomes:
    """Outcomes by the objects of a model's state.

    Args:
        manifest: of the model: which of its names are constraints `upper > lower` between objects of its state.
    """

    def __init__(self, manifest: Manifest) -> None:
        names = manifest.state_names
        objects = [name.removesuffix(POSITION[2]) for name in names if name.endswith(POSITION[2])]
        entries = [manifest.state_indices([name + part for part in POSITION]) for name in objects]
        self._positions = np.array(entries, int).reshape(-1, len(POSITION))
        self._usual_places = np.asarray(manifest.normaliser.mean)[self._positions[:, :2]]
        self._opening = names.index(OPENING) if OPENING in names else None
        self._pairs: dict[tuple[str, str], tuple[int, int]] = {}
        for kind in manifest.conditions:
            for name in kind.names if kind.is_choice else ():
                found = [end for word in name.split(" > ") if (end := object_index(word, objects)) is not None]
                if len(found) == 2:
                    self._pairs[kind.kind, name] = (found[0], found[1])

    def is_outdated(self, outcome: Outcome, now: np.ndarray) -> bool:
        """Whether there is reason to choose again in a state `(state_dim,)`, raw."""
        if self._opening is not None and now[self._opening] <= OPEN_ABOVE:
            return False
        return self.failed_conditions(outcome) > 0 or bool((self._distances(outcome.seen, now) > MOVED_DISTANCE).any())

    def best(self, outcomes: Sequence[Outcome], *, in_use: Outcome | None = None) -> Outcome:
        """The outcome to take: see the module.

        Args:
            outcomes: at least one, all from the same observed state.
            in_use: the one that was aimed at, which is among them.
        """

        def order(outcome: Outcome) -> tuple[int, int, bool]:
            return self.failed_conditions(outcome), self.moves(outcome), outcome is not in_use

        return min(outcomes, key=order)

    def moves(self, outcome: Outcome) -> int:
        """How many objects have to be moved from where it was chosen, one after another, some of them twice."""
        start, end = (
            arrangement_at(state[self._positions], object_height=OBJECT_HEIGHT)
            for state in (outcome.seen, outcome.state)
        )
        return moves_between(start, end)

    def failed_conditions(self, outcome: Outcome) -> int:
        """How many of the conditions that it was drawn for do not hold in it, as far as that can be seen."""
        height = outcome.state[self._positions[:, 2]]
        failed = 0
        for condition in outcome.branch:
            pair = self._pair(condition)
            if pair is not None and condition.weight != 0.0:
                upper, lower = pair
                holds = bool(height[upper] - height[lower] > HEIGHT_MARGIN)
                failed += holds != (condition.weight > 0.0)
        return failed

    def tidied(self, state: np.ndarray, now: np.ndarray) -> np.ndarray:
        """A state in which no object hangs in the air or stands in the way of another one.

        Args:
            state: (state_dim,), raw [SI].
            now: (state_dim,) the state observed, raw [SI].
        """
        position, start = state[self._positions], now[self._positions]
        lowest, is_on_table = start[:, 2].min(initial=np.inf), _is_on_table(start)
        chosen: list[np.ndarray] = []
        for pile in sorted(_piles(position), key=lambda pile: not is_on_table[pile[0]]):
            bottom = pile[0]
            if is_on_table[bottom]:
                place = start[bottom, :2]
            else:
                others = np.delete(start[:, :2], bottom, axis=0)
                place = self._free_place(position[bottom, :2], np.array([*others, *chosen]))
                chosen.append(place)
            position[pile, :2] = place
            position[pile, 2] = lowest + OBJECT_HEIGHT * np.arange(len(pile))
        return self._with_positions(state, position)

    def milestone(self, outcome: Outcome) -> np.ndarray:
        """The state (state_dim,), raw [SI], after the first move towards an outcome from where it was chosen.

        It is the outcome itself if nothing has to be moved. An object that is in the air is moved first, if only to the
        table.
        """
        end, position = outcome.state[self._positions], outcome.seen[self._positions]
        standing, goal = (arrangement_at(each, object_height=OBJECT_HEIGHT) for each in (position, end))
        in_the_air = np.flatnonzero((np.array(standing) == TABLE) & ~_is_on_table(position))
        order = [*in_the_air.tolist(), *(each for each in range(len(standing)) if each not in in_the_air)]
        move = next_move(standing, goal, order=order)
        if len(in_the_air) and (move is None or move.block not in in_the_air):
            move = Move(order[0], TABLE)
        if move is None:
            return outcome.state
        if move.onto != TABLE:
            position[move.block] = position[move.onto] + [0.0, 0.0, OBJECT_HEIGHT]
        elif goal[move.block] == TABLE:
            position[move.block] = end[move.block]
        else:
            others = np.delete(np.concatenate([position, end]), move.block, axis=0)
            position[move.block, :2] = self._free_place(position[move.block, :2], others[:, :2])
            position[move.block, 2] = position[:, 2].min()
        return self._with_positions(outcome.state, position)

    def _free_place(self, place: np.ndarray, taken: np.ndarray) -> np.ndarray:
        """The place (2,) nearest to one with room between it and those taken (n, 2) [m]."""
        middle = self._usual_places.mean(axis=0)
        return free_place(place + _SHIFTS, near=place, taken=taken, middle=middle, gap=LEAST_GAP)

    def _with_positions(self, state: np.ndarray, position: np.ndarray) -> np.ndarray:
        """The state (state_dim,) with the objects at (objects, 3) [m]."""
        moved = state.copy()
        moved[self._positions] = position
        return moved

    def _pair(self, condition: Condition) -> tuple[int, int] | None:
        """The upper and the lower object of a constraint, None of anything else."""
        if len(condition.values) != 1:
            return None
        ((kind, name),) = condition.values.items()
        return self._pairs.get((kind, str(name)))

    def _distances(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        """How far apart each object is in two states, (objects,) [m]."""
        return np.linalg.norm((one - other)[self._positions], axis=-1)


def _piles(position: np.ndarray) -> list[list[int]]:
    """The piles of objects at (objects, 3) [m], each from bottom to top: what is above one of a pile falls onto it."""
    piles: list[list[int]] = []
    for each in np.argsort(position[:, 2], kind="stable"):
        for pile in piles:
            if (np.linalg.norm(position[pile, :2] - position[each, :2], axis=1) < SAME_PLACE).any():
                pile.append(int(each))
                break
        else:
            piles.append([int(each)])
    return piles


def _is_on_table(position: np.ndarray) -> np.ndarray:
    """Which objects are as low as the lowest, (objects,) bool, of positions (objects, 3)."""
    return position[:, 2] - position[:, 2].min(initial=np.inf) < HEIGHT_MARGIN
