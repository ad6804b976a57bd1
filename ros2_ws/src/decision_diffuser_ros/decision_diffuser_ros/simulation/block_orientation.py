"""One quaternion for the 24 orientations of a cube that nobody can tell apart.

A block of one colour looks the same after every turn that maps a cube to itself. A planner that saw the turns apart
would have to learn the same grasp 24 times, and would meet a block that has tumbled once as something new. So the
state holds, of the 24 equal orientations, the one nearest to the identity: of a block that stands on the table a yaw
between -45 and 45 degrees. A gripper with parallel jaws that takes that yaw as its own always fits. The quaternion's
sign comes with it: w is at least 0.85.
"""

import itertools

import numpy as np


def _symmetries_of_a_cube() -> np.ndarray:
    """The 24 rotations that map a cube to itself, (24, 4), quaternions (x, y, z, w), one sign each."""
    unit = np.eye(4)
    eight = np.array([np.array(signs) / 2 for signs in itertools.product((-1, 1), repeat=4)])
    pairs = [
        (unit[first] + sign * unit[second]) / np.sqrt(2)
        for first, second in itertools.combinations(range(4), 2)
        for sign in (-1, 1)
    ]
    return np.concatenate([unit, eight[eight[:, 3] > 0], pairs])


def quaternion_product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Products of quaternions (x, y, z, w), any shapes (..., 4) that broadcast."""
    vector_left, scalar_left = left[..., :3], left[..., 3:]
    vector_right, scalar_right = right[..., :3], right[..., 3:]
    vector = scalar_left * vector_right + scalar_right * vector_left + np.cross(vector_left, vector_right)
    scalar = scalar_left * scalar_right - np.sum(vector_left * vector_right, axis=-1, keepdims=True)
    return np.concatenate([vector, scalar], axis=-1)


_SYMMETRIES = _symmetries_of_a_cube()


def canonical_orientation(orientation: np.ndarray) -> np.ndarray:
    """Of the 24 equal orientations of each cube the one with the smallest angle, w > 0; same shape.

    Args:
        orientation: unit quaternions (x, y, z, w), (..., 4).
    """
    orientation = np.asarray(orientation, dtype=float)
    equals = quaternion_product(orientation[..., None, :], _SYMMETRIES)
    nearest = np.argmax(np.abs(equals[..., 3]), axis=-1)
    chosen = np.take_along_axis(equals, nearest[..., None, None], axis=-2)[..., 0, :]
    return np.where(chosen[..., 3:] < 0, -chosen, chosen)


def yaw_of(orientation: np.ndarray) -> np.ndarray:
    """Yaw [rad] of quaternions (..., 4)."""
    x, y, z, w = np.moveaxis(np.asarray(orientation, dtype=float), -1, 0)
    return np.arctan2(2 * (w * z + x * y), 1 - 2 * (y**2 + z**2))
