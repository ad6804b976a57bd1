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
from decision_diffuser_ros.training.outcome_head import NoisyOutcome, OutcomeHead
from decision_diffuser_ros.training.scene_tokens import LEAST_NOISE, SceneTokens, SeenOutcome
from decision_diffuser_ros.training.temporal_unet import StepEmbedding
from decision_diffuser_ros.training.tool_path import DISPLACEMENT_UNITS, PathAnswer, ToolPath
from decision_diffuser_ros.training.transformer_layer import ModulatedNorm, TransformerLayer

HEADS = 4
PAIR_WIDTH = 32
NOWHERE_AT_FIRST = 3.0
"""Logit at the start of a training of staying where the tool is; and of an object's, of not going with it."""
FIRST_ANSWERS = 0.2
OUTCOME_LEAST_NOISE = 0.01  # variance: as much as a place that is known is off, and one that is given
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
        has_outcome: whether the last of them is the state in which all ends, which may be observed.
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
        has_outcome: bool = False,
        width: int = 160,
        layers: int = 3,
        embedding_dim: int = 64,
    ) -> None:
        super().__init__()
        self.history, self.plan_steps = history, plan_steps
        self.tokens = SceneTokens(scene, path, history=history, plan_steps=plan_steps, has_outcome=has_outcome)
        self.has_outcome = has_outcome
        self.register_buffer("roles", roles.flatten(1))
        self.register_buffer("signal_share", alphas_cumprod.float())
        self.register_buffer("change_scale", torch.ones(plan_steps, len(scene.mean)))
        self.step_embedding = StepEmbedding(embedding_dim)
        embedding = embedding_dim + 1
        self.robot_in = nn.Sequential(nn.Linear(self.tokens.robot_size, width), nn.GELU(), nn.Linear(width, width))
        self.object_in = nn.Sequential(nn.Linear(self.tokens.object_size, width), nn.GELU(), nn.Linear(width, width))
        self.pair_in, self.pair_bias = nn.Linear(self.tokens.pair_size, PAIR_WIDTH), nn.Linear(PAIR_WIDTH, HEADS)
        self.layers = nn.ModuleList(
            TransformerLayer(width, heads=HEADS, embedding_dim=embedding) for _ in range(layers)
        )
        self.norm = ModulatedNorm(width, embedding)
        self.robot_sizes = [2, 3, len(DISPLACEMENT_UNITS), len(scene.robot_entries)]
        self.object_sizes = [1, 2, 1, POSE_DIM]
        if has_outcome:
            self.outcome_head = OutcomeHead(width)
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
        certainty = signal_share.sqrt() / noise
        outcome = None
        if self.has_outcome:
            is_known = observation_mask[:, -1:]
            change = noisy_change[:, -1:] * (1.0 - is_known[..., None])
            noisy_change = torch.cat([noisy_change[:, :-1], change], dim=1)
            outcome = SeenOutcome(is_known, self._noisy_outcome(now, trajectory[:, -1:], signal_share, is_known))
        inputs = self.tokens(observed, noisy_change, certainty, is_observed, roles, outcome)

        embedding = torch.cat([self.step_embedding(denoising_step), condition_present], dim=-1)
        tokens = torch.cat([self.robot_in(inputs.robot)[:, None], self.object_in(inputs.objects)], dim=1)
        bias = pad(self.pair_bias(gelu(self.pair_in(inputs.pairs))).permute(0, 3, 1, 2), (1, 0, 1, 0))
        for layer in self.layers:
            tokens = layer(tokens, embedding, bias)
        tokens = self.norm(tokens, embedding)
        return pad(self._changes(tokens, now, outcome), (0, 0, self.history, 0))

    def _noisy_outcome(self, now: Tensor, outcome: Tensor, signal_share: Tensor, is_known: Tensor) -> NoisyOutcome:
        """What a noisy outcome `(batch, 1, state_dim)` tells; a known one as if it had little noise."""
        known = is_known[..., None]
        signal = (signal_share + known * (1.0 - signal_share)).sqrt()
        noise = (OUTCOME_LEAST_NOISE + (1.0 - known) * (1.0 - signal_share)).sqrt()
        seen = self.scene(now)
        return NoisyOutcome(
            change=self.scene.object_rows((outcome - signal * now) / noise)[:, 0, :, :3],
            certainty=signal / noise,
            position=(seen.apart + seen.tool_position[:, :, None])[:, 0],
            std=self.scene.object_rows(self.scene.std)[..., :3],
        )

    def _changes(self, tokens: Tensor, now: Tensor, outcome: SeenOutcome | None) -> Tensor:
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
        object_moved = carried.sigmoid() * to_tool / object_std
        if outcome is not None:
            moved = (self.outcome_head(tokens[:, 1:], outcome.noisy) - outcome.noisy.position) / object_std
            object_moved = torch.cat([object_moved[:, :-1], moved[:, None]], dim=1)
        object_moved = pad(object_moved, (0, POSE_DIM - 3))
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
