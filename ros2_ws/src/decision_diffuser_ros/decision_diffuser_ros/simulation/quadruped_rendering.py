"""Pictures of the A1 without a screen: a second PyBullet world that is only posed and drawn, never simulated."""

import numpy as np

from decision_diffuser_ros.simulation.bullet_client import connect, pybullet
from decision_diffuser_ros.simulation.quadruped_body import QuadrupedBody


class QuadrupedRenderer:
    """Draws a posed robot on the checkered floor with PyBullet's software renderer.

    Args:
        width: of the picture [pixels].
        height: of the picture [pixels].
    """

    def __init__(self, *, width: int = 640, height: int = 400) -> None:
        self._size = width, height
        self._client = connect()
        self._body = QuadrupedBody.load(self._client)
        self._projection = self._client.computeProjectionMatrixFOV(45, width / height, 0.1, 12.0)

    def frame(
        self, *, base_position: np.ndarray, base_orientation: np.ndarray, joint_position: np.ndarray
    ) -> np.ndarray:
        """The robot in a pose, the camera beside it, (height, width, 3) uint8.

        Args:
            base_position: in the world, (3,) [m].
            base_orientation: quaternion (x, y, z, w).
            joint_position: (12,) [rad].
        """
        client = self._client
        self._body.place([float(x) for x in base_position], [float(x) for x in base_orientation], joint_position)
        target = [float(base_position[0]), float(base_position[1]), 0.2]
        view = client.computeViewMatrixFromYawPitchRoll(target, 1.15, 25.0, -14.0, 0.0, 2)
        width, height, pixels, *_ = client.getCameraImage(
            *self._size,
            viewMatrix=view,
            projectionMatrix=self._projection,
            lightDirection=[1.0, -1.5, 3.0],
            shadow=1,
            renderer=pybullet.ER_TINY_RENDERER,
        )
        return np.asarray(pixels, dtype=np.uint8).reshape(height, width, 4)[:, :, :3]

    def close(self) -> None:
        """Frees the second world."""
        self._client.disconnect()
