"""The lifecycle node `planner`: joint states and IMU in, joint commands out, skills by service.

configure   loads and verifies the model, starts the planner's process and warms it up
activate    commands begin with the current pose, once there is a fresh state and a plan
deactivate  leaves the robot with the last command; so do shutdown, Ctrl-C and SIGTERM
cleanup     ends the planner's process; another configure may load another model
"""

from __future__ import annotations

import copy
import functools
import time
import traceback
from collections.abc import Callable
from typing import Any

from decision_diffuser_msgs.msg import PlannerStatus
from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile
from std_srvs.srv import Trigger

from decision_diffuser_ros.errors import DecisionDiffuserError
from decision_diffuser_ros.nodes import qos
from decision_diffuser_ros.nodes.condition_services import ConditionServices
from decision_diffuser_ros.nodes.diagnostics import diagnostic_array, idle_report
from decision_diffuser_ros.nodes.log_forwarding import LogForwarding
from decision_diffuser_ros.nodes.node_runner import run_node
from decision_diffuser_ros.nodes.planner_parameters import SPECS, PlannerParameters
from decision_diffuser_ros.nodes.planner_session import PlannerSession
from decision_diffuser_ros.nodes.planner_status import empty_status, planner_status
from decision_diffuser_ros.nodes.skill_request import skill_names
from decision_diffuser_ros.nodes.stack_blocks import StackBlocksServer

HOUSEKEEPING_PERIOD = 0.05  # [s]
STATUS_PERIOD = 1.0  # [s]
DIAGNOSTICS_PERIOD = 1.0  # [s]


Transition = Callable[["PlannerNode", LifecycleState], TransitionCallbackReturn]


def _telling(transition: Transition) -> Transition:
    """The transition, which tells the node what it raises."""

    @functools.wraps(transition)
    def told(node: PlannerNode, state: LifecycleState) -> TransitionCallbackReturn:
        try:
            return transition(node, state)
        except Exception as error:
            node.note_failed_transition(transition.__name__, error)
            raise  # to on_error

    return told


class PlannerNode(LifecycleNode):
    """See the module."""

    def __init__(self) -> None:
        super().__init__("planner")
        self._log_forwarding = LogForwarding(self.get_logger())
        PlannerParameters.declare(self)
        self.add_on_set_parameters_callback(self._refuse_changes_while_configured)
        self._session: PlannerSession | None = None
        self._message = ""
        self._defect = ""
        self._next_status = 0.0
        self._next_diagnostics = 0.0
        self._is_stopped = False
        self._is_finalized = False
        self._status_publisher = self._publisher(PlannerStatus, "~/status", qos.STATUS)
        self._diagnostics_publisher = self._publisher(DiagnosticArray, "/diagnostics", qos.DIAGNOSTICS)
        self._condition_services = ConditionServices(self, lambda: self._session, on_change=self._publish_status)
        self._stack_blocks = StackBlocksServer(self, lambda: self._session)
        self.create_service(Trigger, "~/estop", self._stop_in_emergency)
        self.create_service(Trigger, "~/reset", self._reset)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(HOUSEKEEPING_PERIOD, self._keep_house, clock=steady)
        self._publish_status()
        if self.get_parameter("autostart").value:
            self._autostart_timer = self.create_timer(0.0, self._start_by_itself, clock=steady)

    @_telling
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load and verify the model, start its process and warm it up."""
        simulated_time = bool(self.get_parameter("use_sim_time").value)
        try:
            options = PlannerParameters.read(self)
            session = PlannerSession(self, options, simulated_time=simulated_time, on_change=self._publish_status)
        except DecisionDiffuserError as error:
            self.get_logger().error(f"not configured: {error}")
            self._message = str(error)
            self._publish_status()
            return TransitionCallbackReturn.FAILURE
        self._session, self._message = session, ""
        assembly = session.assembly
        self.get_logger().info(
            f"model '{assembly.manifest.name}' is ready after {assembly.planner.warm_up_duration:.1f} s; "
            f"skills: {', '.join(skill_names(assembly.manifest))}"
        )
        self._publish_status()
        return TransitionCallbackReturn.SUCCESS

    @_telling
    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Begin control steps; the first command waits for a fresh state and a plan."""
        if self._session is None:
            return TransitionCallbackReturn.ERROR
        self._message = ""
        self._session.activate(is_stopped=self._is_stopped)
        self.get_logger().info(f"active: {self._session.request.text()}")
        self._publish_status()
        return TransitionCallbackReturn.SUCCESS

    @_telling
    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Leave the robot with the last command and end the control steps."""
        if self._session is not None:
            self._session.deactivate()
        self._publish_status()
        return TransitionCallbackReturn.SUCCESS

    @_telling
    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Let go of the model."""
        self._release("")
        return TransitionCallbackReturn.SUCCESS

    @_telling
    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Leave the robot with the last command, let go of everything."""
        self.close()
        return TransitionCallbackReturn.SUCCESS

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """After a defect: leave the robot with the last command; configure may be tried again."""
        cause, self._defect = self._defect or "see the log", ""
        self.get_logger().error(f"a transition failed; the node is unconfigured again: {cause}")
        self._is_finalized = False
        self._release(f"a transition failed: {cause}")
        return TransitionCallbackReturn.SUCCESS

    def close(self) -> None:
        """Leave in order, from whatever state: last command, no thread, no process. Harmless when called again."""
        self._stack_blocks.close()
        self._is_finalized = True
        self._release("")

    def note_failed_transition(self, name: str, error: Exception) -> None:
        """A transition raises, which rclpy answers with `on_error` and without a word about the cause."""
        self._defect = f"{name}: {error!r}"
        self.get_logger().error(f"a defect, in {name}: {''.join(traceback.format_exception(error))}")

    def destroy_node(self) -> None:
        """Let go of everything in ROS, and say no more of what the package logs."""
        self._log_forwarding.close()
        super().destroy_node()

    def note_defect(self, error: Exception) -> None:
        """A callback raised what it must not: say so and go on, since a robot without its planner falls."""
        trace = "".join(traceback.format_exception(error))
        self.get_logger().error(f"a defect, in a callback: {trace}", throttle_duration_sec=1.0)
        self._message = f"a defect, in a callback: {error!r}; see the log"

    def _release(self, message: str) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()
        self._message = message
        self._publish_status()

    def _start_by_itself(self) -> None:
        self._autostart_timer.cancel()
        if self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()

    def _keep_house(self) -> None:
        """Deactivate after a defect, notice states that stay away, publish status once a second."""
        self._stack_blocks.keep_house()
        session = self._active_session()
        if session is not None:
            if session.failure is not None:
                self._message = f"the control loop ended by a defect: {session.failure!r}"
                self.trigger_deactivate()
            session.step_without_state()
        now = time.monotonic()
        if now >= self._next_status:
            self._publish_status()
        if now >= self._next_diagnostics:
            self._next_diagnostics = max(self._next_diagnostics + DIAGNOSTICS_PERIOD, now)
            self._publish_diagnostics()

    def _stop_in_emergency(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._is_stopped = True
        session = self._active_session()
        if session is not None:
            session.stop_in_emergency()
            response.message = "damping until ~/reset"
        else:
            response.message = "the node is not active; once it is, it will be damping until ~/reset"
        response.success = True
        self.get_logger().warning(f"emergency stop: {response.message}")
        return response

    def _reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._is_stopped = False
        session = self._active_session()
        if session is not None:
            session.begin_anew()
            response.message = "beginning anew from the current pose"
        else:
            response.message = "the node is not active; an emergency stop is not in force any more"
        response.success = True
        self._publish_status()
        return response

    def _active_session(self) -> PlannerSession | None:
        session = self._session
        return session if session is not None and session.is_active else None

    def _publisher(self, kind: type, topic: str, profile: QoSProfile) -> Any:
        return self.create_publisher(kind, topic, copy.copy(profile), qos_overriding_options=qos.overridable())

    def _publish_status(self) -> None:
        session = self._session
        if session is None:
            mode, message = PlannerStatus.UNCONFIGURED, self._message
            if self._is_finalized:
                mode, message = PlannerStatus.FINALIZED, "shut down"
            self._publish(empty_status(mode, message))
            return
        with session.lock:
            self._publish(planner_status(session, message=self._message))

    def _publish(self, status: PlannerStatus) -> None:
        status.header.stamp = self.get_clock().now().to_msg()
        self._next_status = time.monotonic() + STATUS_PERIOD
        self._status_publisher.publish(status)

    def _publish_diagnostics(self) -> None:
        session = self._session
        if session is None:
            mode, hardware = "shut down" if self._is_finalized else "not configured", ""
            reports = [idle_report(mode, trouble=self._message, is_stopped=self._is_stopped)]
        else:
            reports = session.health_reports(is_stopped=self._is_stopped)
            hardware = session.assembly.manifest.robot
        message = diagnostic_array(reports, node_name=self.get_fully_qualified_name(), hardware=hardware)
        message.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics_publisher.publish(message)

    def _refuse_changes_while_configured(self, parameters: list[Parameter]) -> SetParametersResult:
        ours = {spec.name for spec in SPECS}
        changed = [parameter.name for parameter in parameters if parameter.name in ours]
        if self._session is not None and changed:
            reason = f"`{changed[0]}` is read at configure: clean the node up before it is changed"
            return SetParametersResult(successful=False, reason=reason)
        return SetParametersResult(successful=True)


def main(args: list[str] | None = None) -> int:
    """Run the node; returns the exit code."""
    return run_node(PlannerNode, args, on_defect=PlannerNode.note_defect)


if __name__ == "__main__":
    raise SystemExit(main())
