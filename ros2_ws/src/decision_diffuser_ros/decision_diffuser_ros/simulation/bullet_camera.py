"""A camera in a PyBullet world that needs no screen: PyBullet's software renderer."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from decision_diffuser_ros.simulation.bullet_client import BulletClient, pybullet


@dataclass(frozen=True)
class Camera:
    """Looks at a point from a distance.

    Attributes:
        width: of the picture [pixels].
        height: of the picture [pixels].
        distance: from the point [m].
        yaw: about the vertical; 0 looks along the world's y axis [deg].
        pitch: negative looks down [deg].
        light: direction towards the light, in the world.
    """

    width: int
    height: int
    distance: float
    yaw: float
    pitch: float
    light: Sequence[float]

    def picture(self, client: BulletClient, target: Sequence[float]) -> np.ndarray:
        """What is seen with `target` [m] in the middle, (height, width, 3) uint8."""
        width, height, pixels, *_ = client.getCameraImage(
            self.width,
            self.height,
            viewMatrix=client.computeViewMatrixFromYawPitchRoll(target, self.distance, self.yaw, self.pitch, 0.0, 2),
            projectionMatrix=client.computeProjectionMatrixFOV(45, self.width / self.height, 0.1, 12.0),
            lightDirection=self.light,
            shadow=1,
            renderer=pybullet.ER_TINY_RENDERER,
        )
        return np.asarray(pixels, dtype=np.uint8).reshape(height, width, 4)[:, :, :3]
