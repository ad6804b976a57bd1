"""Quality of service of every topic, the way the controllers and sensors of ros2_control expect it.

Each can be overridden by the parameters `qos_overrides.<topic>...` where the node allows it.
"""

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions

COMMAND = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=1, reliability=ReliabilityPolicy.RELIABLE)
"""Commands: reliable, since controllers subscribe so; only the newest counts."""

SENSOR_INPUT = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
"""Readings we take: the newest, from publishers of either reliability."""

SENSOR_OUTPUT = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=10, reliability=ReliabilityPolicy.RELIABLE)
"""Readings we give (simulation): as joint_state_broadcaster, for subscribers of either reliability."""

STATUS = QoSProfile(
    history=HistoryPolicy.KEEP_LAST,
    depth=1,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)
"""Status: whoever subscribes late gets the last one."""

SERVICE = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=1000, reliability=ReliabilityPolicy.RELIABLE)
"""Requests that wait while the node is busy: with the default of 10, a program that asks quickly gets no answers."""

DESCRIPTION = STATUS
"""Robot descriptions: latched, as robot_state_publisher sends them."""

DIAGNOSTICS = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=10, reliability=ReliabilityPolicy.RELIABLE)
"""Diagnostics, for aggregators."""

PREVIEW = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
"""Plans to look at."""


def overridable() -> QoSOverridingOptions:
    """Return options that let parameters override history, depth and reliability."""
    return QoSOverridingOptions.with_default_policies()
