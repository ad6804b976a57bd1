"""Forward kinematics of an arm, as a part of an exported graph."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from decision_diffuser_ros.simulation.kinematic_chain import KinematicChain


class ForwardKinematics(nn.Module):
    """Where the tool is, from joint positions; differentiable.

    Args:
        chain: the arm.
    """

    cross: Tensor

    def __init__(self, chain: KinematicChain) -> None:
        super().__init__()
        cross = torch.zeros(len(chain.axes), 3, 3)
        for joint, (axis, sign) in enumerate(zip(chain.axes, chain.signs, strict=True)):
            first, second = (axis + 1) % 3, (axis + 2) % 3
            cross[joint, second, first], cross[joint, first, second] = sign, -sign
        self.register_buffer("cross", cross)
        self.lengths = chain.lengths

    def forward(self, joint_position: Tensor) -> tuple[Tensor, Tensor]:
        """Position `(..., 3)` [m] and rotation matrix `(..., 3, 3)` of the tool at joints `(..., joints)` [rad]."""
        turns = rotation_of(self.cross, joint_position)
        rotation = turns[..., 0, :, :]
        upwards = torch.eye(3, dtype=joint_position.dtype, device=joint_position.device)[2]
        position = self.lengths[0] * upwards + self.lengths[1] * rotation[..., :, 2]
        for joint in range(1, len(self.cross)):
            rotation = rotation @ turns[..., joint, :, :]
            position = position + self.lengths[joint + 1] * rotation[..., :, 2]
        return position, rotation


def rotation_of(cross: Tensor, angle: Tensor) -> Tensor:
    """Rotation matrices `(..., 3, 3)` by angles `(...)` [rad] about unit vectors, whose cross products `cross` makes.

    By the formula of Rodrigues; `cross` are skew-symmetric matrices `(..., 3, 3)`.
    """
    identity = torch.eye(3, dtype=angle.dtype, device=angle.device)
    sine, cosine = angle.sin()[..., None, None], angle.cos()[..., None, None]
    return identity + sine * cross + (1.0 - cosine) * (cross @ cross)
