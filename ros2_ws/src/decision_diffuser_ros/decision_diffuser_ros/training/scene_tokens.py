"""What an arm and each object around it are told of the scene and of the noisy plan: inputs of a network.

Everything about an object is told from the tool: where it lies, how it moved, on the scale of the table and on that of
a grasp. The noise chooses between ways, one to each object. So each object is told how much of the noisy plan points at
it: the plan's joint positions, multiplied by the direction in which the joints move to bring the tool there. The arm is
told the same of home, and of the directions out, around, up and of the yaw.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from decision_diffuser_ros.training.arm_scene import PLACE_DIM, POSE_DIM, ArmScene, Scene
from decision_diffuser_ros.training.object_roles import ROLES
from decision_diffuser_ros.training.outcome_head import LEVELS, OBJECT_SIZE, NoisyOutcome
from decision_diffuser_ros.training.tool_path import DISPLACEMENT_UNITS, HEIGHT, ToolPath

FAR = (0.15, 0.3, 0.15, 0.5)
"""Units of distance on the scale of the table: radius [m], azimuth [rad], height [m], yaw [rad]."""
PILE_BLUR = 0.03  # [m]
LEAST_DIRECTION = 0.05  # normalised joint positions
LEAST_NOISE = 0.05  # variance that is added to that of the noise
CHANGE_SCALE = 10.0  # what changes of normalised states are multiplied by: in a control step they are about a tenth
PAIR_SIZE = 4
OUTCOME_BLUR = 0.06  # [m], of what is known of where objects end
OUTCOME_SIZE = 1 + 2 * 3 + LEVELS  # whether it is known; of each object its move far and near, and its level
OUTCOME_PAIR_SIZE = PAIR_SIZE + 2  # and whether one ends where the other is
EVIDENCE_UNIT = 8.0


class Tokens(NamedTuple):
    """Inputs of a network.

    Attributes:
        robot: shape `(batch, robot_size)`.
        objects: shape `(batch, objects, object_size)`.
        pairs: how the objects of each pair lie, shape `(batch, objects, objects, pair_size)`.
    """

    robot: Tensor
    objects: Tensor
    pairs: Tensor


class SeenOutcome(NamedTuple):
    """What is shown of the state in which all ends.

    Attributes:
        is_known: 1 or 0, shape `(batch, 1)`.
        noisy: what is known of where objects end.
    """

    is_known: Tensor
    noisy: NoisyOutcome


class SceneTokens(nn.Module):
    """Tokens from observed states and a noisy plan.

    Args:
        scene: reads states.
        path: whose kinematics are used.
        history: observed slots.
        plan_steps: planned slots.
        has_outcome: whether an outcome may be known.
    """

    far: Tensor
    near: Tensor
    small_moves: Tensor

    def __init__(
        self, scene: ArmScene, path: ToolPath, *, history: int, plan_steps: int, has_outcome: bool = False
    ) -> None:
        super().__init__()
        self.scene, self.path, self.history = scene, path, history
        self.register_buffer("far", torch.tensor(FAR))
        self.register_buffer("near", torch.tensor(DISPLACEMENT_UNITS))
        self.register_buffer("small_moves", torch.diag(torch.tensor(DISPLACEMENT_UNITS)), persistent=False)
        robot_dim = len(scene.robot_entries)
        directions = 1 + PLACE_DIM
        self.robot_size = (
            (1 + history) * robot_dim + scene.joints + (2 + history) * PLACE_DIM + history + has_outcome
        ) + plan_steps * (robot_dim + 2 * directions)
        others = robot_dim - scene.joints
        self.object_size = (
            (1 + 3 * history) * PLACE_DIM + 1 + ROLES + others + history + has_outcome * OUTCOME_SIZE
        ) + plan_steps * (POSE_DIM + 2)
        self.pair_size = PAIR_SIZE + has_outcome * OUTCOME_PAIR_SIZE

    def forward(
        self,
        observed: Tensor,
        noisy_change: Tensor,
        certainty: Tensor,
        is_observed: Tensor,
        roles: Tensor,
        outcome: SeenOutcome | None = None,
    ) -> Tokens:
        """Tokens of a batch.

        Args:
            observed: normalised states, the last one now; missing ones as it, shape `(batch, history, state_dim)`.
            noisy_change: the noisy plan less what it has of the state now, shape `(batch, plan_steps, state_dim)`.
            certainty: signal to noise of the noisy plan, by which odds that it points somewhere rise, `(batch, 1, 1)`.
            is_observed: 1 or 0, shape `(batch, history)`.
            roles: of the objects, shape `(batch, objects, 2)`.
            outcome: given if one may be known, and then only.
        """
        seen = self.scene(observed)
        with torch.no_grad():
            to_objects, to_places, deviation = self._directions(seen)
        joint_change = self.scene.robot_rows(noisy_change)[..., : self.scene.joints]
        towards_places = _projections(joint_change, to_places).flatten(1)
        towards_objects = _projections(joint_change, to_objects).transpose(1, 2)
        robot = [
            *self._robot_history(seen, observed, deviation),
            is_observed,
            self.scene.robot_rows(noisy_change).flatten(1),
            towards_places,
            certainty[:, 0] * towards_places,
        ]
        opening = self.scene.robot_rows(observed[:, -1])[:, self.scene.joints :]
        objects = [
            *self._object_history(seen),
            to_objects.norm(dim=-1, keepdim=True),
            roles,
            self._everywhere(torch.cat([opening, is_observed], dim=-1), roles),
            self.scene.object_rows(noisy_change).transpose(1, 2).flatten(2),
            towards_objects,
            certainty * towards_objects,
        ]
        pairs = [_pairs(seen.apart[:, -1], PILE_BLUR)]
        if outcome is not None:
            to_end = outcome.noisy.estimate() - outcome.noisy.position
            at_end = seen.apart[:, -1] + to_end
            robot.append(outcome.is_known)
            objects += [
                self._everywhere(outcome.is_known, roles),
                to_end / FAR[0],
                (to_end / OBJECT_SIZE).tanh(),
                outcome.noisy.evidence_for_levels().softmax(dim=-1),
            ]
            over = (outcome.noisy.evidence_for_places(outcome.noisy.position[..., :2]) / EVIDENCE_UNIT).tanh()
            pairs += [
                _pairs(at_end, OUTCOME_BLUR),
                torch.stack([over, over.transpose(1, 2)], dim=-1),
            ]
        return Tokens(torch.cat(robot, dim=-1), torch.cat(objects, dim=-1), torch.cat(pairs, dim=-1))

    def _robot_history(self, seen: Scene, observed: Tensor, deviation: Tensor) -> list[Tensor]:
        """Where the robot is, and how it came there, each `(batch, ...)`."""
        return [
            self.scene.robot_rows(observed[:, -1]),
            CHANGE_SCALE * self.scene.robot_rows(observed[:, -1:] - observed).flatten(1),
            deviation,
            *self._far_and_near(seen.tool[:, -1] - self.path.home),
            ((seen.tool[:, -1:] - seen.tool) / self.near).tanh().flatten(1),
        ]

    def _object_history(self, seen: Scene) -> list[Tensor]:
        """Where the objects are, from the tool and from home, and how they came there, `(batch, objects, ...)`."""
        from_tool = self._far_and_near(seen.objects - seen.tool[:, :, None])
        came = ((seen.objects[:, -1:] - seen.objects) / self.near).tanh()
        return [
            *(part.transpose(1, 2).flatten(2) for part in (*from_tool, came)),
            (seen.objects[:, -1] - self.path.home) / self.far,
        ]

    def _far_and_near(self, difference: Tensor) -> tuple[Tensor, Tensor]:
        return difference / self.far, (difference / self.near).tanh()

    @staticmethod
    def _everywhere(values: Tensor, objects: Tensor) -> Tensor:
        """Values `(batch, size)` for every object, `(batch, objects, size)`."""
        return values[:, None] + 0.0 * objects[..., :1]

    def _directions(self, seen: Scene) -> tuple[Tensor, Tensor, Tensor]:
        """Which way joints go, normalised, and how far they are off what belongs to the tool's place.

        Returns:
            To over each object, `(batch, objects, joints)`; home, out, around, up, turning, `(batch, 5, joints)`; the
            deviation, `(batch, joints)`.
        """
        here, there = seen.tool[:, -1:], seen.objects[:, -1]
        height = here[..., HEIGHT, None] + 0.0 * there[..., HEIGHT, None]
        over = torch.cat([there[..., :HEIGHT], height, there[..., HEIGHT + 1 :]], dim=-1)
        home = self.path.home + 0.0 * here
        places = torch.cat([here, home, here + self.small_moves, over], dim=1)
        joints = self.path.joint_position(places)
        std = self.scene.std[self.scene.joint_entries]
        directions = (joints[:, 1:] - joints[:, :1]) / std
        deviation = (seen.joint_position[:, -1] - joints[:, 0]) / std
        first = 1 + PLACE_DIM
        return directions[:, first:], directions[:, :first], CHANGE_SCALE * deviation


def _projections(joint_change: Tensor, directions: Tensor) -> Tensor:
    """How far changes `(batch, plan_steps, joints)` go in directions `(batch, n, joints)`, `(batch, plan_steps, n)`."""
    return joint_change @ (directions / (directions.norm(dim=-1, keepdim=True) + LEAST_DIRECTION)).transpose(1, 2)


def _pairs(position: Tensor, blur: float) -> Tensor:
    """How objects at `(batch, objects, 3)` lie to one another: in one pile, above, how far, how much higher."""
    apart = position[:, :, None] - position[:, None]
    distance = (apart[..., :2].square().sum(dim=-1) + 1e-6).sqrt()
    in_pile = torch.exp(-((distance / blur) ** 2))
    rise = torch.tanh(apart[..., 2] / OBJECT_SIZE)
    return torch.stack([in_pile, in_pile * rise, distance / FAR[0], rise], dim=-1)
