"""What no robot can measure is refused; what one that moves fast or stands badly measures is not."""

import numpy as np
import pytest

from decision_diffuser_ros.control.limits import CommandLimits
from decision_diffuser_ros.control.plausible_readings import (
    require_plausible_joints,
    require_plausible_objects,
    require_plausible_rotation,
)
from decision_diffuser_ros.errors import StateError

LIMITS = CommandLimits(lower=[-1.0, -2.0], upper=[1.0, 0.0], max_velocity=[10.0, 20.0])
NAMES = ("hip", "knee")
NONE = np.zeros(2)


def is_plausible(check, *readings) -> bool:
    try:
        check(*readings)
    except StateError:
        return False
    return True


@pytest.mark.parametrize(
    "position, velocity",
    [
        ([1.0 + np.pi, 0.0], NONE),
        ([0.0, -2.0 - np.pi], NONE),
        ([0.0, 0.0], [100.0, 0.0]),
        ([0.0, 0.0], [0.0, -200.0]),
    ],
)
def test_joints_somewhat_beyond_their_limits_are_possible(position, velocity):
    position, velocity = np.array(position), np.array(velocity)
    for scale, possible in ((0.999, True), (1.001, False)):
        assert is_plausible(require_plausible_joints, scale * position, scale * velocity, LIMITS, NAMES) is possible


@pytest.mark.parametrize(
    "position, velocity, message",
    [
        ([0.0, 1e300], NONE, "position of joint 'knee' is impossible: its limits are -2 to 0 rad. Got 1e"),
        ([-5.0, 0.0], NONE, "position of joint 'hip' is impossible: its limits are -1 to 1 rad. Got -5 rad"),
        ([0.0, 0.0], [0.0, -1e30], "velocity of joint 'knee' is impossible: its limit is 20 rad/s. Got -1e"),
    ],
)
def test_impossible_joints_are_refused(position, velocity, message):
    with pytest.raises(StateError, match=message):
        require_plausible_joints(np.array(position), np.array(velocity), LIMITS, NAMES)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_base_can_rotate_as_fast_as_a_gyroscope_can_tell(sign):
    assert is_plausible(require_plausible_rotation, sign * np.array([30.0, 0.0, 199.9]))
    assert not is_plausible(require_plausible_rotation, sign * np.array([30.0, 0.0, 200.1]))


def test_an_impossible_rotation_is_refused():
    with pytest.raises(StateError, match=r"impossible: at most 200 rad/s can be measured. Got \[0.0, 1e\+20, 0.0\]"):
        require_plausible_rotation(np.array([0.0, 1e20, 0.0]))


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_objects_lie_where_an_arm_can_be_meant_to_reach(sign):
    assert is_plausible(
        require_plausible_objects, sign * np.array([[0.5, 0.0, 0.1], [9.9, -9.9, 9.9]]), ("red", "blue")
    )
    assert not is_plausible(require_plausible_objects, sign * np.array([[0.5, 10.1, 0.1]]), ("red",))


def test_an_impossible_object_is_named():
    position = np.array([[0.0, 0.0, 0.0], [0.0, -1e39, 0.0]])
    with pytest.raises(StateError, match=r"position of object 'blue' is impossible: at most 10 m .*Got \[0.0, -1e\+39"):
        require_plausible_objects(position, ("red", "blue"))
