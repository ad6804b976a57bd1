"""The executor that nodes run in, and how those who look on are told what comes."""

from __future__ import annotations

import time

from rclpy.context import Context
from rclpy.executors import Executor, SingleThreadedExecutor
from rclpy.logging import get_logger

SPIN_TIMEOUT = 0.02  # [s]


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


def spin_for(executor: Executor, seconds: float) -> None:
    """Serve what comes for so long, one as the other.

    All waits are equally long: given another timeout than before, rclpy's ordinary executor forgets what else is ready
    and begins with the first topic again, so that those behind a busy one are never heard on a slow machine.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        executor.spin_once(timeout_sec=SPIN_TIMEOUT)
