"""What trajectories of commands say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("decision_diffuser_msgs", reason="needs the workspace built and sourced")

from builtin_interfaces.msg import Time

from decision_diffuser_ros.nodes import messages
from decision_diffuser_ros.nodes.joint_targets import JointTargets, TrajectoryPoint

LOWER, UPPER = np.array([-1.0, -2.0, 0.5]), np.array([1.5, 2.0, 2.5])
POINTS, STOP_DURATION, STEP_DURATION = 4, 0.01, 0.1


def poses(*, beyond=0.0):
    """Joint positions, each within its limits or up to `beyond` [rad] outside."""
    return st.tuples(*(st.floats(lower - beyond, upper + beyond) for lower, upper in zip(LOWER, UPPER, strict=True)))


def ramp(start, command, *, lower=LOWER, upper=UPPER, points=POINTS, stop_duration=STOP_DURATION):
    message = messages.ramp_trajectory(
        ("a", "b", "c"),
        np.array(start),
        np.array(command),
        lower=lower,
        upper=upper,
        stamp=Time(),
        points=points,
        stop_duration=stop_duration,
        step_duration=STEP_DURATION,
    )
    return tuple(np.array([getattr(point, name) for point in message.points]) for name in ("positions", "velocities"))


@given(start=poses(), command=poses(), points=st.integers(1, 5), stop_duration=st.floats(0.0005, 1.0))
def test_no_point_of_a_ramp_is_beyond_limits_that_the_commands_keep(start, command, points, stop_duration):
    positions, velocities = ramp(start, command, points=points, stop_duration=stop_duration)
    assert (positions >= LOWER - 1e-9).all()
    assert (positions <= UPPER + 1e-9).all()
    np.testing.assert_allclose(positions[points - 1], command, atol=1e-12)
    line = (np.array(command) - start) / STEP_DURATION
    np.testing.assert_allclose(velocities[: points - 1], np.tile(line, (points - 1, 1)))
    np.testing.assert_allclose(positions[-1] - positions[-2], 0.5 * stop_duration * velocities[-2], atol=1e-12)
    assert (np.abs(velocities[-2]) <= np.abs(line)).all()
    np.testing.assert_array_equal(velocities[-1], np.zeros(3))


@given(start=poses(), command=poses(), stop_duration=st.floats(0.0005, 1.0))
def test_a_controller_that_joins_the_points_by_cubics_keeps_the_limits_in_between(start, command, stop_duration):
    positions, velocities = ramp(start, command, stop_duration=stop_duration)
    times = [*(STEP_DURATION * np.arange(1, POINTS + 1) / POINTS), STEP_DURATION + stop_duration]
    targets = JointTargets(("a", "b", "c"), start)
    targets.follow(("a", "b", "c"), list(map(TrajectoryPoint, times, positions, velocities)), now=0.0)
    for now in np.linspace(0.0, times[-1], 100):
        assert (targets.at(now) >= LOWER - 1e-9).all()
        assert (targets.at(now) <= UPPER + 1e-9).all()


@given(start=poses(), command=poses(beyond=0.5))
def test_a_ramp_to_targets_beyond_the_limits_goes_no_further_out_and_slows_down_for_no_way_back(start, command):
    positions, _ = ramp(start, command)
    assert (positions >= np.minimum(LOWER, command) - 1e-9).all()
    assert (positions <= np.maximum(UPPER, command) + 1e-9).all()
    _, velocities = ramp(UPPER + 0.5, UPPER + 0.4)
    np.testing.assert_allclose(velocities[POINTS - 1], np.full(3, -0.1 / STEP_DURATION))


@given(start=poses(), command=poses())
def test_a_ramp_far_from_limits_is_a_straight_line_and_a_stop_from_its_velocity(start, command):
    positions, velocities = ramp(start, command, lower=np.full(3, -1e3), upper=np.full(3, 1e3))
    line = (np.array(command) - start) / STEP_DURATION
    np.testing.assert_array_equal(velocities, [line] * POINTS + [np.zeros(3)])
    np.testing.assert_array_equal(positions[-1], command + 0.5 * STOP_DURATION * line)
