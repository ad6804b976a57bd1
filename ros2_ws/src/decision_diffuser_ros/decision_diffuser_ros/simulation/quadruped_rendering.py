"""Pictures of the A1 without a screen: a second PyBullet world that is only posed and drawn, never simulated."""

import numpy as np

from decision_diffuser_ros.simulation.bullet_camera import Camera
from decision_diffuser_ros.simulation.bullet_client import connect
from decision_diffuser_ros.simulation.quadruped_body import QuadrupedBody


class QuadrupedRenderer:
    """Draws a posed robot on the checkered floor with PyBullet's software renderer.

    Args:
        width: of the picture [pixels].
        height: of the picture [pixels].
    """

    def __init__(self, *, width: int = 640, height: int = 400) -> None:
        self._camera = Camera(width, height, distance=1.15, yaw=25.0, pitch=-14.0, light=(1.0, -1.5, 3.0))
        self._client = connect()
        self._body = QuadrupedBody.load(self._client)

    def frame(
        self, *, base_position: np.ndarray, base_orientation: np.ndarray, joint_position: np.ndarray
    ) -> np.ndarray:
        """The robot in a pose, the camera beside it, (height, width, 3) uint8.

        Args:
            base_position: in the world, (3,) [m].
            base_orientation: quaternion (x, y, z, w).
            joint_position: (12,) [rad].
        """
        self._body.keep_floor_below(base_position)
        self._body.place([float(x) for x in base_position], [float(x) for x in base_orientation], joint_position)
        return self._camera.picture(self._client, [float(base_position[0]), float(base_position[1]), 0.2])

    def close(self) -> None:
        """Frees the second world."""
        self._client.disconnect()
