"""The Kuka iiwa with its gripper, the table and the blocks, with the indices that PyBullet uses for them."""

from __future__ import annotations

import functools
import pathlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

import numpy as np
import pybullet_data

from decision_diffuser_ros.resources import share_directory
from decision_diffuser_ros.simulation import stacking_model as model
from decision_diffuser_ros.simulation.bullet_client import BulletClient, pybullet
from decision_diffuser_ros.simulation.iiwa_kinematics import JOINT_NAMES

FINGER_JOINT_NAMES = ("left_finger_joint", "right_finger_joint")
TABLE_SIZE = (1.0, 1.4, 0.04)  # [m]
TABLE_CENTRE = (0.35, 0.0)  # [m]
FLOOR_HEIGHT = -0.75  # [m], under the table's top


@functools.cache
def robot_description() -> str:
    """URDF of the arm in PyBullet's own data with `sim/parallel_jaw_tool.urdf` fixed to its last link."""
    folder = pathlib.Path(pybullet_data.getDataPath()) / "kuka_iiwa"
    robot = ElementTree.parse(folder / "model.urdf").getroot()
    for mesh in robot.iter("mesh"):
        mesh.set("filename", str(folder / mesh.attrib["filename"]))
    robot.extend(ElementTree.parse(share_directory() / "sim" / "parallel_jaw_tool.urdf").getroot())
    joint = ElementTree.SubElement(robot, "joint", name="flange", type="fixed")
    ElementTree.SubElement(joint, "parent", link="lbr_iiwa_link_7")
    ElementTree.SubElement(joint, "child", link="palm")
    return ElementTree.tostring(robot, encoding="unicode")


@dataclass(frozen=True)
class StackingBody:
    """A robot, a table and blocks in a PyBullet world.

    Attributes:
        client: the world.
        table: body of the table.
        robot: body of arm and gripper.
        blocks: bodies of the blocks in the order of `stacking_model.BLOCK_NAMES`.
        joints: indices of the arm's joints.
        fingers: indices of the finger joints, which are also those of the finger links.
    """

    client: BulletClient
    table: int
    robot: int
    blocks: list[int]
    joints: list[int]
    fingers: list[int]

    @classmethod
    def load(cls, client: BulletClient) -> StackingBody:
        """Loads everything into an empty world; the robot's base is the world's origin, in the table's top."""
        client.loadURDF(str(pathlib.Path(pybullet_data.getDataPath()) / "plane.urdf"), [0, 0, FLOOR_HEIGHT])
        centre = [*TABLE_CENTRE, -TABLE_SIZE[2] / 2]
        table = _box(client, TABLE_SIZE, mass=0.0, colour=(0.78, 0.70, 0.60, 1.0), position=centre)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "robot.urdf"
            path.write_text(robot_description(), encoding="utf-8")
            robot = client.loadURDF(str(path), useFixedBase=True)
        cube = (model.BLOCK_SIZE,) * 3
        blocks = [
            _box(client, cube, mass=model.BLOCK_MASS, colour=colour, position=[0.5, 0.2 * number, 0.1])
            for number, colour in enumerate(model.BLOCK_COLOURS)
        ]
        indices = {client.getJointInfo(robot, index)[1].decode(): index for index in range(client.getNumJoints(robot))}
        joints = [indices[name] for name in JOINT_NAMES]
        return cls(client, table, robot, blocks, joints, [indices[name] for name in FINGER_JOINT_NAMES])

    def place_arm(self, joint_position: np.ndarray, opening: float) -> None:
        """Poses the arm at rest: joints (7,) [rad] and the opening between the fingers [m]."""
        for joint, angle in zip(self.joints, joint_position, strict=True):
            self.client.resetJointState(self.robot, joint, float(angle), 0.0)
        for finger in self.fingers:
            self.client.resetJointState(self.robot, finger, opening / 2, 0.0)

    def place_blocks(self, position: np.ndarray, orientation: np.ndarray) -> None:
        """Poses the blocks at rest: (4, 3) [m] and (4, 4) quaternions (x, y, z, w)."""
        for block, place, turn in zip(self.blocks, position, orientation, strict=True):
            self.client.resetBasePositionAndOrientation(block, place.tolist(), turn.tolist())
            self.client.resetBaseVelocity(block, [0, 0, 0], [0, 0, 0])

    def scatter_blocks(self) -> None:
        """Puts the blocks where nothing is near them."""
        for number, block in enumerate(self.blocks):
            self.client.resetBasePositionAndOrientation(block, [10.0 + 3.0 * number, 0.0, 5.0], [0, 0, 0, 1])


def _box(
    client: BulletClient,
    size: Sequence[float],
    *,
    mass: float,
    colour: Sequence[float],
    position: Sequence[float],
) -> int:
    half = [edge / 2 for edge in size]
    shape = client.createCollisionShape(pybullet.GEOM_BOX, halfExtents=half)
    looks = client.createVisualShape(pybullet.GEOM_BOX, halfExtents=half, rgbaColor=colour)
    return client.createMultiBody(mass, shape, looks, position)
