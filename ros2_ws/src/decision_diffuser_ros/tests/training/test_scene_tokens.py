"""What tokens tell: which way the noise points, and how objects lie."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from decision_diffuser_ros.simulation.kinematic_chain import KUKA_IIWA
from decision_diffuser_ros.simulation.stacking_demonstrations import DESCRIPTION as STACKING
from decision_diffuser_ros.training.arm_scene import ArmScene, SceneEntries
from decision_diffuser_ros.training.scene_tokens import PILE_BLUR, SceneTokens, _pairs
from decision_diffuser_ros.training.tool_path import ToolPath
from tests.training.stacking import random_states, stacking_normaliser

HISTORY, PLAN, OBJECTS = 2, 3, 4


@pytest.fixture(scope="module")
def tokens() -> SceneTokens:
    scene = ArmScene(KUKA_IIWA, stacking_normaliser(), SceneEntries.of(STACKING, KUKA_IIWA))
    return SceneTokens(scene, ToolPath(KUKA_IIWA, plan_steps=PLAN), history=HISTORY, plan_steps=PLAN)


def read(tokens: SceneTokens, noisy_change: torch.Tensor, certainty: float = 1.0):
    scene = tokens.scene
    states = random_states(np.random.default_rng(6), 1, 1).repeat(HISTORY, axis=1)
    observed = (torch.from_numpy(states) - scene.mean) / scene.std
    roles = torch.zeros(1, OBJECTS, 2)
    return observed, tokens(observed, noisy_change, torch.full((1, 1, 1), certainty), torch.ones(1, HISTORY), roles)


def test_tokens_have_the_sizes_they_say(tokens):
    _, given = read(tokens, torch.zeros(1, PLAN, len(STACKING.state)))
    assert given.robot.shape == (1, tokens.robot_size)
    assert given.objects.shape == (1, OBJECTS, tokens.object_size)


@pytest.mark.parametrize("target", range(OBJECTS))
def test_noise_that_moves_the_joints_over_an_object_points_at_it_most(tokens, target):
    still = torch.zeros(1, PLAN, len(STACKING.state))
    observed, _ = read(tokens, still)
    to_objects, _, _ = tokens._directions(tokens.scene(observed))
    towards = still.clone()
    towards[..., tokens.scene.joint_entries] = to_objects[:, target, None] / to_objects[:, target].norm()
    _, given = read(tokens, towards, certainty=0.5)
    points, weighed = given.objects[0, :, -2 * PLAN :].split(PLAN, dim=-1)
    assert points[:, 0].argmax() == target
    assert points[target, 0].item() == pytest.approx(1.0, abs=0.1)
    torch.testing.assert_close(weighed, 0.5 * points)


def test_what_stands_on_another_is_above_it_in_one_pile():
    position = torch.tensor([[[0.5, 0.0, 0.025], [0.5, 0.0, 0.075], [0.5, 0.3, 0.025]]])
    in_pile, above, distance, higher = _pairs(position, PILE_BLUR)[0].unbind(-1)
    assert in_pile[0, 1].item() == pytest.approx(1.0, abs=0.01)
    assert in_pile[0, 2].item() == pytest.approx(0.0, abs=0.01)
    assert above[1, 0].item() == pytest.approx(np.tanh(1.0), abs=0.01)
    torch.testing.assert_close(above, -above.T)
    torch.testing.assert_close(higher, -higher.T)
    assert distance[0, 2].item() == pytest.approx(2.0, abs=0.01)
