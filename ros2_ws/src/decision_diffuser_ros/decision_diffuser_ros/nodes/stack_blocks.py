"""The planner's action `~/stack_blocks`: constraints in, progress as feedback, and what holds in the settled world.

The newest goal takes the place of an older one, and so does whatever else is asked for while it is under way. When a
goal ends, the arm holds still.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from decision_diffuser_msgs.action import StackBlocks
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.node import Node

from decision_diffuser_ros.control.arrangement import ArrangementMonitor, ArrangementSettings, Phase, relations_of
from decision_diffuser_ros.control.safe_controller import ControlMode
from decision_diffuser_ros.errors import ConditionError
from decision_diffuser_ros.nodes.condition_request import ReadRequest, Request
from decision_diffuser_ros.nodes.planner_session import PlannerSession

FEEDBACK_PERIOD = 0.2  # [s], of the steady clock


def read_constraints(text: str, session: PlannerSession) -> tuple[ReadRequest, ArrangementMonitor]:
    """The request of constraints such as `red > blue & blue > green`, and what follows their building.

    Raises:
        ConditionError: they cannot be read, are no relations between objects of the model, or cannot be fulfilled.
    """
    layout, options = session.assembly.assembler.objects, session.options
    if not layout.names:
        raise ConditionError(f"model '{session.assembly.manifest.name}' sees no objects that constraints could relate")
    read = session.read_condition(text)
    settings = ArrangementSettings(
        height_margin=options.objects_height_margin,
        settle_time=options.objects_settle_time,
        settle_distance=options.objects_settle_distance,
        open_above=options.gripper_open_above,
    )
    return read, ArrangementMonitor(relations_of(read.request.expression, layout.names), settings)


@dataclass(eq=False)
class _Goal:
    """What is being built, for whom, and in how much time at most [s]."""

    handle: Any
    session: PlannerSession
    request: Request
    monitor: ArrangementMonitor
    time_limit: float
    next_feedback: float = 0.0


class _PatientActionServer(ActionServer):
    """Runs nothing when a goal begins: an execution callback that waits would keep the executor busy."""

    def notify_execute(self, goal_handle: Any, execute_callback: Any) -> None:
        """The goal is under way; `end` gives its result."""

    def end(self, handle: Any, outcome: Callable[[], None], result: StackBlocks.Result) -> None:
        """Ends a goal by one of the handle's `succeed`, `abort`, `canceled`."""

        def finish(handle: Any) -> StackBlocks.Result:
            outcome()
            return result

        super().notify_execute(handle, finish)


class StackBlocksServer:
    """Serves the action for whatever session the node has."""

    def __init__(self, node: Node, session: Callable[[], PlannerSession | None]) -> None:
        """Advertise the action; `session` returns the node's, None without one."""
        self._node = node
        self._session = session
        self._goal: _Goal | None = None
        self._server: Any = _PatientActionServer(
            node,
            StackBlocks,
            "~/stack_blocks",
            execute_callback=lambda handle: StackBlocks.Result(),
            goal_callback=lambda request: GoalResponse.ACCEPT,
            handle_accepted_callback=self._take_goal,
            cancel_callback=lambda handle: CancelResponse.ACCEPT,
        )

    def close(self) -> None:
        """Ends a goal that is under way, and the action. Harmless when called again."""
        if self._goal is not None:
            self._abort("the node is shut down")
        server, self._server = self._server, None
        if server is not None:
            server.destroy()

    def keep_house(self) -> None:
        """End the goal when it is time, else tell how it goes; called many times a second."""
        goal = self._goal
        if goal is None:
            return
        session = goal.session
        if session is not self._session() or not session.is_active:
            self._abort("the planner is not active any more")
            return
        with session.lock:
            decision, asked = session.assembly.safe.decision, session.request
            is_built, duration = goal.monitor.is_built, goal.monitor.duration
        if goal.handle.is_cancel_requested:
            self._end(goal.handle.canceled, "cancelled; the arm holds")
        elif asked is not goal.request:
            self._abort(f"something else was asked for: {asked.text()}", hold=False)
        elif decision.mode is ControlMode.DAMPING:
            self._abort(f"the arm is let down: {decision.reason}")
        elif is_built:
            self._end(goal.handle.succeed, "built and settled", success=True)
        elif duration > goal.time_limit:
            self._abort(f"not built within {goal.time_limit:g} s; the arm holds")
        elif time.monotonic() >= goal.next_feedback:
            goal.next_feedback = time.monotonic() + FEEDBACK_PERIOD
            goal.handle.publish_feedback(self._feedback(goal))

    def _take_goal(self, handle: Any) -> None:
        handle.execute()
        session = self._session()
        if session is None or not session.is_active:
            self._refuse(handle, "the planner is not active; configure and activate it first")
            return
        try:
            read, monitor = read_constraints(handle.request.constraints, session)
            if not any(read.request.expression.alternatives):
                raise ConditionError("nothing is asked; expected constraints such as 'red > blue & blue > green'")
            if not 0.0 <= handle.request.time_limit < math.inf:
                raise ConditionError(f"`time_limit` must be 0 or more. Got {handle.request.time_limit} s")
            session.ask_for(read.request)
        except ConditionError as error:
            self._refuse(handle, str(error))
            return
        if self._goal is not None:
            self._abort("another goal took its place", hold=False)
        limit = handle.request.time_limit or session.options.stack_blocks_time_limit
        self._goal = _Goal(handle, session, read.request, monitor, limit)
        session.on_control_step = self._observe
        self._node.get_logger().info(f"stacking: {read.request.text()}")

    def _observe(self) -> None:
        """At every control step, in its thread, under the session's lock."""
        goal = self._goal
        if goal is None:
            return
        session, state = goal.session, goal.session.stepper.state
        command, gripper = session.assembly.safe.decision.command, session.assembly.joints.gripper_action
        if state is None or command is None:
            return
        assembler = session.assembly.assembler
        opening = float(state[assembler.opening_index]) if assembler.has_gripper else math.inf
        goal.monitor.observe(
            session.stepper.state_stamp,
            state[assembler.objects.indices].reshape(-1, 7)[:, :3],
            opening=opening,
            commanded_opening=opening if gripper is None else float(command[gripper]),
        )

    def _feedback(self, goal: _Goal) -> StackBlocks.Feedback:
        session, monitor = goal.session, goal.monitor
        with session.lock:
            mode = session.assembly.safe.decision.mode
            phases = {ControlMode.WAITING: Phase.WAITING, ControlMode.HOLD: Phase.HOLDING}
            return StackBlocks.Feedback(
                phase=phases.get(mode, monitor.phase).value,
                blocks_placed=monitor.placed,
                holding=list(monitor.holding),
                plan_age=session.stepper.plan_age(),
            )

    def _abort(self, message: str, *, hold: bool = True) -> None:
        if self._goal is not None:
            self._end(self._goal.handle.abort, message, hold=hold)

    def _end(self, outcome: Callable[[], None], message: str, *, success: bool = False, hold: bool = True) -> None:
        """End the goal that is under way; the arm holds still unless something else was asked for."""
        goal, self._goal = self._goal, None
        if goal is None:
            return
        session, monitor = goal.session, goal.monitor
        with session.lock:
            session.on_control_step = None
            if hold:
                session.ask_for_nothing(message)
            result = StackBlocks.Result(
                success=success,
                holding=list(monitor.holding),
                failing=list(monitor.failing),
                blocks_placed=monitor.placed,
                duration=monitor.duration,
                message=message,
            )
        self._node.get_logger().info(f"stacking ended: {message}")
        self._server.end(goal.handle, outcome, result)

    def _refuse(self, handle: Any, reason: str) -> None:
        """End a goal before the arm has moved for it; one that is under way goes on."""
        self._node.get_logger().warning(f"stack_blocks refused: {reason}")
        self._server.end(handle, handle.abort, StackBlocks.Result(message=reason))
