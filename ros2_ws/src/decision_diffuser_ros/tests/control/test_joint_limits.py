"""Limits come from the robot description, and parameters can only narrow them."""

import numpy as np
import pytest

from decision_diffuser_ros.control.joint_limits import JointLimits
from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.simulation import quadruped_model as model

URDF = """<?xml version="1.0"?>
<robot name="arm">
  <link name="base"/>
  <joint name="shoulder" type="revolute"><limit lower="-1.5" upper="2.0" velocity="3.0" effort="40"/></joint>
  <joint name="wheel" type="continuous"><limit velocity="9" effort="2"/></joint>
  <joint name="mount" type="fixed"/>
  <joint name="elbow" type="revolute"><limit lower="-2.5" upper="0.0" velocity="4.0" effort="30"/></joint>
  <joint name="finger" type="prismatic"><limit lower="0" upper="0.04" velocity="1" effort="9"/>
    <mimic joint="a"/></joint>
</robot>"""


def test_limits_are_read_by_name_in_any_order():
    limits = JointLimits.from_urdf(URDF, ("elbow", "shoulder"))
    np.testing.assert_array_equal(limits.lower, [-2.5, -1.5])
    np.testing.assert_array_equal(limits.upper, [0.0, 2.0])
    np.testing.assert_array_equal(limits.velocity, [4.0, 3.0])
    np.testing.assert_array_equal(limits.effort, [30.0, 40.0])


def test_a_continuous_joint_has_no_position_limits():
    limits = JointLimits.from_urdf(URDF, ("wheel",))
    assert (limits.lower[0], limits.upper[0], limits.velocity[0]) == (-np.inf, np.inf, 9.0)


def test_the_simulated_quadrupeds_own_description_has_the_limits_of_its_model():
    pybullet_data = pytest.importorskip("pybullet_data")
    with open(f"{pybullet_data.getDataPath()}/a1/a1.urdf", encoding="utf-8") as file:
        limits = JointLimits.from_urdf(file.read(), model.JOINT_NAMES)
    np.testing.assert_allclose(limits.lower, model.JOINT_LOWER)
    np.testing.assert_allclose(limits.upper, model.JOINT_UPPER)
    np.testing.assert_allclose(limits.velocity, model.MAX_VELOCITY)
    assert (limits.effort >= model.MAX_EFFORT).all()


def test_the_narrower_of_two_limits_holds():
    limits = JointLimits.from_urdf(URDF, ("shoulder", "elbow")).tightened(
        lower=np.array([-1.0, -2.5]), upper=np.array([2.0, -0.5]), velocity=None, effort=np.array([10.0, 30.0])
    )
    np.testing.assert_array_equal(limits.lower, [-1.0, -2.5])
    np.testing.assert_array_equal(limits.upper, [2.0, -0.5])
    np.testing.assert_array_equal(limits.velocity, [3.0, 4.0])
    np.testing.assert_array_equal(limits.effort, [10.0, 30.0])


def test_a_rounded_parameter_is_not_wider_but_does_not_widen_either():
    limits = JointLimits.from_urdf(URDF, ("shoulder",)).tightened(upper=np.array([2.001]))
    assert limits.upper[0] == 2.0


@pytest.mark.parametrize(
    "limit, message",
    [
        ({"lower": [-1.6]}, "the lower limit of joint 'shoulder' is wider .* expected at least -1.5 rad, got -1.6 rad"),
        ({"upper": [2.1]}, "expected at most 2 rad, got 2.1 rad"),
        ({"velocity": [3.5]}, "expected at most 3 rad/s, got 3.5 rad/s"),
        ({"effort": [np.nan]}, "expected at most 40 N m, got nan N m"),
    ],
)
def test_a_wider_parameter_is_refused(limit, message):
    limits = JointLimits.from_urdf(URDF, ("shoulder",))
    with pytest.raises(ConfigurationError, match=message):
        limits.tightened(**{name: np.array(value) for name, value in limit.items()})


@pytest.mark.parametrize(
    "urdf, message",
    [
        ("not xml", "the robot description is not XML: .*; expand xacro first"),
        ("<sdf/>", "expected element 'robot', got 'sdf'"),
        (URDF.replace("shoulder", "hip"), "no movable joint 'shoulder'; it has: hip, wheel, elbow"),
        (URDF.replace('lower="-1.5"', 'lower="low"'), "lower limit of joint 'shoulder' must be a number. Got 'low'"),
        ('<robot><joint name="shoulder" type="revolute"/></robot>', "'shoulder' has no limits"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><robot/>', "declares XML entities"),
    ],
)
def test_what_is_no_description_of_the_robot_is_refused(urdf, message):
    with pytest.raises(ConfigurationError, match=message):
        JointLimits.from_urdf(urdf, ("shoulder",))


@pytest.mark.parametrize("name", ["mount", "finger"])
def test_a_joint_that_cannot_be_commanded_is_refused(name):
    with pytest.raises(ConfigurationError, match=f"no movable joint '{name}'"):
        JointLimits.from_urdf(URDF, (name,))
