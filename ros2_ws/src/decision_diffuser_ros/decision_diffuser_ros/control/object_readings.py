"""Where the objects are that a robot handles: from named poses to what the model was trained on.

An object `block_red` of the state has the entries `block_red/position/{x,y,z}` and `block_red/orientation/{x,y,z,w}`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from decision_diffuser_ros.errors import StateError

if TYPE_CHECKING:
    from decision_diffuser_ros.planner.state_layout import StateLayout

ORIENTATION_LENGTH_TOLERANCE = 0.05
POSE_ENTRIES = tuple(f"position/{axis}" for axis in "xyz") + tuple(f"orientation/{axis}" for axis in "xyzw")

CanonicalOrientation = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Of quaternions ``(..., 4)`` that look alike the one that the model was trained with."""


@dataclass(frozen=True, eq=False)
class ObjectReading:
    """Poses of all objects of the state at `stamp` [s], ``(objects, 7)``: position [m] and unit quaternion."""

    stamp: float
    pose: NDArray[np.float64]


class ObjectLayout:
    """Which objects a state holds and where."""

    def __init__(self, layout: StateLayout, *, canonical_orientation: CanonicalOrientation | None = None) -> None:
        """Find the objects of the model's state.

        Args:
            layout: of the states, a model or a data set.
            canonical_orientation: for objects that look alike in several orientations; by default only the
                quaternion's sign is chosen, w >= 0.
        """
        names = layout.state_names
        suffix = f"/{POSE_ENTRIES[0]}"
        found = [name.removesuffix(suffix) for name in names if name.endswith(suffix)]
        self.names = tuple(name for name in found if {f"{name}/{entry}" for entry in POSE_ENTRIES} <= set(names))
        self.indices = [
            index
            for name in self.names
            for index in layout.state_indices([f"{name}/{entry}" for entry in POSE_ENTRIES])
        ]
        self._canonical_orientation = canonical_orientation or _with_positive_w

    def reading(
        self, *, stamp: float, names: Sequence[str], position: ArrayLike, orientation: ArrayLike
    ) -> ObjectReading:
        """Return the poses in the manifest's order; other objects are ignored.

        Args:
            stamp: time of the measurement [s].
            names: of the objects, in any order.
            position: of each ``(names, 3)`` [m].
            orientation: of each, quaternions ``(names, 4)`` (x, y, z, w).

        Raises:
            StateError: an object is missing or there twice, or a pose is not finite or no pose.
        """
        where = self._where(names)
        pose = np.hstack([np.reshape(position, (-1, 3)), np.reshape(orientation, (-1, 4))]).astype(np.float64)
        if len(pose) != len(names):
            raise StateError(f"the object poses have {len(names)} names but {len(pose)} poses")
        pose = pose[where]
        length = np.linalg.norm(pose[:, 3:], axis=1)
        for name, row, its_length in zip(self.names, pose, length, strict=True):
            if not np.isfinite(row).all():
                raise StateError(f"the pose of object '{name}' must be finite. Got {row.tolist()}")
            if not abs(its_length - 1.0) <= ORIENTATION_LENGTH_TOLERANCE:
                raise StateError(
                    f"the orientation of object '{name}' must be a unit quaternion (x, y, z, w). "
                    f"Got {row[3:].tolist()} of length {its_length:g}"
                )
        pose[:, 3:] = self._canonical_orientation(pose[:, 3:] / length[:, None])
        return ObjectReading(stamp, pose)

    def _where(self, names: Sequence[str]) -> list[int]:
        listed = list(names)
        for name in self.names:
            if listed.count(name) != 1:
                problem = "is missing in" if name not in listed else "is there twice in"
                raise StateError(f"object '{name}' {problem} the object poses; got: {', '.join(listed) or 'none'}")
        return [listed.index(name) for name in self.names]


def _with_positive_w(orientation: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(orientation[..., 3:] < 0.0, -orientation, orientation)
