"""Where each joint is in commands, actions and readings."""

import dataclasses

import pytest

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.nodes.command_joints import CommandJoints
from decision_diffuser_ros.planner.manifest import Manifest
from decision_diffuser_ros.planner.manifest_records import Entry
from decision_diffuser_ros.resources import MANIFEST_NAME
from tests.bundles import make_stacking_bundle


@pytest.fixture
def manifest(tmp_path):
    """Of an arm with a gripper, whose action commands the gripper first and then the joints from the tip on."""
    manifest = Manifest.read(make_stacking_bundle(tmp_path) / MANIFEST_NAME)
    return dataclasses.replace(manifest, action=manifest.action[::-1])


def test_joints_are_found_by_name_in_every_order(manifest):
    arm = manifest.joint_names
    joints = CommandJoints.of_model(manifest, (*arm[1:], arm[0]))
    action = [f"{joint} target" for joint in joints.of_action]
    assert joints.of_action == ("gripper", *arm[::-1])
    assert [action[index] for index in joints.action_of_joint] == [f"{joint} target" for joint in joints.names]
    assert [(*joints.names, "gripper")[index] for index in joints.joint_of_action] == list(joints.of_action)
    assert [(*arm, "gripper")[index] for index in joints.reading_of_action] == list(joints.of_action)
    assert joints.gripper_action == 0


def test_joints_that_are_not_set_are_in_the_order_of_the_actions(manifest):
    assert CommandJoints.of_model(manifest, None).names == manifest.joint_names[::-1]


def test_there_may_be_no_gripper(manifest):
    joints = CommandJoints.of_model(dataclasses.replace(manifest, action=manifest.action[1:]), None)
    assert joints.gripper_action is None
    assert joints.of_action == joints.names


def test_joints_that_are_not_the_models_are_refused(manifest):
    for names in (manifest.joint_names[:-1], (*manifest.joint_names[:-1], "tail"), (*manifest.joint_names, "gripper")):
        with pytest.raises(ConfigurationError, match="`joints` do not fit model 'block_stacking': expected .* in any"):
            CommandJoints.of_model(manifest, names)


def test_actions_that_are_no_targets_of_the_joints_are_refused(manifest):
    strange = dataclasses.replace(manifest, action=(*manifest.action[:-1], Entry("wheel/speed_target", "rad/s")))
    with pytest.raises(ConfigurationError, match="must be position targets of its joints .* got gripper/.*wheel/speed"):
        CommandJoints.of_model(strange, None)
