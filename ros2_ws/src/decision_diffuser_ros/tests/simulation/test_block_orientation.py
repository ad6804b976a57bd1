"""Orientations of a cube that look the same get the same quaternion."""

import numpy as np

from decision_diffuser_ros.simulation.block_orientation import canonical_orientation, quaternion_product, yaw_of
from decision_diffuser_ros.simulation.bullet_client import pybullet


def random_quaternions(count):
    quaternions = np.random.default_rng(0).normal(size=(count, 4))
    return quaternions / np.linalg.norm(quaternions, axis=1, keepdims=True)


def corners(orientation):
    """The corners of a cube as a set of rounded places: what of an orientation can be seen."""
    rotation = np.array(pybullet.getMatrixFromQuaternion(orientation.tolist())).reshape(3, 3)
    unit = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, -1)
    return {tuple(corner) for corner in (np.round((rotation @ unit).T, 4) + 0.0).tolist()}


def test_products_are_those_of_pybullet():
    left, right = random_quaternions(2)
    _, expected = pybullet.multiplyTransforms([0, 0, 0], left.tolist(), [0, 0, 0], right.tolist())
    product = quaternion_product(left, right)
    np.testing.assert_allclose(product * np.sign(product @ expected), expected, atol=1e-6)  # q and -q are one rotation


def test_the_canonical_orientation_looks_the_same_and_is_the_same_for_all_that_look_the_same():
    for orientation in random_quaternions(20):
        canonical = canonical_orientation(orientation)
        assert corners(canonical) == corners(orientation)
        for turn in ([0, 0, np.sqrt(0.5), np.sqrt(0.5)], [1, 0, 0, 0], [-0.5, -0.5, -0.5, -0.5]):
            turned = canonical_orientation(quaternion_product(orientation, np.array(turn)))
            np.testing.assert_allclose(turned, canonical, atol=1e-12)


def test_the_scalar_part_is_never_near_zero():
    assert canonical_orientation(random_quaternions(2000))[:, 3].min() > 0.85


def test_a_standing_blocks_yaw_lies_between_minus_and_plus_45_degrees():
    yaw = np.linspace(-np.pi, np.pi, 40)
    upright = np.stack([0 * yaw, 0 * yaw, np.sin(yaw / 2), np.cos(yaw / 2)], axis=1)
    canonical = yaw_of(canonical_orientation(upright))
    assert np.abs(canonical).max() <= np.pi / 4 + 1e-9
    quarter_turns = (yaw - canonical) / (np.pi / 2)
    np.testing.assert_allclose(quarter_turns, np.round(quarter_turns), atol=1e-9)
