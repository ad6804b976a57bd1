"""Recordings made up for the tests: messages with the fields of their ROS types, and real rosbag2 directories."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from decision_diffuser_ros.data.recording import RecordedMessage
from decision_diffuser_ros.data.recording_description import RecordedTopics, RecordingDescription

TYPES = get_typestore(Stores.LATEST)
STEP_DURATION = 0.02  # [s]


def description(**changes: Any) -> RecordingDescription:
    """A robot of two joints with an IMU that shows two skills."""
    topics = {"joint_states": "/joint_states", "commands": "/commands", "imu": "/imu", "skill": "/skill"}
    known: dict[str, Any] = {
        "name": "two_joints", "robot": "toy", "joints": ("hip", "knee"), "step_duration": STEP_DURATION,
        "skills": ("walk", "trot"), "shortest_episode": 0.1,
    }  # fmt: skip
    topics |= changes.pop("topics", {})
    return RecordingDescription(**known | changes, topics=RecordedTopics(**topics))


def stamped(time: float) -> SimpleNamespace:
    nanoseconds = round(time * 1e9)
    return SimpleNamespace(stamp=SimpleNamespace(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9))


def joints(time: float, position: tuple[float, ...], *, names: tuple[str, ...] = ("knee", "hip")) -> RecordedMessage:
    """Joint states in another order than the description's, velocities a hundred times the positions."""
    velocity = [100.0 * value for value in position]
    message = SimpleNamespace(header=stamped(time), name=list(names), position=list(position), velocity=velocity)
    return RecordedMessage("/joint_states", time, message)


def imu(time: float, *, turning: float = 0.5, is_measured: bool = True) -> RecordedMessage:
    orientation, turn = SimpleNamespace(x=0.0, y=0.0, z=0.0, w=1.0), SimpleNamespace(x=0.0, y=0.0, z=turning)
    covariance = [0.0 if is_measured else -1.0]
    message = SimpleNamespace(
        header=stamped(time), orientation=orientation, orientation_covariance=covariance, angular_velocity=turn,
        angular_velocity_covariance=covariance,
    )  # fmt: skip
    return RecordedMessage("/imu", time, message)


def command(time: float, *values: float) -> RecordedMessage:
    return RecordedMessage("/commands", time, SimpleNamespace(data=np.array(values)))


def skill(time: float, name: str) -> RecordedMessage:
    return RecordedMessage("/skill", time, SimpleNamespace(data=name))


def velocity(time: float, forwards: float, *, is_stamped: bool = False) -> RecordedMessage:
    twist = SimpleNamespace(linear=SimpleNamespace(x=forwards, y=0.0, z=0.0))
    message = SimpleNamespace(header=stamped(time), twist=twist) if is_stamped else twist
    return RecordedMessage("/cmd_vel", time, message)


def odometry(time: float, x: float, heading: float) -> RecordedMessage:
    orientation = SimpleNamespace(x=0.0, y=0.0, z=np.sin(heading / 2), w=np.cos(heading / 2))
    pose = SimpleNamespace(position=SimpleNamespace(x=x, y=0.0, z=0.3), orientation=orientation)
    return RecordedMessage("/odom", time, SimpleNamespace(header=stamped(time), pose=SimpleNamespace(pose=pose)))


def ros_header(time: float) -> Any:
    nanoseconds = round(time * 1e9)
    stamp = TYPES.types["builtin_interfaces/msg/Time"](sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)
    return TYPES.types["std_msgs/msg/Header"](stamp=stamp, frame_id="")


def ros_joints(time: float, names: tuple[str, ...], position: np.ndarray, joint_velocity: np.ndarray) -> Any:
    return TYPES.types["sensor_msgs/msg/JointState"](
        header=ros_header(time), name=list(names), position=position, velocity=joint_velocity, effort=np.zeros(0)
    )


def ros_imu(time: float, orientation: np.ndarray, angular_velocity: np.ndarray) -> Any:
    vector = TYPES.types["geometry_msgs/msg/Vector3"]
    unknown = np.zeros(9)
    return TYPES.types["sensor_msgs/msg/Imu"](
        header=ros_header(time),
        orientation=TYPES.types["geometry_msgs/msg/Quaternion"](*map(float, orientation)),
        orientation_covariance=unknown,
        angular_velocity=vector(*map(float, angular_velocity)),
        angular_velocity_covariance=unknown,
        linear_acceleration=vector(0.0, 0.0, 9.81),
        linear_acceleration_covariance=unknown,
    )


def ros_command(values: np.ndarray) -> Any:
    layout = TYPES.types["std_msgs/msg/MultiArrayLayout"](dim=[], data_offset=0)
    return TYPES.types["std_msgs/msg/Float64MultiArray"](layout=layout, data=np.asarray(values, dtype=np.float64))


def ros_text(text: str) -> Any:
    return TYPES.types["std_msgs/msg/String"](data=text)


def write_bag(
    bag: Path, messages: list[tuple[str, float, Any]], *, storage: StoragePlugin = StoragePlugin.MCAP
) -> Path:
    """A recording of (topic, time received [s], message)."""
    with Writer(bag, version=Writer.VERSION_LATEST, storage_plugin=storage) as writer:
        connections = {}
        for topic, time, message in messages:
            if topic not in connections:
                connections[topic] = writer.add_connection(topic, message.__msgtype__, typestore=TYPES)
            writer.write(
                connections[topic], round(time * 1e9), TYPES.serialize_cdr(message, message.__msgtype__)
            )
    return bag
