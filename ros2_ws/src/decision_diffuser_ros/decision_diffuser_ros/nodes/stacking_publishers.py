"""Everything that the simulated arm and its table tell: clock, joint states, object poses, pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence

from decision_diffuser_msgs.msg import NamedPoses
from geometry_msgs.msg import Pose
from rclpy.node import Node
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image, JointState

from decision_diffuser_ros.nodes import qos
from decision_diffuser_ros.nodes.messages import set_quaternion, set_vector, stamp_of
from decision_diffuser_ros.simulation.iiwa_kinematics import JOINT_NAMES
from decision_diffuser_ros.simulation.stacking_body import FINGER_JOINT_NAMES
from decision_diffuser_ros.simulation.stacking_model import BLOCK_NAMES
from decision_diffuser_ros.simulation.stacking_rendering import StackingRenderer
from decision_diffuser_ros.simulation.stacking_world import StackingWorld

BASE_FRAME = "lbr_iiwa_link_0"
CAMERA_FRAME = "camera_optical_frame"
PICTURE_SIZE = (320, 200)  # [pixels], width and height
OBJECT_NAMES = tuple(f"block_{block}" for block in BLOCK_NAMES)


class StackingPublishers:
    """Publishes the world's state."""

    def __init__(self, node: Node, joint_names: Sequence[str], *, camera_rate: float) -> None:
        """Advertise the topics.

        Args:
            node: whose topics they are.
            joint_names: the arm's, in the order of joint states.
            camera_rate: pictures in a simulated second [Hz]; 0 for none.
        """
        self._joint_names = list(joint_names)
        self._order = [JOINT_NAMES.index(name) for name in joint_names]
        self._clock = node.create_publisher(Clock, "/clock", qos.SENSOR_OUTPUT)
        self._joints = node.create_publisher(JointState, "joint_states", qos.SENSOR_OUTPUT)
        self._objects = node.create_publisher(NamedPoses, "object_poses", qos.SENSOR_OUTPUT)
        self._pictures = node.create_publisher(Image, "camera/image_raw", qos.PREVIEW)
        self._picture_period = 1.0 / camera_rate if camera_rate > 0.0 else math.inf
        self._last_picture = -math.inf
        self._renderer: StackingRenderer | None = None

    def publish(self, world: StackingWorld, time: float) -> None:
        """Publish everything, stamped with simulated `time` [s]; the clock first."""
        self._clock.publish(Clock(clock=stamp_of(time)))
        self._objects.publish(object_poses(world, time))
        self._joints.publish(self._joint_message(world, time))
        if time >= self._last_picture + self._picture_period and self._pictures.get_subscription_count() > 0:
            self._last_picture = time
            self._pictures.publish(self._picture(world, time))

    def close(self) -> None:
        """End the drawing."""
        if self._renderer is not None:
            self._renderer.close()

    def _joint_message(self, world: StackingWorld, time: float) -> JointState:
        fingers = len(FINGER_JOINT_NAMES)
        message = JointState(
            name=[*self._joint_names, *FINGER_JOINT_NAMES],
            position=[*world.joint_position[self._order].tolist(), *[world.opening / fingers] * fingers],
            velocity=[*world.joint_velocity[self._order].tolist(), *[math.nan] * fingers],  # not measured
        )
        message.header.stamp = stamp_of(time)
        return message

    def _picture(self, world: StackingWorld, time: float) -> Image:
        if self._renderer is None:
            self._renderer = StackingRenderer(width=PICTURE_SIZE[0], height=PICTURE_SIZE[1])
        picture = self._renderer.frame(world.state())
        height, width, channels = picture.shape
        message = Image(height=height, width=width, encoding="rgb8", step=width * channels, data=picture.tobytes())
        message.header.stamp, message.header.frame_id = stamp_of(time), CAMERA_FRAME
        return message


def object_poses(world: StackingWorld, time: float) -> NamedPoses:
    """Where the blocks are, in the frame of the arm's base."""
    message = NamedPoses(names=list(OBJECT_NAMES))
    message.header.stamp, message.header.frame_id = stamp_of(time), BASE_FRAME
    for position, orientation in zip(world.block_position, world.block_orientation, strict=True):
        pose = Pose()
        set_vector(pose.position, position)
        set_quaternion(pose.orientation, orientation)
        message.poses.append(pose)
    return message
