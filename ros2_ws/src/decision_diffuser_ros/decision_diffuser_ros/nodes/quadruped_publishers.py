"""Everything that the simulated quadruped tells: clock, joint states, IMU, odometry, foot contacts."""

from __future__ import annotations

from collections.abc import Sequence

from decision_diffuser_msgs.msg import FootContacts
from nav_msgs.msg import Odometry
from rclpy.node import Node
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Imu, JointState

from decision_diffuser_ros.nodes import qos
from decision_diffuser_ros.nodes.messages import set_quaternion, set_vector, stamp_of
from decision_diffuser_ros.simulation.quadruped_model import JOINT_NAMES, LEG_NAMES
from decision_diffuser_ros.simulation.quadruped_world import QuadrupedWorld

ODOMETRY_FRAME = "odom"
BASE_FRAME = "base_link"
IMU_FRAME = "imu_link"  # same place and axes as the base


class QuadrupedPublishers:
    """Publishes the world's state."""

    def __init__(self, node: Node, joint_names: Sequence[str]) -> None:
        """Advertise the topics; joint states are in the order of `joint_names`."""
        self._joint_names = list(joint_names)
        self._order = [JOINT_NAMES.index(name) for name in joint_names]
        self._clock = node.create_publisher(Clock, "/clock", qos.SENSOR_OUTPUT)
        self._joints = node.create_publisher(JointState, "joint_states", qos.SENSOR_OUTPUT)
        self._imu = node.create_publisher(Imu, "imu", qos.SENSOR_OUTPUT)
        self._odometry = node.create_publisher(Odometry, "odom", qos.SENSOR_OUTPUT)
        self._contacts = node.create_publisher(FootContacts, "foot_contacts", qos.SENSOR_OUTPUT)

    def publish(self, world: QuadrupedWorld, time: float) -> None:
        """Publish everything, stamped with simulated `time` [s]: the clock first, then what a planner waits for."""
        self._clock.publish(Clock(clock=stamp_of(time)))
        self._imu.publish(self._imu_message(world, time))
        self._joints.publish(self._joint_message(world, time))
        self._odometry.publish(self._odometry_message(world, time))
        self._contacts.publish(self._contacts_message(world, time))

    def _joint_message(self, world: QuadrupedWorld, time: float) -> JointState:
        message = JointState(
            name=self._joint_names,
            position=world.joint_position[self._order].tolist(),
            velocity=world.joint_velocity[self._order].tolist(),
            effort=world.joint_effort[self._order].tolist(),
        )
        message.header.stamp = stamp_of(time)
        return message

    def _imu_message(self, world: QuadrupedWorld, time: float) -> Imu:
        message = Imu()
        message.header.stamp, message.header.frame_id = stamp_of(time), IMU_FRAME
        set_quaternion(message.orientation, world.base_orientation)
        set_vector(message.angular_velocity, world.angular_velocity_in_base)
        set_vector(message.linear_acceleration, world.linear_acceleration_in_base)
        return message

    def _odometry_message(self, world: QuadrupedWorld, time: float) -> Odometry:
        message = Odometry(child_frame_id=BASE_FRAME)
        message.header.stamp, message.header.frame_id = stamp_of(time), ODOMETRY_FRAME
        set_vector(message.pose.pose.position, world.base_position_in_world)
        set_quaternion(message.pose.pose.orientation, world.base_orientation)
        set_vector(message.twist.twist.linear, world.linear_velocity_in_base)
        set_vector(message.twist.twist.angular, world.angular_velocity_in_base)
        return message

    def _contacts_message(self, world: QuadrupedWorld, time: float) -> FootContacts:
        message = FootContacts(names=list(LEG_NAMES), contact=[bool(contact) for contact in world.foot_contacts])
        message.header.stamp, message.header.frame_id = stamp_of(time), BASE_FRAME
        return message
