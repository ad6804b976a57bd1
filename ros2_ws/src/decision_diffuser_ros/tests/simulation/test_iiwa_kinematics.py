"""The arm's kinematics against PyBullet's own, and what the code knows by heart against the URDF."""

import numpy as np
import pytest

from decision_diffuser_ros.simulation import iiwa_kinematics as kinematics
from decision_diffuser_ros.simulation.bullet_client import connect
from decision_diffuser_ros.simulation.iiwa_kinematics import joint_position_for_tool, rotation_about, tool_pose
from decision_diffuser_ros.simulation.stacking_body import StackingBody
from decision_diffuser_ros.simulation.table_places import AZIMUTH_RANGE, RADIUS_RANGE

TOOL_IN_LAST_LINK = 0.15  # [m]


@pytest.fixture(scope="module")
def body():
    client = connect()
    yield StackingBody.load(client)
    client.disconnect()


def test_the_tool_is_where_pybullet_has_it(body):
    random = np.random.default_rng(0)
    for _ in range(20):
        joints = random.uniform(kinematics.JOINT_LOWER, kinematics.JOINT_UPPER)
        body.place_arm(joints, 0.05)
        link = body.client.getLinkState(body.robot, body.joints[-1], computeForwardKinematics=1)
        rotation = np.array(body.client.getMatrixFromQuaternion(link[5])).reshape(3, 3)
        position, own_rotation = tool_pose(joints)
        np.testing.assert_allclose(position, link[4] + TOOL_IN_LAST_LINK * rotation[:, 2], atol=1e-6)
        np.testing.assert_allclose(own_rotation, rotation, atol=1e-6)


def test_inverse_kinematics_reaches_every_place_of_the_table_at_every_height_and_yaw():
    random = np.random.default_rng(1)
    for _ in range(300):
        radius, azimuth = random.uniform(*RADIUS_RANGE), random.uniform(*AZIMUTH_RANGE)
        place = np.array([radius * np.cos(azimuth), radius * np.sin(azimuth), random.uniform(0.02, 0.28)])
        yaw, elbow_angle = random.uniform(-np.pi / 4, np.pi / 4), random.uniform(-0.3, 0.3)
        position, rotation = tool_pose(joint_position_for_tool(place, yaw=yaw, elbow_angle=elbow_angle))
        np.testing.assert_allclose(position, place, atol=1e-9)
        np.testing.assert_allclose(rotation, rotation_about(2, yaw) @ rotation_about(1, np.pi), atol=1e-9)


def test_the_elbow_angle_moves_the_joints_but_not_the_tool():
    straight = joint_position_for_tool(np.array([0.5, 0.1, 0.2]), yaw=0.2)
    swung = joint_position_for_tool(np.array([0.5, 0.1, 0.2]), yaw=0.2, elbow_angle=0.3)
    assert np.abs(straight[[2, 4]]).max() < 1e-9
    assert np.abs((swung - straight)[[0, 2, 4]]).min() > 0.02
    np.testing.assert_allclose(tool_pose(swung)[0], tool_pose(straight)[0], atol=1e-9)


def test_out_of_reach_the_arm_stretches_towards_the_place_within_its_limits():
    joints = joint_position_for_tool(np.array([1.5, 0.0, 0.1]), yaw=0.0)
    assert np.isfinite(joints).all()
    assert (np.abs(joints) <= kinematics.JOINT_UPPER).all()


def test_names_and_limits_are_those_of_the_urdf(body):
    for joint, name, lower, upper in zip(
        body.joints, kinematics.JOINT_NAMES, kinematics.JOINT_LOWER, kinematics.JOINT_UPPER, strict=True
    ):
        info = body.client.getJointInfo(body.robot, joint)
        assert info[1].decode() == name
        assert info[8:11] == pytest.approx((lower, upper, kinematics.MAX_EFFORT))
