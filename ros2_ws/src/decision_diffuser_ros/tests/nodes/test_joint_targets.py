"""What the simulated joints are told at any time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from decision_diffuser_ros.errors import StateError
from decision_diffuser_ros.nodes.joint_targets import JointTargets, TrajectoryPoint

JOINTS = ("hip", "knee")


def point(time, position, velocity=(0.0, 0.0)):
    return TrajectoryPoint(time, np.array(position), None if velocity is None else np.array(velocity))


def test_the_first_position_is_held_until_a_command():
    targets = JointTargets(JOINTS, [0.1, 0.2])
    np.testing.assert_array_equal(targets.at(99.0), [0.1, 0.2])
    targets.command([0.3, 0.4])
    np.testing.assert_array_equal(targets.at(0.0), [0.3, 0.4])
    assert not targets.is_moving


def test_a_trajectory_is_followed_by_name_and_its_last_point_stays():
    targets = JointTargets(JOINTS, [0.0, 0.0])
    targets.follow(["knee", "hip"], [point(1.0, [2.0, 1.0]), point(2.0, [4.0, 3.0])], now=0.0)
    np.testing.assert_allclose(targets.at(1.0), [1.0, 2.0])
    np.testing.assert_allclose(targets.at(99.0), [3.0, 4.0])


def test_without_velocities_positions_are_joined_by_lines():
    targets = JointTargets(JOINTS, [0.0, 0.0])
    targets.follow(JOINTS, [point(1.0, [1.0, 2.0], None)], now=0.0)
    np.testing.assert_allclose(targets.at(0.25), [0.25, 0.5])


@given(coefficients=st.lists(st.floats(-3, 3), min_size=4, max_size=4), time=st.floats(1.0, 2.0))
def test_with_velocities_a_cubic_is_reproduced(coefficients, time):
    cubic = np.polynomial.Polynomial(coefficients)
    targets = JointTargets(("hip",), [0.0])
    points = [point(t, [cubic(t)], [cubic.deriv()(t)]) for t in (1.0, 2.0)]
    targets.follow(("hip",), points, now=0.0)
    np.testing.assert_allclose(targets.at(time), [cubic(time)], atol=1e-9)


def test_a_new_trajectory_begins_where_the_old_one_is():
    targets = JointTargets(JOINTS, [0.0, 0.0])
    targets.follow(JOINTS, [point(1.0, [1.0, 1.0], None)], now=0.0)
    targets.follow(JOINTS, [point(1.5, [0.0, 0.0])], now=0.5)
    np.testing.assert_allclose(targets.at(0.5), [0.5, 0.5])


@given(time=st.floats(0.01, 0.99))
def test_a_trajectory_that_goes_on_as_the_old_one_keeps_its_velocity(time):
    """A ramp that is replaced on the way by the rest of it stays a straight line."""
    targets = JointTargets(("hip",), [0.0])
    targets.follow(("hip",), [point(1.0, [2.0], [2.0]), point(2.0, [4.0], [2.0])], now=0.0)
    targets.follow(("hip",), [point(2.0, [4.0], [2.0])], now=1.0)
    np.testing.assert_allclose(targets.at(1.0 + time), [2.0 + 2.0 * time], atol=1e-9)


@pytest.mark.parametrize(
    "joints, points, message",
    [
        (("hip", "ankle"), [point(1.0, [0.0, 0.0])], "must be for hip, knee. Got hip, ankle"),
        (JOINTS, [], "no points"),
        (JOINTS, [point(0.0, [0.0, 0.0])], "time_from_start must be above 0"),
        (JOINTS, [point(1.0, [0.0, 0.0]), point(1.0, [0.0, 0.0])], "increase from point to point"),
        (JOINTS, [point(1.0, [0.0, np.nan])], "positions must be finite. Got nan"),
        (JOINTS, [point(1.0, [0.0, 0.0], [0.0])], "velocities must have 2 values. Got 1"),
    ],
)
def test_a_bad_trajectory_is_refused_and_the_old_command_stays(joints, points, message):
    targets = JointTargets(JOINTS, [0.1, 0.2])
    with pytest.raises(StateError, match=message):
        targets.follow(joints, points, now=0.0)
    np.testing.assert_array_equal(targets.at(5.0), [0.1, 0.2])


@pytest.mark.parametrize("command, message", [([0.0], "2 values. Got 1"), ([0.0, np.inf], "finite. Got inf")])
def test_a_bad_command_is_refused(command, message):
    with pytest.raises(StateError, match=message):
        JointTargets(JOINTS, [0.1, 0.2]).command(command)
