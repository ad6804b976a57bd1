"""Readings from messages. All that counts is that these have the fields of their ROS types: no ROS here."""

from __future__ import annotations

from typing import Any

from decision_diffuser_ros.control.object_readings import ObjectReading
from decision_diffuser_ros.control.state_assembly import ImuReading, JointReading, StateAssembler
from decision_diffuser_ros.errors import StateError


def seconds_of(stamp: Any) -> float:
    """Return a `builtin_interfaces/Time` in seconds."""
    return float(stamp.sec + 1e-9 * stamp.nanosec)


def measured_at(message: Any, *, received: float) -> float:
    """Return the stamp of a message [s], or when it was received where it has none (0)."""
    return seconds_of(message.header.stamp) or received


def joint_reading(message: Any, assembler: StateAssembler, *, received: float = 0.0) -> JointReading:
    """Return the joints' values of a `sensor_msgs/JointState` by name. Raises StateError if they are not good.

    `received` [s] is the time of a message that is not stamped (0).
    """
    return assembler.joint_reading(
        stamp=measured_at(message, received=received),
        names=message.name,
        position=message.position,
        velocity=message.velocity,
    )


def imu_reading(message: Any, assembler: StateAssembler, *, received: float = 0.0) -> ImuReading:
    """Return orientation and angular velocity of a `sensor_msgs/Imu`. Raises StateError if they are not good.

    `received` [s] is the time of a message that is not stamped (0).
    """
    for quantity in ("orientation", "angular_velocity"):
        if getattr(message, f"{quantity}_covariance")[0] == -1.0:  # so sensor_msgs/Imu says 'not measured'
            raise StateError(f"the IMU does not measure {quantity} (the first element of its covariance is -1)")
    q, w = message.orientation, message.angular_velocity
    return assembler.imu_reading(
        stamp=measured_at(message, received=received),
        orientation=(q.x, q.y, q.z, q.w),
        angular_velocity=(w.x, w.y, w.z),
    )


def object_reading(message: Any, assembler: StateAssembler) -> ObjectReading:
    """Return the poses in a `NamedPoses` of the model's objects. Raises StateError if they are not good."""
    positions = [pose.position for pose in message.poses]
    orientations = [pose.orientation for pose in message.poses]
    return assembler.objects.reading(
        stamp=seconds_of(message.header.stamp),
        names=message.names,
        position=[(p.x, p.y, p.z) for p in positions],
        orientation=[(q.x, q.y, q.z, q.w) for q in orientations],
    )
