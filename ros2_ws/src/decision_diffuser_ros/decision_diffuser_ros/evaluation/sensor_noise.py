"""Noise of the sensors that a planner sees the simulated quadruped through."""

from __future__ import annotations

import numpy as np

from decision_diffuser_ros.simulation.quadruped_world import QuadrupedWorld

ORDINARY_NOISE = {
    "joint position [rad]": 0.01,
    "joint velocity [rad/s]": 0.3,
    "gravity direction [1]": 0.02,
    "angular velocity [rad/s]": 0.05,
}
"""Standard deviations of ordinary encoders and an ordinary IMU, independent from one reading to the next."""
JOINTS = 12
STANDARD_DEVIATION = np.repeat(list(ORDINARY_NOISE.values()), (JOINTS, JOINTS, 3, 3))
GRAVITY = slice(2 * JOINTS, 2 * JOINTS + 3)


class NoisyReadings:
    """What the sensors say of a world at one control step.

    Attributes:
        joint_position: (12,) [rad].
        tilt: angle between the base's z axis and the vertical [rad].
    """

    def __init__(self, world: QuadrupedWorld, scale: float, rng: np.random.Generator) -> None:
        """Reads all sensors once.

        Args:
            world: that they are in.
            scale: of the noise, in multiples of `ORDINARY_NOISE`; 0 for none.
            rng: source of the noise.
        """
        state = world.state() + scale * STANDARD_DEVIATION * rng.normal(size=STANDARD_DEVIATION.size)
        state[GRAVITY] /= np.linalg.norm(state[GRAVITY])
        self._state = state
        self.joint_position = state[:JOINTS]
        self.tilt = float(np.arccos(np.clip(-state[GRAVITY][2], -1.0, 1.0)))

    def state(self) -> np.ndarray:
        """What the planner sees, (30,), as `QuadrupedWorld.state`."""
        return self._state
