"""Shares of places as a path of the tool."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from decision_diffuser_ros.simulation.kinematic_chain import KUKA_IIWA
from decision_diffuser_ros.simulation.stacking_demonstrations import DESCRIPTION as STACKING
from decision_diffuser_ros.simulation.tool_place import ToolPlace
from decision_diffuser_ros.training.arm_scene import ArmScene, Scene, SceneEntries
from decision_diffuser_ros.training.tool_path import DISPLACEMENT_UNITS, PathAnswer, ToolPath
from tests.training.stacking import random_states, stacking_normaliser

BATCH, PLAN, OBJECTS = 2, 3, 4
ALL = 50.0  # a logit that takes the whole share


@pytest.fixture
def states() -> np.ndarray:
    return random_states(np.random.default_rng(4), BATCH, 1)


@pytest.fixture
def now(states) -> Scene:
    scene = ArmScene(KUKA_IIWA, stacking_normaliser(), SceneEntries.of(STACKING, KUKA_IIWA))
    return scene((torch.from_numpy(states) - scene.mean) / scene.std)


@pytest.fixture
def path() -> ToolPath:
    return ToolPath(KUKA_IIWA, plan_steps=PLAN)


def answer() -> PathAnswer:
    shapes = [(2,), (OBJECTS,), (3,), (OBJECTS, 2), (4,)]
    return PathAnswer(*(torch.zeros(BATCH, PLAN, *shape) for shape in shapes))


def test_all_on_an_object_is_exactly_over_it(path, now, states):
    asked = answer()
    asked.object_around[..., 2] = ALL
    asked.object_height[..., 2, 0] = ALL
    place, joints = path(asked, now)
    torch.testing.assert_close(place, now.objects[:, :, 2].expand(-1, PLAN, -1))
    for episode in range(BATCH):
        x, y, height = states[episode, 0, 22:25]
        wanted = ToolPlace.over(np.array([x, y]), height=height, yaw=float(now.objects[episode, 0, 2, 3]))
        np.testing.assert_allclose(joints[episode, 0].detach(), wanted.joint_position(), atol=1e-4)


def test_half_on_where_the_tool_is_is_half_way(path, now):
    asked = answer()
    asked.robot_around[..., 0] = asked.object_around[..., 1] = ALL
    asked.robot_height[..., 0] = ALL
    place, _ = path(asked, now)
    middle = (now.tool[:, 0] + now.objects[:, 0, 1]) / 2
    torch.testing.assert_close(place[:, 0, [0, 1, 3]], middle[:, [0, 1, 3]])
    torch.testing.assert_close(place[:, 0, 2], now.tool[:, 0, 2])


def test_heights_on_an_object_and_over_all_keep_their_clearance(path, now):
    asked = answer()
    asked.object_height[:, 0, 3, 1] = asked.robot_height[:, 1, 2] = ALL
    place, _ = path(asked, now)
    torch.testing.assert_close(place[:, 0, 2], now.objects[:, 0, 3, 2] + path.clearances[0])
    torch.testing.assert_close(place[:, 1, 2], now.objects[:, 0, :, 2].amax(dim=1) + path.clearances[1])


def test_what_is_held_need_not_be_cleared(path, now):
    asked = answer()
    asked.robot_height[..., 2] = ALL
    held = now.apart.clone()
    highest = int(now.objects[0, 0, :, 2].argmax())
    held[:, 0, highest] = 0.0
    place, _ = path(asked, now._replace(apart=held))
    others = [block for block in range(OBJECTS) if block != highest]
    torch.testing.assert_close(place[0, 0, 2], now.objects[0, 0, others, 2].amax() + path.clearances[1])


def test_displacements_come_in_their_units(path, now):
    asked = answer()
    asked.robot_around[..., 0] = asked.robot_height[..., 0] = ALL
    asked.displacement[:] = 2.0
    place, _ = path(asked, now)
    torch.testing.assert_close(place[:, 0] - now.tool[:, 0], 2.0 * torch.tensor(DISPLACEMENT_UNITS).expand(BATCH, -1))
