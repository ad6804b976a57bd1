"""Real-time scheduling of a node's threads as its parameter `realtime_priority` asks for it, or a warning."""

from __future__ import annotations

from rclpy.node import Node

from decision_diffuser_ros.control.thread_priority import ORDINARY, set_thread_priority
from decision_diffuser_ros.errors import ConfigurationError


def schedule_in_real_time(node: Node, priority: int) -> bool:
    """Schedule all threads of the process so; return whether they are, which is told where they are not.

    Args:
        node: that logs.
        priority: of SCHED_FIFO, 1 to 99; `ORDINARY` leaves everything as it is.
    """
    if priority == ORDINARY:
        return False
    try:
        set_thread_priority(priority)
    except ConfigurationError as error:
        node.get_logger().warning(
            f"ordinary scheduling, this node may be late on busy processors: {error}; or set `realtime_priority: 0`"
        )
        return False
    return True
