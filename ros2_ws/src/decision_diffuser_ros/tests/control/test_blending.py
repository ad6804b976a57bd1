"""The first command is the current pose."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from decision_diffuser_ros.control.blending import BlendIn, smooth_step
from decision_diffuser_ros.errors import ConfigurationError

FINITE = st.floats(-10, 10)


@given(pose=FINITE, commands=st.lists(FINITE, min_size=1, max_size=40), duration=st.floats(0, 0.6))
def test_every_command_lies_between_the_pose_and_what_is_asked(pose, commands, duration):
    blend_in = BlendIn([pose], duration=duration, step_duration=0.02)
    for command in commands:
        blended = blend_in.blend([command])[0]
        assert min(pose, command) - 1e-12 <= blended <= max(pose, command) + 1e-12


@pytest.mark.parametrize("duration", [0.0, 0.3])
def test_the_first_command_is_exactly_the_pose(duration):
    blend_in = BlendIn([0.1, 0.2], duration=duration, step_duration=0.02)
    np.testing.assert_array_equal(blend_in.blend([5.0, -5.0]), [0.1, 0.2])


def test_after_the_duration_commands_pass_unchanged():
    blend_in = BlendIn([0.0], duration=0.3, step_duration=0.02)
    blended = [blend_in.blend([1.0])[0] for _ in range(17)]
    assert blended[14] < 1.0
    assert blended[15:] == [1.0, 1.0]
    assert blend_in.finished


def test_the_profile_starts_and_ends_with_zero_velocity_and_acceleration():
    x = np.linspace(0.0, 1.0, 100001)
    weight = np.array([smooth_step(value) for value in x])
    velocity = np.gradient(weight, x)
    acceleration = np.gradient(velocity, x)
    for derivative in (velocity, acceleration):
        np.testing.assert_allclose(derivative[[0, -1]], 0.0, atol=2e-3)
    assert (np.diff(weight) >= 0).all()
    assert (smooth_step(-1.0), smooth_step(0.5), smooth_step(2.0)) == (0.0, 0.5, 1.0)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"duration": -0.1}, "`duration` must not be negative. Got -0.1 s"),
        ({"duration": np.nan}, "`duration` must not be negative. Got nan s"),
        ({"step_duration": 0.0}, "`step_duration` must be above 0. Got 0.0 s"),
    ],
)
def test_durations_out_of_range_are_refused(change, message):
    with pytest.raises(ConfigurationError, match=message):
        BlendIn([0.0], **{"duration": 0.3, "step_duration": 0.02, **change})
