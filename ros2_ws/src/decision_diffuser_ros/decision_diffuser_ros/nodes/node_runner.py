"""Runs a node until Ctrl-C or SIGTERM, and lets it leave in order."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Sequence
from types import FrameType
from typing import ClassVar, Protocol, TypeVar

import rclpy
from rclpy.exceptions import ParameterException
from rclpy.executors import ExternalShutdownException
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.logging import get_logger
from rclpy.signals import SignalHandlerOptions

from decision_diffuser_ros.errors import CommandLineError, DecisionDiffuserError
from decision_diffuser_ros.nodes.executors import make_executor

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
SPIN_TIMEOUT = 0.1  # [s], how soon a signal is noticed at the latest


class ClosableNode(Protocol):
    """What is run here: an rclpy node that leaves in order."""

    def close(self) -> None:
        """Send what is to be sent last, end all threads and processes."""

    def destroy_node(self) -> None:
        """Let go of everything in ROS."""


AnyNode = TypeVar("AnyNode", bound=ClosableNode)


def run_node(
    make_node: Callable[[], AnyNode],
    args: Sequence[str] | None = None,
    *,
    after_spin: Callable[[AnyNode], None] = lambda node: None,
    spin_timeout: Callable[[AnyNode], float] = lambda node: SPIN_TIMEOUT,
    on_defect: Callable[[AnyNode, Exception], None] | None = None,
) -> int:
    """Run the node that `make_node` makes; return the exit code of the process.

    It is 1, after one fatal line in the log, where the command line, a parameter file or a parameter is not accepted.

    Args:
        make_node: called after ROS is initialised; the node has a `close` method.
        args: command line; None for that of the process.
        after_spin: called after every callback and every time that waiting for one ends.
        spin_timeout: returns how long to wait for a callback [s].
        on_defect: told what a callback raised, after which the node goes on; without it the node ends.
    """
    stop = StopRequest()
    try:
        _initialise(list(args) if args is not None else sys.argv)
        executor = make_executor()
        node = make_node()
    except (DecisionDiffuserError, ParameterException) as error:
        get_logger("decision_diffuser_ros").fatal(" ".join(str(error).split()))
        rclpy.try_shutdown()
        stop.ignore_more()
        return 1
    executor.add_node(node)  # type: ignore[arg-type]
    try:
        while rclpy.ok() and not stop.is_requested:
            try:
                executor.spin_once(timeout_sec=spin_timeout(node))
            except Exception as error:
                if on_defect is None or isinstance(error, ExternalShutdownException):
                    raise
                on_defect(node, error)
            after_spin(node)
    finally:
        node.close()
        executor.remove_node(node)  # type: ignore[arg-type]
        node.destroy_node()
        executor.shutdown()
        rclpy.try_shutdown()
        stop.ignore_more()
    return 0


def is_stop_requested() -> bool:
    """Return whether the node that runs here was told to end; False where `run_node` runs none.

    For what takes long in a callback, which keeps the node from noticing a signal itself.
    """
    return StopRequest.current is not None and StopRequest.current.is_requested


def _initialise(args: list[str]) -> None:
    """Initialise ROS. Raises CommandLineError for arguments or a parameter file that cannot be read."""
    try:
        # rclpy's own handlers would shut ROS down before the last command could be sent.
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    except rclpy_implementation.UnknownROSArgsError as error:
        raise CommandLineError(f"unknown arguments after --ros-args: {error}") from error
    except rclpy_implementation.RCLError as error:
        raise CommandLineError(f"the arguments after --ros-args are not accepted: {error}") from error


class StopRequest:
    """Notices SIGINT and SIGTERM."""

    current: ClassVar[StopRequest | None] = None
    """Of the node that runs in this process."""

    def __init__(self) -> None:
        """Take over both signals; may be called in the main thread only."""
        self.is_requested = False
        StopRequest.current = self
        for number in STOP_SIGNALS:
            signal.signal(number, self._note)

    def ignore_more(self) -> None:
        """Let neither signal do anything any more.

        Python gives its handlers up before it ends. A signal that comes then, as `ros2 launch` sends one to the nodes
        that are left after Ctrl-C, would kill a process that has done all it had to do.
        """
        StopRequest.current = None
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.is_requested = True
