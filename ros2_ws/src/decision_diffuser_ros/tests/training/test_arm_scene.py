"""Scenes: a state's numbers as an arm and objects, and back."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.simulation.block_orientation import yaw_of
from decision_diffuser_ros.simulation.iiwa_kinematics import tool_pose
from decision_diffuser_ros.simulation.kinematic_chain import KUKA_IIWA
from decision_diffuser_ros.simulation.stacking_demonstrations import DESCRIPTION as STACKING
from decision_diffuser_ros.simulation.tool_place import ToolPlace
from decision_diffuser_ros.training.arm_scene import ArmScene, SceneEntries, place_of, position_of
from tests.training.stacking import random_states, stacking_normaliser
from tests.training.toy import DESCRIPTION as TOY


@pytest.fixture
def scene() -> ArmScene:
    return ArmScene(KUKA_IIWA, stacking_normaliser(), SceneEntries.of(STACKING, KUKA_IIWA))


def test_tool_and_objects_are_where_the_simulation_sees_them(scene):
    states = random_states(np.random.default_rng(1), 3, 2)
    seen = scene((torch.from_numpy(states) - scene.mean) / scene.std)
    for index in np.ndindex(3, 2):
        blocks = states[index][8:].reshape(4, 7)
        tool = ToolPlace.of_arm(states[index][:7])
        np.testing.assert_allclose(seen.tool[index], dataclasses.astuple(tool)[:4], atol=1e-5)
        np.testing.assert_allclose(seen.apart[index], blocks[:, :3] - tool_pose(states[index][:7])[0], atol=1e-5)
        np.testing.assert_allclose(seen.objects[index][:, 3], yaw_of(blocks[:, 3:]), atol=1e-5)
        np.testing.assert_allclose(seen.objects[index][:, 0], np.hypot(*blocks[:, :2].T), atol=1e-5)


def test_a_place_is_a_position_and_a_yaw():
    position, yaw = torch.randn(5, 3), torch.randn(5)
    place = place_of(position, yaw)
    torch.testing.assert_close(position_of(place), position)
    torch.testing.assert_close(place[:, 3], yaw)


def test_rows_are_put_together_as_they_were_taken_apart(scene):
    rows = torch.randn(2, 5, len(STACKING.state))
    torch.testing.assert_close(scene.state_rows(scene.robot_rows(rows), scene.object_rows(rows)), rows)


def test_entries_are_found_by_name_in_any_order():
    entries = SceneEntries.of(dataclasses.replace(STACKING, state=STACKING.state[::-1]), KUKA_IIWA)
    names = [entry.name for entry in STACKING.state[::-1]]
    assert [names[entry] for entry in entries.robot[:2]] == ["lbr_iiwa_joint_1/position", "lbr_iiwa_joint_2/position"]
    assert names[entries.robot[-1]] == "gripper/opening"
    assert names[entries.objects[6]] == f"{entries.object_names[0]}/orientation/w"


def test_a_data_set_without_arm_or_objects_is_refused():
    with pytest.raises(ConfigurationError, match="hold no 'lbr_iiwa_joint_1/position'"):
        SceneEntries.of(TOY, KUKA_IIWA)
    with pytest.raises(ConfigurationError, match="hold no '<object>/orientation/w'"):
        SceneEntries.of(dataclasses.replace(STACKING, state=STACKING.state[:8]), KUKA_IIWA)
