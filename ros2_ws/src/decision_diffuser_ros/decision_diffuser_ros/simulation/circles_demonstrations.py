"""Demonstrations of the 2-D example: curved ways from anywhere to anywhere in one of the two regions.

Each is labelled with the one constraint that its end was drawn for, though it may well fulfil the other too.
"""

from __future__ import annotations

import numpy as np

from decision_diffuser_ros.data.description import DataDescription
from decision_diffuser_ros.data.episode import Episode
from decision_diffuser_ros.planner.manifest_records import Entry
from decision_diffuser_ros.simulation.circles_world import (
    CONSTRAINTS,
    CONTROL_STEP,
    CONTROL_STEPS,
    INSIDE_RADIUS,
    OUTSIDE_RADIUS,
    PointRobot,
    random_positions,
    satisfied,
)

BEND = 0.1
"""Standard deviation of how far a way bends aside, as a share of its length."""


def record_episode(seed: int, number: int) -> Episode:
    """Demonstration `number` of the data set with this seed; the constraints take turns."""
    rng = np.random.default_rng([seed, number])
    label = number % len(CONSTRAINTS)
    start = random_positions(1, rng)[0]
    way = curved_way(start, random_end(CONSTRAINTS[label], rng), bend=BEND * rng.standard_normal())
    robot = PointRobot(start)
    states, actions = [robot.position], []
    for goal in way[1:]:
        actions.append((goal - robot.position) / CONTROL_STEP)
        states.append(robot.step(actions[-1]))
    return Episode(
        states=np.array(states),
        actions=np.array(actions),
        skills=np.full(CONTROL_STEPS, label),
        attributes={"seed": seed, "number": number},
    )


def random_end(constraint: str, rng: np.random.Generator) -> np.ndarray:
    """A point `(2,)` [m] drawn uniformly from the part of the arena that a constraint allows."""
    while True:
        point = random_positions(1, rng)[0]
        if satisfied(constraint, point):
            return point


def curved_way(start: np.ndarray, end: np.ndarray, *, bend: float) -> np.ndarray:
    """Positions from `start` to `end`, `(CONTROL_STEPS + 1, 2)` [m]: from rest to rest, with the least jerk.

    Args:
        start: shape `(2,)` [m].
        end: shape `(2,)` [m].
        bend: how far the middle of the way lies to the left of the straight one, as a share of its length.
    """
    time = np.linspace(0.0, 1.0, CONTROL_STEPS + 1)[:, None]
    progress = time**3 * (10.0 - 15.0 * time + 6.0 * time**2)
    straight = end - start
    left = np.array([-straight[1], straight[0]])
    return start + progress * straight + bend * np.sin(np.pi * progress) * left


def attributes() -> dict[str, object]:
    """Facts about the data set: what its numbers mean."""
    description = DataDescription(
        name="circles",
        robot="point",
        state=(Entry("position/x", "m"), Entry("position/y", "m")),
        action=(Entry("velocity/x", "m/s"), Entry("velocity/y", "m/s")),
        joint_names=(),
        skill_names=CONSTRAINTS,
        choice_kind="constraint",
        step_duration=CONTROL_STEP,
    )
    radii = {"inside_radius": INSIDE_RADIUS, "outside_radius": OUTSIDE_RADIUS}
    return {"description": description.to_json(), "radii": radii}
