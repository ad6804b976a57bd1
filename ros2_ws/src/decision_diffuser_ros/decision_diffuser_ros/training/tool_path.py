"""The way of an arm's tool, told as where it goes: to one of the objects, home, or nowhere.

A network that answers with joint angles has to learn the arm's inverse kinematics, and to the millimetre: which angles
put the tool over a block follows from the block's place in no simple way. Here the network says for each planned slot
whose place the tool takes, as shares of places that it can name: where the tool is now, those of the objects, home. The
shares of a slot add up to one; all on one object is exactly over it. Half-way is half on where the tool was. Heights
have shares of their own. A small displacement, which the network answers with too, is added. Analytic inverse
kinematics turn places into joint positions, in the graph that is exported: nothing else has to know of it.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from decision_diffuser_ros.simulation.kinematic_chain import KinematicChain
from decision_diffuser_ros.simulation.tool_place import ELBOW_SLOPE, HOME
from decision_diffuser_ros.training.arm_scene import Scene
from decision_diffuser_ros.training.inverse_kinematics import InverseKinematics, ToolPlaces

DISPLACEMENT_UNITS = (0.02, 0.05, 0.02, 0.1)
"""Of radius [m], azimuth [rad], height [m] and yaw [rad]: what an answer of 1 adds."""
AROUND = [0, 1, 3]
HEIGHT = 2
HELD_DISTANCE, HELD_BLUR = 0.03, 0.005  # [m], from the tool to an object's centre: up to which it is held, about
FAR_BELOW = 1.0  # [m]


class PathAnswer(NamedTuple):
    """What a network says of a path; logits of shares, shapes `(batch, plan_steps, ...)`.

    Attributes:
        robot_around: of where the tool is now, and home, `(..., 2)`.
        object_around: of each object's place, `(..., objects)`.
        robot_height: of the height now, of home's, and of one that clears all objects, `(..., 3)`.
        object_height: of each object's height, and of the one at which another is put on it, `(..., objects, 2)`.
        displacement: added to the place, in `DISPLACEMENT_UNITS`, `(..., 4)`.
    """

    robot_around: Tensor
    object_around: Tensor
    robot_height: Tensor
    object_height: Tensor
    displacement: Tensor


class ToolPath(nn.Module):
    """Places of the tool and joint positions of planned slots, from shares of places.

    Args:
        chain: the arm, with a spherical shoulder and a spherical wrist.
        plan_steps: planned slots.
    """

    units: Tensor

    def __init__(self, chain: KinematicChain, *, plan_steps: int) -> None:
        super().__init__()
        self.inverse_kinematics = InverseKinematics(chain)
        self.register_buffer("units", torch.tensor(DISPLACEMENT_UNITS))
        self.home = nn.Parameter(torch.tensor([HOME.radius, HOME.azimuth, HOME.height, HOME.yaw]))
        self.elbow_slope = nn.Parameter(torch.tensor(ELBOW_SLOPE))
        self.clearances = nn.Parameter(torch.tensor([0.052, 0.09]))  # over an object, over all of them [m]
        self.kept_deviation = nn.Parameter(torch.zeros(plan_steps, 1))

    def forward(self, answer: PathAnswer, now: Scene) -> tuple[Tensor, Tensor]:
        """The tool's places `(batch, plan_steps, 4)` and the joints' positions `(batch, plan_steps, joints)` [rad].

        Args:
            answer: of the network.
            now: the last observed state, one slot.
        """
        here, there = now.tool, now.objects[:, 0]
        home = self.home + 0.0 * here
        around = torch.cat([answer.robot_around, answer.object_around], dim=-1).softmax(dim=-1)
        planned_around = around @ torch.cat([here, home, there], dim=1)[..., AROUND]
        heights = torch.cat([answer.robot_height, answer.object_height.flatten(-2)], dim=-1).softmax(dim=-1)
        planned_height = heights @ self._heights(here, there, home, now.apart[:, 0])
        radius, azimuth, yaw = planned_around.split(1, dim=-1)
        place = torch.cat([radius, azimuth, planned_height, yaw], dim=-1) + answer.displacement * self.units
        deviation = now.joint_position - self.joint_position(here)
        return place, self.joint_position(place) + self.kept_deviation * deviation

    def joint_position(self, place: Tensor) -> Tensor:
        """Joint positions `(..., joints)` [rad] at places `(..., 4)`, with the elbow that belongs there."""
        radius, azimuth, height, yaw = place.unbind(-1)
        return self.inverse_kinematics(ToolPlaces(radius, azimuth, height, yaw, self.elbow_slope * azimuth))

    def _heights(self, here: Tensor, there: Tensor, home: Tensor, apart: Tensor) -> Tensor:
        """Heights that can be named, `(batch, 3 + 2 * objects, 1)` [m], in the order of `PathAnswer`."""
        height = there[..., HEIGHT]
        held = torch.sigmoid((HELD_DISTANCE - apart.norm(dim=-1)) / HELD_BLUR)
        clear = (height - FAR_BELOW * held).amax(dim=1, keepdim=True) + self.clearances[1]
        on_top = torch.stack([height, height + self.clearances[0]], dim=-1)
        return torch.cat([here[..., HEIGHT], home[..., HEIGHT], clear, on_top.flatten(1)], dim=1)[..., None]
