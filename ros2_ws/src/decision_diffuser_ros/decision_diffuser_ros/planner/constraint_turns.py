"""Which of several constraints between objects a plan is made for first.

`red > blue & blue > green` comes true from the bottom: red that is put on blue comes down again when blue has to move.
To compose them evenly (Ajay 2023, Eq. 9) asks for both at every moment, and where each wants another block to be moved,
plans go between the two. So the one whose turn it is counts in full, and the others with a share of their weight.

Whose turn it is follows from the state alone: of those that do not hold, the lowest. While the gripper is not open, an
object is on its way, and what was asked goes on.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from decision_diffuser_ros.planner.conditions import Branch, Condition
from decision_diffuser_ros.planner.manifest import Manifest
from decision_diffuser_ros.planner.object_relations import HEIGHT_MARGIN, OPEN_ABOVE, OPENING, object_index

HEIGHT = "/position/z"
"""How the state entry of an object's height ends."""
Pair = tuple[int, int]
"""Where the heights of a constraint's upper and lower object are in a state."""


class ConstraintTurns:
    """Weighs constraints that are asked together.

    Args:
        manifest: of the model: which names are constraints `upper > lower` between objects of its state.
        others_weight: share of their weight that constraints get whose turn it is not, 0 to 1.
    """

    def __init__(self, manifest: Manifest, *, others_weight: float) -> None:
        self._others_weight = others_weight
        names = manifest.state_names
        objects = [name.removesuffix(HEIGHT) for name in names if name.endswith(HEIGHT)]
        self._pairs: dict[tuple[str, str], Pair] = {}
        for kind in manifest.conditions:
            for name in kind.names if kind.is_choice else ():
                found = [end for word in name.split(" > ") if (end := object_index(word, objects)) is not None]
                if len(found) == 2:
                    upper, lower = manifest.state_indices([objects[end] + HEIGHT for end in found])
                    self._pairs[kind.kind, name] = (upper, lower)
        self._opening = names.index(OPENING) if OPENING in names else None

    def weighed(self, branch: Branch, state: np.ndarray, *, in_use: Branch = ()) -> Branch:
        """The conditions of a branch with the weights that they get now.

        Args:
            branch: all that is asked; what is no constraint between objects, or to be avoided, keeps its weight.
            state: (state_dim,) observed now, raw [SI].
            in_use: the conditions of the plan before.
        """
        if self._others_weight == 1.0 or not self._pairs:
            return branch
        pairs = [self._pair(condition) for condition in branch]
        places = [place for place, pair in enumerate(pairs) if pair is not None]
        if len(places) < 2:
            return branch
        turns = [self._with_turn(branch, places, turn) for turn in places]
        if self._opening is not None and state[self._opening] <= OPEN_ABOVE and in_use in turns:
            return in_use
        failing = {place: pair for place, pair in enumerate(pairs) if pair is not None and not _holds(pair, state)}
        if not failing:
            return branch
        moving = {upper for upper, _ in failing.values()}
        lowest = [place for place, (_, lower) in failing.items() if lower not in moving]
        return self._with_turn(branch, places, (lowest or list(failing))[0])

    def _with_turn(self, branch: Branch, places: list[int], turn: int) -> Branch:
        share = [self._others_weight if place in places and place != turn else 1.0 for place in range(len(branch))]
        weighed = zip(branch, share, strict=True)
        return tuple(dataclasses.replace(each, weight=each.weight * part) for each, part in weighed if part > 0.0)

    def _pair(self, condition: Condition) -> Pair | None:
        """The pair of a wanted constraint, None of anything else."""
        if condition.weight <= 0.0 or len(condition.values) != 1:
            return None
        ((kind, name),) = condition.values.items()
        return self._pairs.get((kind, str(name)))


def _holds(pair: Pair, state: np.ndarray) -> bool:
    upper, lower = pair
    return bool(state[upper] - state[lower] > HEIGHT_MARGIN)
