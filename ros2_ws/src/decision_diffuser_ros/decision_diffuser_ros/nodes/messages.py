"""Between messages and arrays. No decisions here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from builtin_interfaces.msg import Duration
from builtin_interfaces.msg import Time as TimeMessage
from numpy.typing import NDArray
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from decision_diffuser_ros.nodes.joint_targets import TrajectoryPoint


def stamp_of(seconds: float) -> TimeMessage:
    """Return seconds as a stamp, to the nanosecond."""
    nanoseconds = round(seconds * 1e9)
    return TimeMessage(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)


def duration_of(seconds: float) -> Duration:
    """Return a positive duration as a message, to the nanosecond."""
    nanoseconds = round(seconds * 1e9)
    return Duration(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)


def forward_command(command: NDArray[np.float64]) -> Float64MultiArray:
    """Return joint targets [rad] for a forward_command_controller."""
    return Float64MultiArray(data=command.tolist())


def hold_trajectory(
    joint_names: Sequence[str], command: NDArray[np.float64], *, stamp: TimeMessage, lead: float, step_duration: float
) -> JointTrajectory:
    """Return joint targets [rad] for a joint_trajectory_controller.

    It reaches them after `lead` [s] and then keeps them, as a forward command does and as the
    model was trained; the velocities are those of that motion's points: zero.
    """
    message = JointTrajectory(joint_names=list(joint_names))
    message.header.stamp = stamp
    for time_from_start in (lead, lead + step_duration):
        message.points.append(
            JointTrajectoryPoint(
                positions=command.tolist(),
                velocities=[0.0] * len(command),
                time_from_start=duration_of(time_from_start),
            )
        )
    return message


def ramp_trajectory(
    joint_names: Sequence[str],
    start: NDArray[np.float64],
    command: NDArray[np.float64],
    *,
    lower: NDArray[np.float64],
    upper: NDArray[np.float64],
    stamp: TimeMessage,
    points: int,
    stop_duration: float,
    step_duration: float,
) -> JointTrajectory:
    """Return a straight motion to joint targets [rad] that takes the whole control step, as the model was trained.

    Controllers that join points with velocities by cubics keep to the straight line. The next command replaces the
    last point, at which the motion has come to rest; it is there for a command that is late. Where that point would lie
    beyond a limit, the motion slows down before the targets, as far as it takes to come to rest at the limit.

    Args:
        joint_names: in the order of the commands.
        start: the last command ``(joints,)`` [rad].
        command: the targets ``(joints,)`` [rad].
        lower: position limits ``(joints,)`` [rad], which the stop keeps wherever the targets do.
        upper: the same, on the other side.
        stamp: when the motion begins.
        points: on the way, the last of them at the targets.
        stop_duration: from the targets to standing still [s].
        step_duration: of a control step [s].
    """
    message = JointTrajectory(joint_names=list(joint_names))
    message.header.stamp = stamp
    velocity = (command - start) / step_duration
    room = np.maximum(np.where(velocity > 0.0, upper - command, command - lower), 0.0)
    last_velocity = np.sign(velocity) * np.minimum(np.abs(velocity), 2.0 * room / stop_duration)
    for point in range(1, points + 1):
        share = point / points
        message.points.append(
            JointTrajectoryPoint(
                positions=(start + share * (command - start)).tolist(),
                velocities=(velocity if point < points else last_velocity).tolist(),
                time_from_start=duration_of(share * step_duration),
            )
        )
    message.points.append(
        JointTrajectoryPoint(
            positions=(command + 0.5 * stop_duration * last_velocity).tolist(),
            velocities=[0.0] * len(command),
            time_from_start=duration_of(step_duration + stop_duration),
        )
    )
    return message


def trajectory_points(message: JointTrajectory, begin: float) -> list[TrajectoryPoint]:
    """Return the points of a trajectory that begins at `begin` [s]."""
    return [
        TrajectoryPoint(
            begin + point.time_from_start.sec + 1e-9 * point.time_from_start.nanosec,
            np.array(point.positions),
            np.array(point.velocities) if len(point.velocities) else None,
        )
        for point in message.points
    ]


def plan_preview(
    joint_names: Sequence[str],
    position: NDArray[np.floating],
    velocity: NDArray[np.floating] | None,
    *,
    stamp: TimeMessage,
    step_duration: float,
) -> JointTrajectory:
    """Return the planned joint motion, ``(plan_steps, joints)`` [rad] and [rad/s], stamped at its origin."""
    message = JointTrajectory(joint_names=list(joint_names))
    message.header.stamp = stamp
    for plan_step, row in enumerate(position):
        point = JointTrajectoryPoint(
            positions=row.astype(float).tolist(), time_from_start=duration_of((plan_step + 1) * step_duration)
        )
        if velocity is not None:
            point.velocities = velocity[plan_step].astype(float).tolist()
        message.points.append(point)
    return message


def set_vector(message: Any, values: Iterable[float]) -> None:
    """Write three numbers into the x, y, z of a message."""
    message.x, message.y, message.z = (float(value) for value in values)


def set_quaternion(message: Any, orientation: Iterable[float]) -> None:
    """Write (x, y, z, w) into a message."""
    message.x, message.y, message.z, message.w = (float(value) for value in orientation)
