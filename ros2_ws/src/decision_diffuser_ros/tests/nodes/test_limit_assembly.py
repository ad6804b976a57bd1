"""What limits commands come to from the robot description and the parameters."""

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from decision_diffuser_ros.control.limits import CommandLimits
from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.nodes.command_joints import CommandJoints
from decision_diffuser_ros.nodes.control_assembly import assemble_control
from decision_diffuser_ros.nodes.limit_assembly import UNLIMITED, command_limits
from tests.bundles import QUADRUPED_JOINTS
from tests.nodes.test_planning_parameters import parameters

GAINS = {"joint_controller_position_gain": (80.0,) * 12, "joint_controller_velocity_gain": (1.5,) * 12}
JOINTS = CommandJoints(QUADRUPED_JOINTS, QUADRUPED_JOINTS[::-1], QUADRUPED_JOINTS)


def description(efforts: dict[str, float]) -> str:
    """A URDF in which the joints have these efforts [N m] and the others none."""
    joints = "".join(
        f'<joint name="{name}" type="revolute"><limit lower="-3" upper="3" velocity="20"'
        + (f' effort="{efforts[name]}"' if name in efforts else "")
        + "/></joint>"
        for name in QUADRUPED_JOINTS
    )
    return f'<robot name="a1">{joints}</robot>'


def limits_of(efforts, **changes) -> tuple[CommandLimits, list[str]]:
    """The limits, and what was warned of."""
    warnings: list[str] = []
    given = parameters("any", **changes)
    return command_limits(given, JOINTS, description=description(efforts), warn=warnings.append), warnings


def test_effort_is_limited_where_the_description_limits_it_though_one_joint_has_no_limit():
    hip, knee = QUADRUPED_JOINTS[0], QUADRUPED_JOINTS[2]
    limits, warnings = limits_of({hip: 20.0, knee: 33.5}, **GAINS)
    expected = [{hip: 20.0, knee: 33.5}.get(name, UNLIMITED) for name in JOINTS.of_action]
    np.testing.assert_array_equal(limits.max_effort, expected)
    assert warnings == []


@pytest.mark.parametrize("gains", [{}, {"joint_controller_position_gain": (80.0,) * 12}])
def test_effort_limits_of_the_description_that_cannot_be_applied_are_warned_of_once(gains):
    knee = QUADRUPED_JOINTS[2]
    limits, (warning,) = limits_of({knee: 33.5}, **gains)
    assert limits.max_effort is None
    assert f"33.5 N m of joint '{knee}', are not applied" in warning
    assert "set `joint_controller.position_gain` and `joint_controller.velocity_gain`" in warning


@pytest.mark.parametrize("gains", [{}, GAINS])
def test_a_description_without_effort_limits_is_nothing_to_warn_of(gains):
    limits, warnings = limits_of({}, **gains)
    assert limits.max_effort is None
    assert warnings == []


def test_the_parameter_narrows_the_effort_of_the_joints_that_the_description_limits():
    knee = QUADRUPED_JOINTS[2]
    limits, _ = limits_of({knee: 33.5}, limits_effort=(40.0,) * 2 + (30.0,) + (40.0,) * 9, **GAINS)
    expected = [30.0 if name == knee else 40.0 for name in JOINTS.of_action]
    np.testing.assert_array_equal(limits.max_effort, expected)


def test_who_configures_the_node_is_told(quadruped_bundle):
    warnings: list[str] = []
    urdf = description(dict.fromkeys(QUADRUPED_JOINTS, 33.5))
    given = parameters(quadruped_bundle)
    assemble_control(given, simulated_time=False, robot_description=urdf, warn=warnings.append)
    assert len(warnings) == 1
    assert "are not applied" in warnings[0]


def test_a_rest_pose_that_is_not_finite_is_refused(quadruped_bundle):
    with pytest.raises(ConfigurationError, match="each value of `damping.rest_pose` must be from .* Got nan"):
        parameters(quadruped_bundle, damping_rest_pose=(np.nan, *[0.5] * 11))


@pytest.mark.parametrize("value, shown", [(-3.1, "-3.1"), (2.96, "2.96")])
def test_a_rest_pose_beyond_the_limits_of_a_joint_is_refused(quadruped_bundle, value, shown):
    names = QUADRUPED_JOINTS[::-1]
    pose = tuple(value if name == QUADRUPED_JOINTS[1] else 0.5 for name in names)
    given = parameters(quadruped_bundle, joints=names, damping_rest_pose=pose, limits_position_margin=0.05)
    message = rf"`damping.rest_pose` of joint '{QUADRUPED_JOINTS[1]}' .* Got {shown} rad, accepted: -2.95 to 2.95 rad"
    with pytest.raises(ConfigurationError, match=message):
        assemble_control(given, simulated_time=False)


def test_a_rest_pose_at_a_limit_is_accepted_and_goes_by_joint(quadruped_bundle):
    pose = (-3.0, *[0.1] * 10, 3.0)
    given = parameters(quadruped_bundle, joints=QUADRUPED_JOINTS[::-1], damping_rest_pose=pose)
    assembled = assemble_control(given, simulated_time=False)
    assert assembled.safe._settings.rest_pose == pose[::-1]
