"""Messages of rosbag2 recordings (SQLite or MCAP), read without ROS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rosbags.highlevel import AnyReader, AnyReaderError
from rosbags.typesys import Stores, get_typestore

from decision_diffuser_ros.data.recording import RecordedMessage
from decision_diffuser_ros.data.recording_description import RecordedTopics
from decision_diffuser_ros.errors import DataError

ACCEPTED_TYPES = {
    "joint_states": ("sensor_msgs/msg/JointState",),
    "commands": ("std_msgs/msg/Float64MultiArray", "sensor_msgs/msg/JointState"),
    "imu": ("sensor_msgs/msg/Imu",),
    "skill": ("std_msgs/msg/String",),
    "velocity": ("geometry_msgs/msg/Twist", "geometry_msgs/msg/TwistStamped"),
    "odometry": ("nav_msgs/msg/Odometry",),
}
"""By what a topic is for, see `RecordedTopics`."""


def recorded_messages(bag: Path, topics: RecordedTopics) -> Iterator[RecordedMessage]:
    """The messages of the named topics, in the order in which they were received.

    Args:
        bag: directory of a recording made by `ros2 bag record`.
        topics: their names; a relative one is taken from the root.

    Raises:
        DataError: it is no recording, or has no such topic, or the topic has another type.
    """
    try:
        with AnyReader([bag], default_typestore=get_typestore(Stores.LATEST)) as reader:
            types = {connection.topic: connection.msgtype for connection in reader.connections}
            for purpose, name in topics.names.items():
                _require_topic(bag, purpose, _absolute(name), types)
            given = {_absolute(name): name for name in topics.names.values()}
            wanted = [connection for connection in reader.connections if connection.topic in given]
            for connection, nanoseconds, raw in reader.messages(connections=wanted):
                message = reader.deserialize(raw, connection.msgtype)
                yield RecordedMessage(given[connection.topic], 1e-9 * nanoseconds, message)
    except (AnyReaderError, FileNotFoundError) as error:
        raise DataError(f"'{bag}' cannot be read as a ROS 2 recording: {error}") from error


def _absolute(topic: str) -> str:
    return topic if topic.startswith("/") else f"/{topic}"


def _require_topic(bag: Path, purpose: str, topic: str, types: dict[str, str]) -> None:
    if topic not in types:
        raise DataError(
            f"'{bag}' has no topic '{topic}' (`topics: {purpose}`); recorded: {', '.join(sorted(types)) or 'nothing'}"
        )
    if types[topic] not in ACCEPTED_TYPES[purpose]:
        raise DataError(
            f"'{topic}' (`topics: {purpose}`) must be {' or '.join(ACCEPTED_TYPES[purpose])}. "
            f"Got {types[topic]} in '{bag}'"
        )
