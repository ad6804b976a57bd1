"""The A1's constants are those of its URDF, and its kinematics those that PyBullet computes."""

import pathlib

import numpy as np
import pybullet_data
import pytest

from decision_diffuser_ros.simulation import quadruped_model as model
from decision_diffuser_ros.simulation.bullet_client import connect, pybullet

URDF = pathlib.Path(pybullet_data.getDataPath()) / "a1" / "a1.urdf"


@pytest.fixture(scope="module")
def loaded():
    """A PyBullet client and the robot in it, its base frame at the origin."""
    client = connect()
    robot = client.loadURDF(str(URDF), flags=pybullet.URDF_USE_INERTIA_FROM_FILE)
    yield client, robot
    client.disconnect()


def infos(loaded):
    client, robot = loaded
    return {i[1].decode(): i for i in (client.getJointInfo(robot, n) for n in range(client.getNumJoints(robot)))}


def random_pose(seed):
    share = np.random.default_rng(seed).uniform(0.1, 0.9, 12)
    return model.JOINT_LOWER + share * (model.JOINT_UPPER - model.JOINT_LOWER)


def test_joint_limits_are_those_of_the_urdf(loaded):
    joints = [infos(loaded)[name] for name in model.JOINT_NAMES]
    np.testing.assert_allclose([joint[8] for joint in joints], model.JOINT_LOWER)
    np.testing.assert_allclose([joint[9] for joint in joints], model.JOINT_UPPER)
    np.testing.assert_allclose([joint[11] for joint in joints], model.MAX_VELOCITY)


def test_effort_limits_never_exceed_those_of_the_urdf(loaded):
    assert all(
        infos(loaded)[name][10] >= limit for name, limit in zip(model.JOINT_NAMES, model.MAX_EFFORT, strict=True)
    )


def test_mass_is_that_of_the_urdf(loaded):
    client, robot = loaded
    mass = sum(client.getDynamicsInfo(robot, link)[0] for link in range(-1, client.getNumJoints(robot)))
    assert mass == pytest.approx(model.MASS, abs=1e-3)


@pytest.mark.parametrize("seed", range(5))
def test_feet_are_where_pybullet_puts_them(loaded, seed):
    client, robot = loaded
    joints = infos(loaded)
    pose = random_pose(seed)
    for name, angle in zip(model.JOINT_NAMES, pose, strict=True):
        client.resetJointState(robot, joints[name][0], angle)
    feet = [
        client.getLinkState(robot, joints[f"{leg}_toe_fixed"][0], computeForwardKinematics=1)[4]
        for leg in model.LEG_NAMES
    ]
    base, orientation = client.getBasePositionAndOrientation(robot)
    inertial = client.getDynamicsInfo(robot, -1)
    origin = client.multiplyTransforms(base, orientation, *client.invertTransform(inertial[3], inertial[4]))
    in_body = [client.multiplyTransforms(*client.invertTransform(*origin), foot, [0, 0, 0, 1])[0] for foot in feet]
    np.testing.assert_allclose(model.foot_in_hip(pose) + model.HIP_IN_BODY, in_body, atol=2e-3)


@pytest.mark.parametrize("seed", range(20))
def test_inverse_kinematics_inverts_the_forward_kinematics(seed):
    random = np.random.default_rng(seed)
    pose = model.STANDING_POSE + random.uniform(-0.4, 0.4, 12)
    np.testing.assert_allclose(model.joint_position_for_feet(model.foot_in_hip(pose)), pose, atol=1e-9)


def test_a_place_out_of_reach_gets_joints_within_their_limits():
    joints = model.joint_position_for_feet(np.tile([0.5, 0.3, -2.0], (4, 1)))
    assert np.isfinite(joints).all()
    assert (joints >= model.JOINT_LOWER).all()
    assert (joints <= model.JOINT_UPPER).all()


@pytest.mark.parametrize("seed", range(5))
def test_the_jacobian_is_the_slope_of_the_forward_kinematics(seed):
    pose, small = random_pose(seed), 1e-6
    jacobian = model.foot_jacobian(pose)
    for joint in range(12):
        step = np.zeros(12)
        step[joint] = small
        slope = (model.foot_in_hip(pose + step) - model.foot_in_hip(pose - step)) / (2 * small)
        expected = np.zeros((4, 3))
        expected[joint // 3] = jacobian[joint // 3, :, joint % 3]
        np.testing.assert_allclose(slope, expected, atol=1e-8)
