"""Publishes the plans that are followed, for those who look."""

from __future__ import annotations

import copy

from rclpy.node import Node
from trajectory_msgs.msg import JointTrajectory

from decision_diffuser_ros.nodes import messages, qos
from decision_diffuser_ros.planner.manifest import Manifest
from decision_diffuser_ros.planner.planner import Plan


class PlanOutput:
    """The topic `~/plan`, which costs nothing while nobody subscribes."""

    def __init__(self, node: Node, manifest: Manifest) -> None:
        """Advertise the topic."""
        self._node = node
        self._manifest = manifest
        self._last = 0
        self._publisher = node.create_publisher(
            JointTrajectory, "~/plan", copy.copy(qos.PREVIEW), qos_overriding_options=qos.overridable()
        )

    def begin(self) -> None:
        """Plans are counted anew."""
        self._last = 0

    def publish(self, plan: Plan | None, *, plan_id: int, plan_age: float) -> None:
        """Publish a plan of so many seconds ago, stamped at its origin; once, however often it is given."""
        if plan is None or plan_id == self._last or self._publisher.get_subscription_count() == 0:
            return
        self._last = plan_id
        manifest = self._manifest
        velocity_indices = list(manifest.joint_velocity_indices)
        origin = self._node.get_clock().now().nanoseconds * 1e-9 - plan_age
        self._publisher.publish(
            messages.plan_preview(
                manifest.joint_names,
                plan.states[:, list(manifest.joint_position_indices)],
                plan.states[:, velocity_indices] if velocity_indices else None,
                stamp=messages.stamp_of(max(0.0, origin)),
                step_duration=manifest.step_duration,
            )
        )

    def close(self) -> None:
        """Take the topic back."""
        self._node.destroy_publisher(self._publisher)
