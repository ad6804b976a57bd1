"""A noise model for an arm among objects: a transformer over one token of the robot and one of each object.

Whatever it learns of one object it knows of all: their tokens share all weights, and an object is told apart by where
it lies and by its role in the condition alone. Exchange two objects, in the states and in the condition, and the plan
is exchanged with them. The answer is one of where the tool goes (`tool_path`): each object says for each planned slot
how much the tool goes to it, and how much it goes with the tool itself.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, pad

from decision_diffuser_ros.training.arm_scene import POSE_DIM, ArmScene, position_of
from decision_diffuser_ros.training.object_roles import ROLES
from decision_diffuser_ros.training.scene_tokens import LEAST_NOISE, PAIR_SIZE, SceneTokens
from decision_diffuser_ros.training.temporal_unet import StepEmbedding
from decision_diffuser_ros.training.tool_path import DISPLACEMENT_UNITS, PathAnswer, ToolPath
from decision_diffuser_ros.training.transformer_layer import ModulatedNorm, TransformerLayer

HEADS = 4
PAIR_WIDTH = 32
NOWHERE_AT_FIRST = 3.0
"""Logit at the start of a training of staying where the tool is; and of an object's, of not going with it."""
FIRST_ANSWERS = 0.2
"""Answers at the start of a training against those of an ordinary layer."""


class ObjectTransformer(nn.Module):
    """Changes from the last observed state to a clean plan, from a noisy one; called as `TemporalUNet` is.

    Args:
        scene: reads states.
        path: turns answers into joint positions.
        roles: of the objects in each condition, see `object_roles`, shape `(conditions, objects, 2)`.
        alphas_cumprod: share of signal variance at each denoising step, shape `(denoising_steps,)`.
        history: observed slots, the first ones of a window; the last of them is always observed.
        plan_steps: planned slots, the others.
        width: numbers in a token.
        layers: transformer layers.
        embedding_dim: of the denoising step.
    """

    change_scale: Tensor
    signal_share: Tensor
    roles: Tensor

    def __init__(
        self,
        scene: ArmScene,
        path: ToolPath,
        roles: Tensor,
        alphas_cumprod: Tensor,
        *,
        history: int,
        plan_steps: int,
        width: int = 160,
        layers: int = 3,
        embedding_dim: int = 64,
    ) -> None:
        super().__init__()
        self.history, self.plan_steps = history, plan_steps
        self.tokens = SceneTokens(scene, path, history=history, plan_steps=plan_steps)
        self.register_buffer("roles", roles.flatten(1))
        self.register_buffer("signal_share", alphas_cumprod.float())
        self.register_buffer("change_scale", torch.ones(plan_steps, len(scene.mean)))
        self.step_embedding = StepEmbedding(embedding_dim)
        embedding = embedding_dim + 1
        self.robot_in = nn.Sequential(nn.Linear(self.tokens.robot_size, width), nn.GELU(), nn.Linear(width, width))
        self.object_in = nn.Sequential(nn.Linear(self.tokens.object_size, width), nn.GELU(), nn.Linear(width, width))
        self.pair_in, self.pair_bias = nn.Linear(PAIR_SIZE, PAIR_WIDTH), nn.Linear(PAIR_WIDTH, HEADS)
        self.layers = nn.ModuleList(
            TransformerLayer(width, heads=HEADS, embedding_dim=embedding) for _ in range(layers)
        )
        self.norm = ModulatedNorm(width, embedding)
        self.robot_sizes = [2, 3, len(DISPLACEMENT_UNITS), len(scene.robot_entries)]
        self.object_sizes = [1, 2, 1, POSE_DIM]
        self.robot_out = self._head(width, [NOWHERE_AT_FIRST, 0.0, NOWHERE_AT_FIRST], sum(self.robot_sizes))
        self.object_out = self._head(width, [0.0, 0.0, 0.0, -NOWHERE_AT_FIRST], sum(self.object_sizes))

    @property
    def scene(self) -> ArmScene:
        """What reads states."""
        return self.tokens.scene

    def set_unit(self, change_scale: Tensor) -> None:
        """Give answers in this unit from now on, shape `(plan_steps, state_dim)`, normalised."""
        self.change_scale.copy_(change_scale)

    def forward(
        self,
        trajectory: Tensor,
        observation_mask: Tensor,
        denoising_step: Tensor,
        condition: Tensor,
        condition_present: Tensor,
    ) -> Tensor:
        """Changes `(batch, horizon, state_dim)` in the unit set, 0 where observed; arguments as `TemporalUNet`'s."""
        is_observed = observation_mask[:, : self.history].clamp(min=0.0)
        now = trajectory[:, self.history - 1 : self.history]
        observed = now + (trajectory[:, : self.history] - now) * is_observed[..., None]
        signal_share = self.signal_share[denoising_step][:, None, None]
        noise = (1.0 + LEAST_NOISE - signal_share).sqrt()
        noisy_change = (trajectory[:, self.history :] - signal_share.sqrt() * now) / noise
        roles = (condition @ self.roles * condition_present).unflatten(-1, (-1, ROLES))
        inputs = self.tokens(observed, noisy_change, signal_share.sqrt() / noise, is_observed, roles)

        embedding = torch.cat([self.step_embedding(denoising_step), condition_present], dim=-1)
        tokens = torch.cat([self.robot_in(inputs.robot)[:, None], self.object_in(inputs.objects)], dim=1)
        bias = pad(self.pair_bias(gelu(self.pair_in(inputs.pairs))).permute(0, 3, 1, 2), (1, 0, 1, 0))
        for layer in self.layers:
            tokens = layer(tokens, embedding, bias)
        tokens = self.norm(tokens, embedding)
        return pad(self._changes(tokens, now), (0, 0, self.history, 0))

    def _changes(self, tokens: Tensor, now: Tensor) -> Tensor:
        """Changes `(batch, plan_steps, state_dim)` that tokens tell of, from a state `(batch, 1, state_dim)`."""
        robot = self.robot_out(tokens[:, 0]).unflatten(-1, (self.plan_steps, -1))
        objects = self.object_out(tokens[:, 1:]).unflatten(-1, (self.plan_steps, -1)).transpose(1, 2)
        robot_around, robot_height, displacement, robot_change = robot.split(self.robot_sizes, dim=-1)
        object_around, object_height, carried, object_change = objects.split(self.object_sizes, dim=-1)
        answer = PathAnswer(robot_around, object_around[..., 0], robot_height, object_height, displacement)
        seen = self.scene(now)
        place, joints = self.tokens.path(answer, seen)

        joint_change = (joints - seen.joint_position) / self.scene.std[self.scene.joint_entries]
        to_tool = (position_of(place) - seen.tool_position)[:, :, None] - seen.apart
        object_std = self.scene.object_rows(self.scene.std)[..., :3]
        robot_moved = pad(joint_change, (0, len(self.scene.robot_entries) - self.scene.joints))
        object_moved = pad(carried.sigmoid() * to_tool / object_std, (0, POSE_DIM - 3))
        return self.scene.state_rows(robot_moved, object_moved) / self.change_scale + self.scene.state_rows(
            robot_change, object_change
        )

    def _head(self, width: int, first_bias: list[float], size: int) -> nn.Linear:
        """The layer that answers `size` numbers a planned slot, the first ones about `first_bias` at first."""
        head = nn.Linear(width, self.plan_steps * size)
        with torch.no_grad():
            head.weight.mul_(FIRST_ANSWERS)
            bias = torch.zeros(self.plan_steps, size)
            bias[:, : len(first_bias)] = torch.tensor(first_bias)
            head.bias.copy_(bias.flatten())
        return head
