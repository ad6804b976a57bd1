"""Where blocks may stand on the table: within the arm's comfortable reach and not too near to one another."""

import numpy as np

from decision_diffuser_ros.planner.free_place import free_place

RADIUS_RANGE = (0.44, 0.66)  # [m], from the base
AZIMUTH_RANGE = (-0.9, 0.9)  # [rad]
LEAST_DISTANCE = 0.13  # [m], between two piles: room for the open gripper

MIDDLE = np.array([0.55, 0.0])  # [m], of the table

_RADII, _AZIMUTHS = np.meshgrid(np.linspace(*RADIUS_RANGE, 12), np.linspace(*AZIMUTH_RANGE, 55))
_CANDIDATES = np.stack([_RADII * np.cos(_AZIMUTHS), _RADII * np.sin(_AZIMUTHS)], axis=-1).reshape(-1, 2)


def random_places(random: np.random.Generator, count: int) -> np.ndarray:
    """Places on the table far enough from one another, (count, 2) [m]."""
    while True:
        radius, azimuth = random.uniform(*RADIUS_RANGE, count), random.uniform(*AZIMUTH_RANGE, count)
        places = np.stack([radius * np.cos(azimuth), radius * np.sin(azimuth)], axis=1)
        apart = np.linalg.norm(places[:, None] - places[None], axis=-1) + np.eye(count)
        if apart.min() > LEAST_DISTANCE:
            return places


def place_aside(occupied: np.ndarray, *, near: np.ndarray) -> np.ndarray:
    """A place near `near`, but not nearer than a pile's distance to it, where nothing stands, (2,) [m].

    Args:
        occupied: where other blocks are, (blocks, 2) [m].
        near: (2,) [m].
    """
    taken = np.concatenate([np.atleast_2d(occupied), near[None]])
    return free_place(_CANDIDATES, near=near, taken=taken, middle=MIDDLE, gap=LEAST_DISTANCE)
