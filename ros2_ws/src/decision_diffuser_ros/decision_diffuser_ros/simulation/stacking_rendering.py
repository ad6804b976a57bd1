"""Pictures of arm and blocks without a screen: a second PyBullet world, only posed and drawn, never simulated."""

import numpy as np

from decision_diffuser_ros.simulation.bullet_camera import Camera
from decision_diffuser_ros.simulation.bullet_client import connect
from decision_diffuser_ros.simulation.stacking_body import StackingBody

LOOK_AT = (0.38, 0.0, 0.26)  # [m]


class StackingRenderer:
    """Draws the arm, its gripper and the blocks on the table.

    Args:
        width: of the picture [pixels].
        height: of the picture [pixels].
    """

    def __init__(self, *, width: int = 640, height: int = 400) -> None:
        self._camera = Camera(width, height, distance=1.3, yaw=60.0, pitch=-21.0, light=(1.5, 1.0, 3.0))
        self._client = connect()
        self._body = StackingBody.load(self._client)

    def frame(self, state: np.ndarray) -> np.ndarray:
        """A state of the planner, (36,) as `stacking_model` says, drawn: (height, width, 3) uint8."""
        state = np.asarray(state, dtype=float)
        blocks = state[8:].reshape(-1, 7)
        self._body.place_arm(state[:7], float(state[7]))
        self._body.place_blocks(blocks[:, :3], blocks[:, 3:])
        return self._camera.picture(self._client, LOOK_AT)

    def close(self) -> None:
        """Frees the second world."""
        self._client.disconnect()
