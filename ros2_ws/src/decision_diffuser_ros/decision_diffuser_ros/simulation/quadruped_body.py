"""The A1 and the floor out of PyBullet's own data, with the indices and frames that PyBullet uses for them."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pybullet_data

from decision_diffuser_ros.simulation import quadruped_model as model
from decision_diffuser_ros.simulation.bullet_client import BulletClient, pybullet

FLOOR_REACH = 50.0  # [m], how far from its middle the floor is walked on; it ends at 100 m
FLOOR_PERIOD = 2.0  # [m], of its checkered pattern


@dataclass(frozen=True)
class QuadrupedBody:
    """A robot on a floor in a PyBullet world.

    Attributes:
        client: the world.
        floor: body of the floor.
        robot: body of the robot.
        indices: of joints by joint name, and of the links they move by link name.
        joints: indices of `quadruped_model.JOINT_NAMES`, in that order.
        inertial_in_base: position [m] and orientation (x, y, z, w) of PyBullet's base frame, which lies in the centre
            of mass, in the URDF's.
    """

    client: BulletClient
    floor: int
    robot: int
    indices: dict[str, int]
    joints: list[int]
    inertial_in_base: tuple[Sequence[float], Sequence[float]]

    @classmethod
    def load(cls, client: BulletClient) -> QuadrupedBody:
        """Loads floor and robot into an empty world."""
        data = pathlib.Path(pybullet_data.getDataPath())
        floor = client.loadURDF(str(data / "plane.urdf"))
        robot = client.loadURDF(str(data / "a1" / "a1.urdf"), [0, 0, 0.5], flags=pybullet.URDF_USE_INERTIA_FROM_FILE)
        indices = {}
        for index in range(client.getNumJoints(robot)):
            info = client.getJointInfo(robot, index)
            indices[info[1].decode()] = indices[info[12].decode()] = index
        inertial = client.getDynamicsInfo(robot, -1)
        joints = [indices[name] for name in model.JOINT_NAMES]
        return cls(client, floor, robot, indices, joints, (inertial[3], inertial[4]))

    def place(self, position: Sequence[float], orientation: Sequence[float], joint_position: np.ndarray) -> None:
        """Poses the robot at rest: base (URDF frame) in the world [m], (x, y, z, w), and joints (12,) [rad]."""
        pose = self.client.multiplyTransforms(position, orientation, *self.inertial_in_base)
        self.client.resetBasePositionAndOrientation(self.robot, *pose)
        for joint, angle in zip(self.joints, joint_position, strict=True):
            self.client.resetJointState(self.robot, joint, float(angle), 0.0)

    def keep_floor_below(self, position: np.ndarray) -> None:
        """Moves the floor along with a robot that has walked far from its middle, so that the robot meets no edge.

        It goes by whole periods of its pattern, so that nobody sees it.

        Args:
            position: of the base in the world, (3,) [m].
        """
        middle = self.client.getBasePositionAndOrientation(self.floor)[0]
        if max(abs(position[axis] - middle[axis]) for axis in (0, 1)) > FLOOR_REACH:
            below = [*(FLOOR_PERIOD * np.round(np.divide(position[:2], FLOOR_PERIOD))), 0.0]
            self.client.resetBasePositionAndOrientation(self.floor, below, [0.0, 0.0, 0.0, 1.0])
