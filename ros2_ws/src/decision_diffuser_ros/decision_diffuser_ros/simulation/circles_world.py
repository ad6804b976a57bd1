"""A point that moves in the plane, and the two regions it may be asked to end in (Ajay 2023, the 2-D example).

`inside` is the disc of radius 1 m around the origin, `outside` is what lies beyond that of 0.7 m. Both together are the
ring between them, which no demonstration is ever labelled with.
"""

from __future__ import annotations

import numpy as np

INSIDE, OUTSIDE = "inside", "outside"
CONSTRAINTS = (INSIDE, OUTSIDE)
INSIDE_RADIUS = 1.0  # [m]
OUTSIDE_RADIUS = 0.7  # [m]
ARENA = 1.25
"""Half the side of the square in which all demonstrations begin and end [m]."""

CONTROL_STEP = 0.1  # [s]
CONTROL_STEPS = 49
"""Of an episode: with the state it starts from, a trajectory of 50 states, as in the paper."""
MAX_SPEED = 2.5  # [m/s]


class PointRobot:
    """Points that go where their velocity takes them, at most at `MAX_SPEED`; many may move side by side.

    Attributes:
        position: shape `(..., 2)` [m].
    """

    def __init__(self, position: np.ndarray) -> None:
        self.position = np.array(position, dtype=np.float64)

    def step(self, velocity: np.ndarray) -> np.ndarray:
        """Moves for one control step with a velocity `(..., 2)` [m/s]; returns the position after it [m]."""
        speed = np.linalg.norm(velocity, axis=-1, keepdims=True)
        slowed = velocity * np.minimum(1.0, MAX_SPEED / np.maximum(speed, 1e-9))
        self.position = self.position + CONTROL_STEP * slowed
        return self.position


def satisfied(constraint: str, position: np.ndarray) -> np.ndarray:
    """Whether points `(..., 2)` [m] are where the constraint wants them, `(...)` bool."""
    radius = np.linalg.norm(position, axis=-1)
    return radius <= INSIDE_RADIUS if constraint == INSIDE else radius >= OUTSIDE_RADIUS


def in_arena(position: np.ndarray) -> np.ndarray:
    """Whether points `(..., 2)` [m] are in the square in which demonstrations begin and end, `(...)` bool."""
    return np.abs(position).max(axis=-1) <= ARENA


def random_positions(count: int, rng: np.random.Generator) -> np.ndarray:
    """Points anywhere in the arena, `(count, 2)` [m]."""
    return rng.uniform(-ARENA, ARENA, size=(count, 2))
