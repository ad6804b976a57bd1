"""Between messages and arrays. No decisions here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from builtin_interfaces.msg import Duration
from builtin_interfaces.msg import Time as TimeMessage
from decision_diffuser_msgs.msg import NamedPoses
from numpy.typing import NDArray
from sensor_msgs.msg import Imu, JointState
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from decision_diffuser_ros.control.object_readings import ObjectReading
from decision_diffuser_ros.control.state_assembly import ImuReading, JointReading, StateAssembler
from decision_diffuser_ros.errors import StateError
from decision_diffuser_ros.nodes.joint_targets import TrajectoryPoint


def seconds_of(stamp: TimeMessage) -> float:
    """Return a stamp in seconds."""
    return stamp.sec + 1e-9 * stamp.nanosec


def stamp_of(seconds: float) -> TimeMessage:
    """Return seconds as a stamp, to the nanosecond."""
    nanoseconds = round(seconds * 1e9)
    return TimeMessage(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)


def duration_of(seconds: float) -> Duration:
    """Return a positive duration as a message, to the nanosecond."""
    nanoseconds = round(seconds * 1e9)
    return Duration(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)


def joint_reading(message: JointState, assembler: StateAssembler) -> JointReading:
    """Return the joints' values by name. Raises StateError if they are not good."""
    return assembler.joint_reading(
        stamp=seconds_of(message.header.stamp),
        names=message.name,
        position=message.position,
        velocity=message.velocity,
    )


def imu_reading(message: Imu, assembler: StateAssembler) -> ImuReading:
    """Return orientation and angular velocity. Raises StateError if they are not good."""
    for quantity in ("orientation", "angular_velocity"):
        if getattr(message, f"{quantity}_covariance")[0] == -1.0:  # so sensor_msgs/Imu says 'not measured'
            raise StateError(f"the IMU does not measure {quantity} (the first element of its covariance is -1)")
    q, w = message.orientation, message.angular_velocity
    return assembler.imu_reading(
        stamp=seconds_of(message.header.stamp),
        orientation=(q.x, q.y, q.z, q.w),
        angular_velocity=(w.x, w.y, w.z),
    )


def object_reading(message: NamedPoses, assembler: StateAssembler) -> ObjectReading:
    """Return the poses of the model's objects. Raises StateError if they are not good."""
    positions = [pose.position for pose in message.poses]
    orientations = [pose.orientation for pose in message.poses]
    return assembler.objects.reading(
        stamp=seconds_of(message.header.stamp),
        names=message.names,
        position=[(p.x, p.y, p.z) for p in positions],
        orientation=[(q.x, q.y, q.z, q.w) for q in orientations],
    )


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
