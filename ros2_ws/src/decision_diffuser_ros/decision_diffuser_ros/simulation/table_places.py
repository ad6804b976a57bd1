"""Where blocks may stand on the table: within the arm's comfortable reach and not too near to one another."""

import numpy as np

RADIUS_RANGE = (0.44, 0.66)  # [m], from the base
AZIMUTH_RANGE = (-0.9, 0.9)  # [rad]
LEAST_DISTANCE = 0.13  # [m], between two piles: room for the open gripper

MIDDLE = np.array([0.55, 0.0])  # [m], of the table
PULL_TO_THE_MIDDLE = 0.5  # [m] of way that 1 m nearer to the middle is worth

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


def free_place(occupied: np.ndarray, *, near: np.ndarray) -> np.ndarray:
    """A place near `near`, but not nearer than a pile's distance to it, where nothing stands, (2,) [m].

    Of places at about the same distance it is the one towards the middle of the table. So it seldom happens that two on
    different sides are as good, and that a planner can only guess which one it will be.

    Args:
        occupied: where other blocks are, (blocks, 2) [m].
        near: (2,) [m].
    """
    distance = np.linalg.norm(_CANDIDATES - near, axis=1)
    cost = distance + PULL_TO_THE_MIDDLE * np.linalg.norm(_CANDIDATES - MIDDLE, axis=1)
    room = np.linalg.norm(_CANDIDATES[:, None] - np.atleast_2d(occupied)[None], axis=-1).min(axis=1)
    blocked = (room < LEAST_DISTANCE) | (distance < LEAST_DISTANCE)
    return _CANDIDATES[np.argmin(np.where(blocked, np.inf, cost))]
