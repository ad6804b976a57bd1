"""Analytic inverse kinematics of an arm with a spherical shoulder and wrist, as a part of an exported graph.

The same as `simulation.iiwa_kinematics.joint_position_for_tool`, for tensors: differentiable, and with no constant
whose shape depends on the batch.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.simulation.kinematic_chain import KinematicChain
from decision_diffuser_ros.training.forward_kinematics import rotation_of

SPHERICAL_SHOULDER_AND_WRIST = (2, 1, 2, 1, 2, 1, 2)
TURNS_THE_OTHER_WAY = (1, 1, 1, -1, 1, 1, 1)
NEARLY_ONE = 1.0 - 1e-6


class ToolPlaces(NamedTuple):
    """Where a tool that points straight down is, as `simulation.tool_place`; tensors of the same shape.

    Attributes:
        radius: [m].
        azimuth: [rad].
        height: [m].
        yaw: [rad].
        elbow_angle: of the elbow out of the vertical plane [rad].
    """

    radius: Tensor
    azimuth: Tensor
    height: Tensor
    yaw: Tensor
    elbow_angle: Tensor


class InverseKinematics(nn.Module):
    """Joint positions, from places of the tool.

    Args:
        chain: the arm, of seven joints.

    Raises:
        ConfigurationError: when it has no spherical shoulder and wrist.
    """

    pointing_down: Tensor

    def __init__(self, chain: KinematicChain) -> None:
        super().__init__()
        is_spherical = chain.axes == SPHERICAL_SHOULDER_AND_WRIST and chain.signs == TURNS_THE_OTHER_WAY
        if not is_spherical or any(chain.lengths[joint] for joint in (1, 2, 4, 6)):
            raise ConfigurationError(
                "analytic inverse kinematics need an arm of seven joints with a spherical shoulder and wrist; "
                f"this one's joints turn about axes {chain.axes} with signs {chain.signs}, {chain.lengths} m apart"
            )
        self.shoulder, self.upper, self.lower, self.tool = (chain.lengths[joint] for joint in (0, 3, 5, 7))
        self.register_buffer("pointing_down", torch.diag(torch.tensor([-1.0, 1.0, -1.0])), persistent=False)

    def forward(self, place: ToolPlaces) -> Tensor:
        """Joint positions `(..., 7)` [rad] that put the tool there, elbow up; out of reach, a stretched arm."""
        height = place.height + (self.tool - self.shoulder)
        distance = torch.sqrt(place.radius**2 + height**2)
        upper, lower = self.upper, self.lower
        bend = _angle_of_cosine((upper**2 + lower**2 - distance**2) / (2 * upper * lower)) - torch.pi
        lean = _angle_of_cosine((upper**2 + distance**2 - lower**2) / (2 * upper * distance))
        across = [place.radius * place.azimuth.cos(), place.radius * place.azimuth.sin(), height]
        direction = torch.stack(across, dim=-1) / distance[..., None]
        upper_arm = _turn(2, place.azimuth) @ _turn(1, torch.atan2(place.radius, height) - lean)
        upper_arm = _turn_about(direction, place.elbow_angle) @ upper_arm
        lower_arm = upper_arm @ _turn(1, -bend)
        tool = _turn(2, place.yaw) @ self.pointing_down
        joints = [*_zyz_angles(upper_arm), bend, *_zyz_angles(lower_arm.transpose(-1, -2) @ tool)]
        return torch.stack(joints, dim=-1)


def _turn(axis: int, angle: Tensor) -> Tensor:
    """Rotation matrices `(..., 3, 3)` about coordinate axis 1 or 2."""
    cosine, sine = angle.cos(), angle.sin()
    zero = 0.0 * angle
    one = zero + 1.0
    if axis == 1:
        rows = [cosine, zero, sine, zero, one, zero, -sine, zero, cosine]
    else:
        rows = [cosine, -sine, zero, sine, cosine, zero, zero, zero, one]
    return torch.stack(rows, dim=-1).unflatten(-1, (3, 3))


def _turn_about(direction: Tensor, angle: Tensor) -> Tensor:
    """Rotation matrices `(..., 3, 3)` about unit vectors `(..., 3)`."""
    x, y, z = direction.unbind(-1)
    zero = 0.0 * x
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], dim=-1).unflatten(-1, (3, 3))
    return rotation_of(cross, angle)


def _angle_of_cosine(cosine: Tensor) -> Tensor:
    """A triangle's angle, by the law of cosines; that of the nearest triangle if there is none."""
    return torch.acos(cosine.clamp(-NEARLY_ONE, NEARLY_ONE))


def _zyz_angles(rotation: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Angles (a, b, c) with rotation = Rz(a) Ry(b) Rz(c) and b in [0, pi], of matrices `(..., 3, 3)`."""
    middle = torch.acos(rotation[..., 2, 2].clamp(-NEARLY_ONE, NEARLY_ONE))
    first = torch.atan2(rotation[..., 1, 2], rotation[..., 0, 2])
    last = torch.atan2(rotation[..., 2, 1], -rotation[..., 2, 0])
    return first, middle, last
