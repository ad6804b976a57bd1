"""What the numbers of a state say of an arm and of the objects around it: joints, opening, and a place of each object.

Places are cylindrical coordinates about the arm's base and a yaw: radius [m], azimuth [rad], height [m], yaw [rad].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from decision_diffuser_ros.data.description import DataDescription
from decision_diffuser_ros.data.normalisation import Normaliser
from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.simulation.kinematic_chain import KinematicChain
from decision_diffuser_ros.training.forward_kinematics import ForwardKinematics

PLACE_DIM, POSE_DIM = 4, 7
POSE_PARTS = (*(f"position/{axis}" for axis in "xyz"), *(f"orientation/{axis}" for axis in "xyzw"))


@dataclass(frozen=True)
class SceneEntries:
    """Where in a state what stands.

    Attributes:
        robot: the joints' positions, then everything else that is not of an object.
        joints: how many of these are joints, the arm's, in its order.
        object_names: e.g. `block_red`.
        objects: position x, y, z and orientation x, y, z, w of each object, one after the other.
    """

    robot: tuple[int, ...]
    joints: int
    object_names: tuple[str, ...]
    objects: tuple[int, ...]

    @classmethod
    def of(cls, description: DataDescription, chain: KinematicChain) -> SceneEntries:
        """Those of a data set: objects are all that have a position and an orientation.

        Raises:
            ConfigurationError: when a joint of the arm is not in the states, or there is no object.
        """
        names = [entry.name for entry in description.state]
        joints = [f"{joint}/position" for joint in chain.joint_names]
        missing = [joint for joint in joints if joint not in names]
        if missing:
            raise ConfigurationError(f"the states of '{description.name}' hold no '{missing[0]}'")
        objects = tuple(name.removesuffix("/orientation/w") for name in names if name.endswith("/orientation/w"))
        if not objects:
            raise ConfigurationError(f"the states of '{description.name}' hold no '<object>/orientation/w'")
        poses = [f"{name}/{part}" for name in objects for part in POSE_PARTS]
        others = [name for name in names if name not in (*joints, *poses)]
        return cls(
            robot=tuple(names.index(name) for name in (*joints, *others)),
            joints=len(joints),
            object_names=objects,
            objects=tuple(names.index(name) for name in poses),
        )


class Scene(NamedTuple):
    """States as an arm and objects.

    Attributes:
        joint_position: shape `(batch, slots, joints)` [rad].
        tool: place of the tool, shape `(batch, slots, 4)`.
        objects: places of the objects, shape `(batch, slots, objects, 4)`.
        apart: x, y, z of the objects less that of the tool, shape `(batch, slots, objects, 3)` [m].
        tool_position: x, y, z, shape `(batch, slots, 3)` [m].
    """

    joint_position: Tensor
    tool: Tensor
    objects: Tensor
    apart: Tensor
    tool_position: Tensor


class ArmScene(nn.Module):
    """Reads normalised states.

    Args:
        chain: the arm.
        states: normaliser of states.
        entries: where in them what stands.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, chain: KinematicChain, states: Normaliser, entries: SceneEntries) -> None:
        super().__init__()
        self.register_buffer("mean", torch.from_numpy(states.mean.copy()))
        self.register_buffer("std", torch.from_numpy(states.std.copy()))
        self.tool_pose = ForwardKinematics(chain)
        self.robot_entries, self.object_entries = list(entries.robot), list(entries.objects)
        self.joint_entries = self.robot_entries[: entries.joints]
        self.joints, self.objects = entries.joints, len(entries.object_names)

    def forward(self, states: Tensor) -> Scene:
        """What normalised states `(batch, slots, state_dim)` show."""
        raw = states * self.std + self.mean
        joints = raw[..., self.joint_entries]
        position, rotation = self.tool_pose(joints)
        tool = place_of(position, torch.atan2(-rotation[..., 0, 1], rotation[..., 1, 1]))
        poses = raw[..., self.object_entries].unflatten(-1, (-1, POSE_DIM))
        x, y, z, w = poses[..., 3:].unbind(-1)
        yaw = torch.atan2(2 * (w * z + x * y), 1 - 2 * (y**2 + z**2))
        return Scene(joints, tool, place_of(poses[..., :3], yaw), poses[..., :3] - position[..., None, :], position)

    def robot_rows(self, states: Tensor) -> Tensor:
        """The robot's part of rows of states, `(..., joints + others)`."""
        return states[..., self.robot_entries]

    def object_rows(self, states: Tensor) -> Tensor:
        """The objects' part of rows of states, `(..., objects, 7)`."""
        return states[..., self.object_entries].unflatten(-1, (-1, POSE_DIM))

    def state_rows(self, robot: Tensor, objects: Tensor) -> Tensor:
        """Rows of states from those parts, `(..., state_dim)`: the inverse of `robot_rows` and `object_rows`."""
        order = [*self.robot_entries, *self.object_entries]
        parts = torch.cat([robot, objects.flatten(-2)], dim=-1)
        return parts[..., [order.index(entry) for entry in range(len(order))]]


def place_of(position: Tensor, yaw: Tensor) -> Tensor:
    """Radius, azimuth, height and yaw `(..., 4)` of positions `(..., 3)` [m] and yaws `(...)` [rad]."""
    x, y, height = position.unbind(-1)
    return torch.stack([torch.sqrt(x**2 + y**2), torch.atan2(y, x), height, yaw], dim=-1)


def position_of(place: Tensor) -> Tensor:
    """Position x, y, z `(..., 3)` [m] of places `(..., 4)`."""
    radius, azimuth, height = place[..., :3].unbind(-1)
    return torch.stack([radius * azimuth.cos(), radius * azimuth.sin(), height], dim=-1)
