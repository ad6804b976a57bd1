"""Random states of block stacking, in which the tool points down as it does in the demonstrations."""

from __future__ import annotations

import numpy as np

from decision_diffuser_ros.data.normalisation import Normaliser
from decision_diffuser_ros.simulation import stacking_model as model
from decision_diffuser_ros.simulation.tool_place import ToolPlace


def random_tool_place(random: np.random.Generator) -> ToolPlace:
    """A place of the tool over the table, with the elbow that belongs there."""
    radius, azimuth = random.uniform(0.42, 0.68), random.uniform(-1.0, 1.0)
    position = np.array([radius * np.cos(azimuth), radius * np.sin(azimuth)])
    return ToolPlace.over(position, height=random.uniform(0.03, 0.35), yaw=random.uniform(-0.7, 0.7))


def random_states(random: np.random.Generator, *shape: int) -> np.ndarray:
    """States (*shape, 36) f32, each of a tool and blocks that lie anywhere, turned about the vertical."""
    states = np.zeros((*shape, model.STATE_DIM), dtype=np.float32)
    for index in np.ndindex(*shape):
        blocks = np.zeros((4, 7))
        blocks[:, 0], blocks[:, 1] = random.uniform(0.3, 0.6, 4), random.uniform(-0.4, 0.4, 4)
        blocks[:, 2] = 0.025 + 0.05 * random.integers(0, 3, 4)
        yaw = random.uniform(-0.7, 0.7, 4)
        blocks[:, 5], blocks[:, 6] = np.sin(yaw / 2), np.cos(yaw / 2)
        joints = random_tool_place(random).joint_position()
        states[index] = np.concatenate([joints, [random.uniform(0.0, 0.08)], blocks.ravel()])
    return states


def stacking_normaliser() -> Normaliser:
    """That of many random states."""
    return Normaliser.fit(random_states(np.random.default_rng(0), 200), std_floor=0.05)
