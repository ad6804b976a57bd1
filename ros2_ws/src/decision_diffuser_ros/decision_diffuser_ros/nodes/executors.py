"""The executor that nodes run in."""

from __future__ import annotations

from rclpy.context import Context
from rclpy.executors import Executor, SingleThreadedExecutor
from rclpy.logging import get_logger


def make_executor(context: Context | None = None) -> Executor:
    """Return one that is told what has come.

    rclpy's ordinary one waits on each entity anew, which takes half a core at 200 joint states and IMU readings a
    second. The one returned here cannot serve callbacks that take a `MessageInfo` beside the message.

    Args:
        context: of ROS; None for the process's own.
    """
    try:
        from rclpy.experimental import EventsExecutor
    except ImportError:
        get_logger("decision_diffuser_ros").warning(
            "this rclpy has no EventsExecutor: callbacks take several times as long; a newer one is better"
        )
        return SingleThreadedExecutor(context=context)
    return EventsExecutor(context=context)
