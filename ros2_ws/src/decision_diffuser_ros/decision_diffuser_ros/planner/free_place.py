"""Where there is room to put something down."""

import numpy as np

PULL_TO_THE_MIDDLE = 0.5
"""How much further away a place may be for being 1 m nearer to the middle [m]."""


def free_place(
    places: np.ndarray, *, near: np.ndarray, taken: np.ndarray, middle: np.ndarray, gap: float
) -> np.ndarray:
    """The nearest of some places with room around it, (2,) [m].

    Of places at about the same distance it is the one towards the middle. So it seldom happens that two on different
    sides are as good, and that a planner can only guess which one it will be.

    Args:
        places: to choose from, (places, 2) [m].
        near: (2,) [m].
        taken: where something is already, (n, 2) [m].
        middle: of where things usually are, (2,) [m].
        gap: least distance to what is taken [m].
    """
    cost = np.linalg.norm(places - near, axis=1) + PULL_TO_THE_MIDDLE * np.linalg.norm(places - middle, axis=1)
    room = np.linalg.norm(places[:, None] - taken[None], axis=-1).min(axis=1)
    return places[np.argmin(np.where(room < gap, np.inf, cost))]
