"""No command leaves its limits, whatever is asked."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decision_diffuser_ros.control.limits import CommandLimiter, CommandLimits
from decision_diffuser_ros.errors import ConfigurationError, PlanError

STEP_DURATION = 0.02
LOWER, UPPER = np.array([-0.8, -2.0, -2.7]), np.array([0.8, 4.0, -0.9])
MAX_VELOCITY = np.array([20.0, 25.0, 15.0])
MAX_ACCELERATION = np.array([300.0, 400.0, 500.0])
ANY_COMMAND = st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3)


def limiter_with(*, acceleration=None, pose=(0.0, 0.5, -1.5)):
    limiter = CommandLimiter(
        CommandLimits(lower=LOWER, upper=UPPER, max_velocity=MAX_VELOCITY, max_acceleration=acceleration),
        step_duration=STEP_DURATION,
    )
    limiter.reset(pose)
    return limiter


@given(commands=st.lists(ANY_COMMAND, min_size=1, max_size=40), with_acceleration=st.booleans())
@settings(max_examples=60, deadline=None)
def test_position_velocity_and_acceleration_limits_are_never_exceeded(commands, with_acceleration):
    limiter = limiter_with(acceleration=MAX_ACCELERATION if with_acceleration else None)
    pose = limiter.command
    published = np.stack([pose, pose] + [limiter.limit(command) for command in commands])
    velocity = np.diff(published, axis=0) / STEP_DURATION
    assert (published >= LOWER).all()
    assert (published <= UPPER).all()
    assert (np.abs(velocity) <= MAX_VELOCITY + 1e-6).all()
    if with_acceleration:
        acceleration = np.diff(velocity, axis=0) / STEP_DURATION
        assert (np.abs(acceleration) <= MAX_ACCELERATION + 1e-4).all()


@given(pose=ANY_COMMAND, commands=st.lists(ANY_COMMAND, min_size=1, max_size=10), with_acceleration=st.booleans())
@settings(max_examples=60, deadline=None)
def test_from_a_pose_outside_its_limits_no_command_jumps_or_goes_further_out(pose, commands, with_acceleration):
    limiter = limiter_with(pose=pose, acceleration=MAX_ACCELERATION if with_acceleration else None)
    last = limiter.command
    for command in commands:
        new = limiter.limit(command)
        tolerance = 1e-9 + 1e-12 * np.abs(last)
        assert (np.abs(new - last) <= MAX_VELOCITY * STEP_DURATION + tolerance).all()
        assert (new >= np.minimum(LOWER, last)).all()
        assert (new <= np.maximum(UPPER, last)).all()
        last = new


def test_a_command_within_the_limits_passes_unchanged():
    limiter = limiter_with()
    np.testing.assert_allclose(limiter.limit([0.1, 0.6, -1.4]), [0.1, 0.6, -1.4], rtol=1e-14)
    assert limiter.counts.total == 0


MAX_EFFORT = np.array([20.0, 30.0, 30.0])
GAINS = {"max_effort": MAX_EFFORT, "position_gain": np.full(3, 80.0), "velocity_gain": np.full(3, 1.5)}
REACHABLE = st.lists(st.floats(-0.3, 0.3), min_size=3, max_size=3).map(np.array)


def torque(command, position, velocity):
    return 80.0 * (command - position) - 1.5 * velocity


@given(offset=ANY_COMMAND, velocity=REACHABLE)
@settings(max_examples=60, deadline=None)
def test_no_command_asks_a_joint_for_more_effort_than_it_may(offset, velocity):
    limits = CommandLimits(lower=LOWER, upper=UPPER, max_velocity=MAX_VELOCITY, **GAINS)
    limiter = CommandLimiter(limits, step_duration=STEP_DURATION)
    pose = np.array([0.0, 0.5, -1.5])
    limiter.reset(pose)
    for _ in range(20):
        command = limiter.limit(pose + offset, position=pose, velocity=velocity)
        assert (np.abs(torque(command, pose, velocity)) <= MAX_EFFORT + 1e-9).all()
    if np.abs(offset).max() > 1.0:
        assert limiter.counts.effort == 20


def test_a_joint_that_is_pushed_away_is_followed_without_a_jump():
    limits = CommandLimits(lower=LOWER, upper=UPPER, max_velocity=MAX_VELOCITY / 10, **GAINS)
    limiter = CommandLimiter(limits, step_duration=STEP_DURATION)
    pose = np.array([0.0, 0.5, -1.5])
    limiter.reset(pose)
    pushed = pose + np.array([0.0, 1.5, 0.0])
    commands = [limiter.limit(pose, position=pushed, velocity=np.zeros(3)) for _ in range(60)]
    assert np.abs(np.diff(commands, axis=0)).max() <= 2.5 * STEP_DURATION + 1e-9
    assert torque(commands[-1], pushed, np.zeros(3))[1] == pytest.approx(-30.0)


def test_without_measurements_effort_is_not_limited():
    limits = CommandLimits(lower=LOWER, upper=UPPER, max_velocity=MAX_VELOCITY, **GAINS)
    limiter = CommandLimiter(limits, step_duration=STEP_DURATION)
    limiter.reset([0.0, 0.5, -1.5])
    np.testing.assert_allclose(limiter.limit([0.0, 0.99, -1.5]), [0.0, 0.99, -1.5])


def test_an_effort_limit_needs_the_gains_of_the_joints_controllers():
    with pytest.raises(ConfigurationError, match="`max_effort` needs `position_gain` and `velocity_gain`"):
        CommandLimits(lower=LOWER, upper=UPPER, max_velocity=MAX_VELOCITY, max_effort=np.ones(3))


def test_interventions_are_counted_by_kind():
    limiter = limiter_with(acceleration=MAX_ACCELERATION)
    limiter.limit([0.3, 0.5, -1.5])
    assert (limiter.counts.position, limiter.counts.velocity) == (0, 0)
    assert limiter.counts.acceleration == 1
    limiter.limit([0.0, 9.0, -1.5])
    assert (limiter.counts.position, limiter.counts.velocity) == (1, 1)
    assert limiter.counts.changed_commands == 2


def test_a_far_target_is_reached_and_held_under_all_three_limits():
    limiter = limiter_with(acceleration=MAX_ACCELERATION)
    published = np.stack([limiter.command] * 2 + [limiter.limit(UPPER + 1.0) for _ in range(200)])
    acceleration = np.diff(published, n=2, axis=0) / STEP_DURATION**2
    np.testing.assert_allclose(published[-1], UPPER, atol=1e-3)
    assert (published <= UPPER).all()
    assert (np.abs(acceleration) <= MAX_ACCELERATION + 1e-6).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_command_that_is_not_finite_is_refused_and_counted(value):
    limiter = limiter_with()
    with pytest.raises(PlanError, match="finite. Got .* at index 1"):
        limiter.limit([0.0, value, -1.5])
    assert limiter.counts.refused == 1
    np.testing.assert_array_equal(limiter.command, [0.0, 0.5, -1.5])


def test_a_command_of_another_size_is_refused():
    with pytest.raises(PlanError, match=r"shape \(3,\). Got \(2,\)"):
        limiter_with().limit([0.0, 0.0])


def test_limiting_before_the_pose_is_known_is_an_error():
    limiter = CommandLimiter(
        CommandLimits(lower=LOWER, upper=UPPER, max_velocity=MAX_VELOCITY), step_duration=STEP_DURATION
    )
    with pytest.raises(PlanError, match=r"call reset\(\) first"):
        limiter.limit([0.0, 0.5, -1.5])


def test_a_margin_moves_both_position_limits_inside():
    limits = limiter_with().limits.with_margin(0.1)
    np.testing.assert_allclose([limits.lower[0], limits.upper[0]], [-0.7, 0.7])


@pytest.mark.parametrize(
    "change, message",
    [
        ({"upper": LOWER}, "`lower` must be below `upper`"),
        ({"max_velocity": np.zeros(3)}, "`max_velocity` must be above 0. Got 0"),
        ({"max_velocity": np.ones(2)}, "`max_velocity` must be 3 finite numbers"),
        ({"upper": np.array([1.0, np.nan, 1.0])}, "`upper` must be 3 finite numbers"),
    ],
)
def test_limits_that_make_no_sense_are_refused(change, message):
    values = {"lower": LOWER, "upper": UPPER, "max_velocity": MAX_VELOCITY, **change}
    with pytest.raises(ConfigurationError, match=message):
        CommandLimits(**values)
