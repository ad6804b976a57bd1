"""Limits of the commands, from the robot description and the parameters. No ROS here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from decision_diffuser_ros.control.joint_limits import JointLimits
from decision_diffuser_ros.control.limits import CommandLimits
from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.nodes.command_joints import CommandJoints

if TYPE_CHECKING:
    from decision_diffuser_ros.nodes.planner_parameters import PlannerParameters

UNLIMITED = 1e9
"""For a gripper, which has no such limit here, and for joints whose effort nothing limits."""


def command_limits(
    parameters: PlannerParameters, joints: CommandJoints, *, description: str, warn: Callable[[str], object]
) -> CommandLimits:
    """Return the narrower of what description and parameters say.

    Args:
        parameters: of the node.
        joints: of the model; their names are in the order of the parameters.
        description: of the robot (URDF); empty for none.
        warn: told of limits of the description that are not applied.

    Raises:
        ConfigurationError: a limit is missing, or a parameter is wider than the description.
    """

    def given(name: str) -> NDArray[np.float64] | None:
        return None if getattr(parameters, name) is None else _for_each_joint(parameters, name, joints)

    names, order = joints.names, joints.joint_of_action
    described = JointLimits.from_urdf(description, names) if description else JointLimits.unlimited(names)
    limits = described.tightened(
        lower=given("limits_position_lower"),
        upper=given("limits_position_upper"),
        velocity=given("limits_velocity"),
        effort=given("limits_effort"),
    )
    for name, parameter in (("lower", "position_lower"), ("upper", "position_upper"), ("velocity", "velocity")):
        _require_finite(getattr(limits, name), f"limits.{parameter}", names)
    position_gain, velocity_gain, acceleration = (
        None if values is None else np.append(values, gripper)[order]
        for values, gripper in (
            (given("joint_controller_position_gain"), 1.0),
            (given("joint_controller_velocity_gain"), 0.0),
            (given("limits_acceleration"), UNLIMITED),
        )
    )
    if parameters.limits_effort is not None and (position_gain is None or velocity_gain is None):
        raise ConfigurationError(
            "`limits.effort` needs `joint_controller.position_gain` and `joint_controller.velocity_gain`: without them "
            "it is not known what torque a commanded position leads to"
        )
    effort = _effort(limits, knows_gains=position_gain is not None and velocity_gain is not None, warn=warn)
    margin = parameters.limits_position_margin
    return CommandLimits(
        lower=np.append(limits.lower + margin, parameters.gripper_opening_lower)[order],
        upper=np.append(limits.upper - margin, parameters.gripper_opening_upper)[order],
        max_velocity=np.append(limits.velocity, parameters.gripper_velocity)[order],
        max_acceleration=acceleration,
        max_effort=None if effort is None else np.append(effort, UNLIMITED)[order],
        position_gain=position_gain,
        velocity_gain=velocity_gain,
    )


def require_rest_pose_within(limits: CommandLimits, parameters: PlannerParameters, joints: CommandJoints) -> None:
    """Refuse a rest pose that no command may lead to; that there is none is fine.

    Args:
        limits: of the commands, in an action's order.
        parameters: of the node.
        joints: of the model.

    Raises:
        ConfigurationError: a joint's value is not a number or beyond its position limits.
    """
    if parameters.damping_rest_pose is None:
        return
    pose = _for_each_joint(parameters, "damping_rest_pose", joints)
    lower, upper = (side[joints.action_of_joint] for side in (limits.lower, limits.upper))
    beyond = np.flatnonzero(~((lower <= pose) & (pose <= upper)))
    if beyond.size:
        joint = int(beyond[0])
        raise ConfigurationError(
            f"`damping.rest_pose` of joint '{joints.names[joint]}' must be within its position limits. "
            f"Got {pose[joint]:g} rad, accepted: {lower[joint]:g} to {upper[joint]:g} rad"
        )


def in_action_order(parameters: PlannerParameters, name: str, joints: CommandJoints) -> NDArray[np.float64]:
    """Return the values of a parameter that has one for each joint, in an action's order; 0 for a gripper.

    Args:
        parameters: of the node.
        name: of the parameter.
        joints: of the model.
    """
    return np.append(_for_each_joint(parameters, name, joints), 0.0)[joints.joint_of_action]


def _effort(limits: JointLimits, *, knows_gains: bool, warn: Callable[[str], object]) -> NDArray[np.float64] | None:
    """The largest torque of each joint [N m]; None where no joint has a limit, or none that can be applied."""
    is_limited = np.isfinite(limits.effort)
    if not is_limited.any():
        return None
    if not knows_gains:
        joint = int(np.flatnonzero(is_limited)[0])
        warn(
            f"the effort limits of the robot description, e.g. {limits.effort[joint]:g} N m of joint "
            f"'{limits.joint_names[joint]}', are not applied: that takes the gains of the joints' controllers; set "
            "`joint_controller.position_gain` and `joint_controller.velocity_gain`"
        )
        return None
    return np.where(is_limited, limits.effort, UNLIMITED)


def _for_each_joint(parameters: PlannerParameters, name: str, joints: CommandJoints) -> NDArray[np.float64]:
    values, count = getattr(parameters, name), len(joints.names)
    if len(values) != count:
        raise ConfigurationError(
            f"`{_dotted(name)}` must have one value for each of the {count} joints. Got {len(values)}"
        )
    return np.array(values, dtype=np.float64)


def _dotted(name: str) -> str:
    """The parameter of a field, e.g. `limits.position_lower` of `limits_position_lower`."""
    prefix = "joint_controller" if name.startswith("joint_controller") else name.partition("_")[0]
    return f"{prefix}.{name.removeprefix(prefix + '_')}"


def _require_finite(values: NDArray[np.float64], parameter: str, joint_names: Sequence[str]) -> None:
    if not np.isfinite(values).all():
        joint = joint_names[int(np.flatnonzero(~np.isfinite(values))[0])]
        raise ConfigurationError(
            f"joint '{joint}' has no limit: neither a robot description nor `{parameter}` gives one; set it"
        )
