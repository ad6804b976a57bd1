"""What a configured planner node has: inputs, control steps, commands. It ends at cleanup.

Control steps run in the callbacks, whenever the stamps of the joint states reach the next deadline: so states are
equally far apart, and a command is never later than computing it takes. In real time a thread stands behind: where no
state completes a step in time, or where `step_on_states` says so, steps are due on the steady clock.
"""

from __future__ import annotations

import copy
import functools
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from decision_diffuser_msgs.msg import NamedPoses
from numpy.typing import NDArray
from rclpy.node import Node
from sensor_msgs.msg import Imu, JointState

from decision_diffuser_ros.control.health import HealthReport
from decision_diffuser_ros.control.interpreter_pauses import shorten_pauses
from decision_diffuser_ros.control.message_readings import imu_reading, joint_reading, object_reading
from decision_diffuser_ros.control.safe_controller import ControlDecision
from decision_diffuser_ros.control.stamp_trigger import StampTrigger, TriggeredStep
from decision_diffuser_ros.control.state_assembly import StateAssembler
from decision_diffuser_ros.control.thread_priority import schedule_in_real_time, schedule_ordinarily
from decision_diffuser_ros.errors import ConfigurationError, StateError
from decision_diffuser_ros.nodes import qos
from decision_diffuser_ros.nodes.command_output import CommandOutput
from decision_diffuser_ros.nodes.condition_request import ReadRequest, Request, read_condition
from decision_diffuser_ros.nodes.control_assembly import (
    IMU_SOURCE,
    JOINT_SOURCE,
    OBJECT_SOURCE,
    accepted_conditions,
    assemble_control,
    sampling_settings,
)
from decision_diffuser_ros.nodes.control_loop import DeadlineLoop
from decision_diffuser_ros.nodes.control_stepper import ControlStepper
from decision_diffuser_ros.nodes.diagnostics import (
    ORDINARY_SCHEDULING,
    PlannerDiagnostics,
    idle_report,
    log_mode_change,
)
from decision_diffuser_ros.nodes.node_runner import is_stop_requested
from decision_diffuser_ros.nodes.plan_output import PlanOutput
from decision_diffuser_ros.nodes.planner_parameters import PlannerParameters
from decision_diffuser_ros.nodes.robot_description import read_robot_description
from decision_diffuser_ros.nodes.step_clock import StepClock

NOTHING_ASKED = "nothing is asked"
Reading = TypeVar("Reading")


class PlannerSession:
    """A loaded model at work. `lock` guards everything that control steps touch."""

    def __init__(
        self, node: Node, options: PlannerParameters, *, simulated_time: bool, on_change: Callable[[], None]
    ) -> None:
        """Load and verify the model, start its process and warm it up.

        Args:
            node: whose topics are used.
            options: of the node.
            simulated_time: whether control steps follow the stamps of the joint states.
            on_change: called when the mode has changed, in the thread that changed it.

        Raises:
            DecisionDiffuserError: the model can not be used so; the message says why.
        """
        self.lock = threading.RLock()
        self.assembly = assemble_control(
            options,
            simulated_time=simulated_time,
            robot_description=read_robot_description(node, options),
            warn=node.get_logger().warning,
        )
        self.request = self.assembly.request
        self.is_active = False
        self.failure: BaseException | None = None
        self.stepper = ControlStepper(
            self.assembly,
            simulated_time=simulated_time,
            wait_for_plans=options.synchronous_planning,
            wait_for_first_plan=simulated_time,
        )
        self._command_period = self.assembly.manifest.step_duration / options.commands_per_step
        if not simulated_time and options.preparation_time >= self._command_period:
            raise ConfigurationError(
                f"`preparation_time` must be less than the time between two commands, {self._command_period:g} s. "
                f"Got {options.preparation_time:g} s"
            )
        self.diagnostics = PlannerDiagnostics(
            options, step_duration=self._command_period, simulated_time=simulated_time
        )
        self._node = node
        self._options = options
        self._simulated_time = simulated_time
        self._on_change = on_change
        self._trigger = self._new_trigger()
        self._step_clock = StepClock(self._command_period)
        self._loop: DeadlineLoop | None = None
        self._has_priority = False
        self._plan_conditions: object = None
        self._inputs: list[Any] = []
        self._commands: CommandOutput | None = None
        self._plans: PlanOutput | None = None
        self.on_control_step: Callable[[], None] | None = None
        self._hold_while_nothing_is_asked()
        try:
            self._connect()
            self.assembly.planner.start(abort=is_stop_requested)
        except BaseException:
            self.close()
            raise

    def _connect(self) -> None:
        """Advertise and subscribe; what arrives before the activation is dropped."""
        node, overridable = self._node, qos.overridable()
        self._plans = PlanOutput(node, self.assembly.manifest)
        self._commands = CommandOutput(node, self._options, self.assembly)
        for source, kind, topic, callback in (  # what comes at the same time is taken in this order, joint states last
            (IMU_SOURCE, Imu, "imu", self._take_imu),
            (OBJECT_SOURCE, NamedPoses, "object_poses", self._take_objects),
            (JOINT_SOURCE, JointState, "joint_states", self._take_joint_state),
        ):
            if source not in self.assembly.sources:
                continue
            profile = copy.copy(qos.SENSOR_INPUT)  # an override changes the profile that it is given
            self._inputs.append(
                node.create_subscription(kind, topic, callback, profile, qos_overriding_options=overridable)
            )

    def activate(self, *, is_stopped: bool = False) -> None:
        """Begin control steps; the first command waits for a fresh state and a plan.

        Args:
            is_stopped: an emergency stop is in force: the first mode is DAMPING.
        """
        self.begin_anew()
        if is_stopped:
            self.stop_in_emergency()
        self.failure = None
        shorten_pauses()
        self.is_active = True
        if not self._simulated_time:
            period = self._command_period
            self._loop = DeadlineLoop(
                self._prepare_at_deadline,
                period=period,
                preparation_time=self._options.preparation_time,
                on_failure=self._note_failure,
            )
            self._loop.start()
        self._raise_priority()

    def _raise_priority(self) -> None:
        priority = self._options.realtime_priority
        self._has_priority = schedule_in_real_time(priority, warn=self._node.get_logger().warning)
        if self._has_priority:
            self.diagnostics.scheduling = f"real time, priority {priority}"

    def _lower_priority(self) -> None:
        if self._has_priority and schedule_ordinarily(warn=self._node.get_logger().warning):
            self._has_priority = False
            self.diagnostics.scheduling = ORDINARY_SCHEDULING

    def begin_anew(self) -> None:
        """Forget states, plans and an emergency stop; commands begin with the current pose again."""
        with self.lock:
            self.stepper.activate(time.monotonic())
            self.diagnostics.begin()
            self._trigger = self._new_trigger()
            for output in (self._commands, self._plans):
                if output is not None:
                    output.begin()

    def deactivate(self) -> None:
        """End control steps and leave the robot with the last command."""
        with self.lock:
            was_active, self.is_active = self.is_active, False
        if self._loop is not None:
            self._loop.stop()
            self._loop = None
        command = self.assembly.safe.last_command() if was_active else None
        if command is not None:
            self._publish_command(command)

    def close(self) -> None:
        """Deactivate, let go of the topics, end the planner's process."""
        try:
            self.deactivate()
            self._lower_priority()
            for subscription in self._inputs:
                self._node.destroy_subscription(subscription)
            for output in (self._commands, self._plans):
                if output is not None:
                    output.close()
        finally:
            self.assembly.planner.stop()

    def read_condition(self, text: str) -> ReadRequest:
        """The request of an expression, which is not asked for yet. Raises ConditionError."""
        settings = sampling_settings(self._options, self.assembly.manifest)
        return read_condition(text, self.assembly.manifest, negation_weight=settings.negation_weight)

    def ask_for(self, request: Request) -> None:
        """Ask for this from the next plan on. Raises ConditionError; nothing changes then."""
        conditions = accepted_conditions(request, self._options, self.assembly.manifest)
        with self.lock:
            self.assembly.safe.controller.set_conditions(conditions)
            self.request = request
            self._hold_while_nothing_is_asked()

    def ask_for_nothing(self, reason: str) -> None:
        """Hold still until something is asked for, whatever `hold_without_condition` says."""
        with self.lock:
            self.ask_for(self.read_condition("").request)
            self.assembly.safe.pause(reason)

    @property
    def options(self) -> PlannerParameters:
        """What the node was configured with."""
        return self._options

    def _hold_while_nothing_is_asked(self) -> None:
        safe = self.assembly.safe
        if self._options.hold_without_condition and not any(safe.controller.conditions):
            safe.pause(NOTHING_ASKED)
        else:
            safe.resume()

    def stop_in_emergency(self) -> None:
        """Go to DAMPING until `begin_anew`."""
        with self.lock:
            self.assembly.safe.watchdog.trip("emergency stop; call ~/reset to go on")

    def step_without_state(self) -> None:
        """In simulated time no state means no control step: notice here when states stay away."""
        with self.lock:
            now = time.monotonic()
            if self.is_active and self._simulated_time and self.stepper.is_stale(now):
                self._guarded_step(now)

    def health_reports(self, *, is_stopped: bool) -> list[HealthReport]:
        """Return how the control steps do, while they run; otherwise that they do not, or that a stop is in force."""
        with self.lock:
            if self.is_active:
                return self.diagnostics.reports(self.stepper, time.monotonic())
        return [idle_report("inactive", failure=self.failure, is_stopped=is_stopped)]

    def _take_joint_state(self, message: JointState) -> None:
        add = StampTrigger.add_joints
        self._take(message, joint_reading, self.stepper.take_joints, add, refused="refused_joint_states")

    def _take_imu(self, message: Imu) -> None:
        self._take(message, imu_reading, self.stepper.take_imu, StampTrigger.add_imu, refused="refused_imus")

    def _take_objects(self, message: NamedPoses) -> None:
        add = StampTrigger.add_objects
        self._take(message, object_reading, self.stepper.take_objects, add, refused="refused_object_poses")

    def _take(
        self,
        message: Any,
        read: Callable[[Any, StateAssembler], Reading],
        take: Callable[[Reading, float], None],
        add: Callable[[StampTrigger, Reading], TriggeredStep | None],
        *,
        refused: str,
    ) -> None:
        """Take a reading that is good, which may complete a control step in simulated time; count one that is not."""
        with self.lock:
            if not self.is_active:
                return
            try:
                reading = read(message, self.assembly.assembler)
                take(reading, time.monotonic())
            except StateError as error:
                self.stepper.counters.add(refused)
                self._note_refusal(error)
                return
            step = add(self._trigger, reading)
            if step is not None:
                self._step_on_states(gap=step.gap)

    def _step_on_states(self, *, gap: bool) -> None:
        """A control step that the stamps say is due; in real time, steps took the place of those that were missed."""
        now = time.monotonic()
        if self._simulated_time:
            self._guarded_step(now, gap=gap)
        elif self._options.step_on_states:
            self._step_clock.note_state(now)
            if not self._step_clock.is_too_early(now):
                self._guarded_step(now)
            if self._loop is not None:
                self._loop.put_off(self._step_clock.patience + self._options.preparation_time)

    def _prepare_at_deadline(self, now: float) -> Callable[[], None] | None:
        """A control step that no state has called for, see `_prepare_command`."""
        with self.lock:
            return None if self._step_clock.is_too_early(now) else self._prepare_command(now)

    def _guarded_step(self, now: float, *, gap: bool = False) -> None:
        """In a callback a control step that raises must end the control steps, not the node."""
        if self.failure is not None:
            return
        try:
            send_command = self._prepare_command(now, gap=gap)
            if send_command is not None:
                send_command()
        except Exception as error:  # noqa: BLE001 - whatever it is, the robot must be told to hold
            self._note_failure(error)

    def _prepare_command(self, now: float, *, gap: bool = False) -> Callable[[], None] | None:
        """A control step at steady time `now` [s]; returns what sends its command, None while inactive."""
        with self.lock:
            if not self.is_active:
                return None
            self._step_clock.note_step(now)
            before = self.assembly.safe.decision
            decision = self.stepper.step(now, gap=gap)
        return functools.partial(self._send_command, before, decision)

    def _send_command(self, before: ControlDecision, decision: ControlDecision) -> None:
        """Publish what has been decided, unless all began anew meanwhile, and tell what has changed by it."""
        with self.lock:
            if not self.is_active or self.assembly.safe.decision is not decision:
                return
            now = time.monotonic()
            if decision.command is not None:
                self._publish_command(decision.command)
                self.diagnostics.note_command(now)
            while self.stepper.new_plan_durations:
                self.diagnostics.note_plan(now, self.stepper.new_plan_durations.pop())
            self._note_mode(before, decision)
            self._note_plan_conditions()
            if self._plans is not None:
                safe = self.assembly.safe
                self._plans.publish(safe.controller.plan, plan_id=safe.plans_followed, plan_age=self.stepper.plan_age())
            if self.on_control_step is not None:
                self.on_control_step()

    def _publish_command(self, command: NDArray[np.float64]) -> None:
        if self._commands is not None:
            self._commands.publish(command)

    def _note_mode(self, before: ControlDecision, now: ControlDecision) -> None:
        if now.mode is not before.mode:
            log_mode_change(self._node.get_logger(), before, now)
            self._on_change()

    def _note_plan_conditions(self) -> None:
        """Tell when a plan for other conditions than before is followed."""
        plan = self.assembly.safe.controller.plan
        if plan is not None and plan.conditions != self._plan_conditions:
            self._plan_conditions = plan.conditions
            self._on_change()

    def _note_refusal(self, error: StateError) -> None:
        self.stepper.last_refusal = str(error)
        self._node.get_logger().warning(f"refused: {error}", throttle_duration_sec=1.0)

    def _note_failure(self, error: BaseException) -> None:
        """Where control steps run, which end now: the last command stays until the node deactivates."""
        self._node.get_logger().fatal(f"the control loop ended by a defect: {error!r}")
        self.failure = error

    def _new_trigger(self) -> StampTrigger:
        """In real time sensors that are sent apart need not have equal stamps: joint states alone call for steps."""
        assembler, waits = self.assembly.assembler, self._simulated_time
        return StampTrigger(
            step_duration=self._command_period,
            needs_imu=waits and assembler.needs_imu,
            needs_objects=waits and assembler.needs_objects,
        )
