"""What a configured planner node has: inputs, control steps, commands. It ends at cleanup.

Control steps run in a thread of their own on the steady clock, or in simulated time in the
callbacks, whenever the stamps of the joint states reach the next deadline.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rclpy.duration import Duration
from rclpy.node import Node
from sensor_msgs.msg import Imu, JointState
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory

from decision_diffuser_ros.control.safe_controller import ControlDecision
from decision_diffuser_ros.errors import StateError
from decision_diffuser_ros.nodes import messages, qos
from decision_diffuser_ros.nodes.control_assembly import assemble_control
from decision_diffuser_ros.nodes.control_loop import DeadlineLoop
from decision_diffuser_ros.nodes.control_stepper import ControlStepper
from decision_diffuser_ros.nodes.planner_parameters import JOINT_TRAJECTORY, PlannerParameters
from decision_diffuser_ros.nodes.skill_request import SkillRequest
from decision_diffuser_ros.nodes.stamp_trigger import StampTrigger, TriggeredStep

FORWARD_COMMAND_TOPIC = "joint_group_position_controller/commands"
JOINT_TRAJECTORY_TOPIC = "joint_trajectory_controller/joint_trajectory"
LAST_COMMAND_TIMEOUT = 0.5  # [s], for the controller to receive the last command


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
        self.assembly = assemble_control(options, simulated_time=simulated_time)
        self.request = self.assembly.request
        self.is_active = False
        self.failure: BaseException | None = None
        self.stepper = ControlStepper(
            self.assembly, wait_for_plans=options.synchronous_planning, wait_for_first_plan=simulated_time
        )
        self._node = node
        self._options = options
        self._simulated_time = simulated_time
        self._on_change = on_change
        self._trigger = self._new_trigger()
        self._loop: DeadlineLoop | None = None
        self._previewed_plan = 0
        self.assembly.planner.start()
        self._preview_publisher = node.create_publisher(JointTrajectory, "~/plan", qos.PREVIEW)
        is_trajectory = options.command_interface == JOINT_TRAJECTORY
        self._command_publisher: Any = node.create_publisher(
            JointTrajectory if is_trajectory else Float64MultiArray,
            JOINT_TRAJECTORY_TOPIC if is_trajectory else FORWARD_COMMAND_TOPIC,
            qos.COMMAND,
            qos_overriding_options=qos.overridable(),
        )
        self._inputs: list[Any] = [
            node.create_subscription(kind, topic, callback, qos.SENSOR_INPUT, qos_overriding_options=qos.overridable())
            for kind, topic, callback in (
                (JointState, "joint_states", self._take_joint_state),
                (Imu, "imu", self._take_imu),
            )
        ]

    def activate(self) -> None:
        """Begin control steps; the first command waits for a fresh state and a plan."""
        self.begin_anew()
        self.failure = None
        self.is_active = True
        if not self._simulated_time:
            period = self.assembly.manifest.step_duration
            self._loop = DeadlineLoop(self._control_step, period=period, on_failure=self._note_failure)
            self._loop.start()

    def begin_anew(self) -> None:
        """Forget states, plans and an emergency stop; commands begin with the current pose again."""
        with self.lock:
            self.stepper.activate(time.monotonic())
            self._trigger = self._new_trigger()
            self._previewed_plan = 0

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
        self.deactivate()
        for subscription in self._inputs:
            self._node.destroy_subscription(subscription)
        self._command_publisher.wait_for_all_acked(Duration(seconds=LAST_COMMAND_TIMEOUT))
        self._node.destroy_publisher(self._command_publisher)
        self._node.destroy_publisher(self._preview_publisher)
        self.assembly.planner.stop()

    def ask_for(self, request: SkillRequest) -> None:
        """Ask for this from the next plan on. Raises ConditionError; nothing changes then."""
        with self.lock:
            self.assembly.safe.controller.set_conditions(request.conditions(self.assembly.manifest))
            self.request = request

    def stop_in_emergency(self) -> None:
        """Go to DAMPING until `begin_anew`."""
        with self.lock:
            self.assembly.safe.watchdog.trip("emergency stop; call ~/reset to go on")

    def step_without_state(self) -> None:
        """In simulated time no state means no control step: notice here when states stay away."""
        with self.lock:
            now = time.monotonic()
            if self.is_active and self._simulated_time and self.stepper.is_stale(now):
                self._control_step(now)

    def _take_joint_state(self, message: JointState) -> None:
        with self.lock:
            if not self.is_active:
                return
            try:
                joints = messages.joint_reading(message, self.assembly.assembler)
            except StateError as error:
                self.stepper.counters.refused_joint_states += 1
                self._note_refusal(error)
                return
            self.stepper.take_joints(joints, time.monotonic())
            if self._simulated_time:
                self._step_if_due(self._trigger.add_joints(joints))

    def _take_imu(self, message: Imu) -> None:
        with self.lock:
            if not self.is_active:
                return
            try:
                imu = messages.imu_reading(message, self.assembly.assembler)
            except StateError as error:
                self.stepper.counters.refused_imus += 1
                self._note_refusal(error)
                return
            self.stepper.take_imu(imu, time.monotonic())
            if self._simulated_time:
                self._step_if_due(self._trigger.add_imu(imu))

    def _step_if_due(self, step: TriggeredStep | None) -> None:
        if step is not None:
            self._control_step(time.monotonic(), gap=step.gap)

    def _control_step(self, now: float, *, gap: bool = False) -> None:
        with self.lock:
            if not self.is_active:
                return
            before = self.assembly.safe.decision
            decision = self.stepper.step(now, gap=gap)
            if decision.command is not None:
                self._publish_command(decision.command)
            self._note_mode(before, decision)
            self._preview_plan()

    def _publish_command(self, command: NDArray[np.float64]) -> None:
        ordered = self.stepper.command_in_joint_order(command)
        if self._options.command_interface == JOINT_TRAJECTORY:
            message: Any = messages.hold_trajectory(
                self.assembly.joint_names,
                ordered,
                stamp=self._node.get_clock().now().to_msg(),
                lead=self._options.trajectory_lead,
                step_duration=self.assembly.manifest.step_duration,
            )
        else:
            message = messages.forward_command(ordered)
        self._command_publisher.publish(message)

    def _preview_plan(self) -> None:
        """Publish the plan followed, once, if anybody looks."""
        plan_id, plan = self.assembly.safe.plans_followed, self.assembly.safe.controller.plan
        if plan is None or plan_id == self._previewed_plan or self._preview_publisher.get_subscription_count() == 0:
            return
        self._previewed_plan = plan_id
        manifest = self.assembly.manifest
        velocity_indices = list(manifest.joint_velocity_indices)
        origin = self._node.get_clock().now().nanoseconds * 1e-9 - self.stepper.plan_age()
        self._preview_publisher.publish(
            messages.plan_preview(
                manifest.joint_names,
                plan.states[:, list(manifest.joint_position_indices)],
                plan.states[:, velocity_indices] if velocity_indices else None,
                stamp=messages.stamp_of(max(0.0, origin)),
                step_duration=manifest.step_duration,
            )
        )

    def _note_mode(self, before: ControlDecision, now: ControlDecision) -> None:
        if now.mode is not before.mode:
            reason = f": {now.reason}" if now.reason else ""
            self._node.get_logger().info(f"{before.mode.value} -> {now.mode.value}{reason}")
            self._on_change()

    def _note_refusal(self, error: StateError) -> None:
        self.stepper.last_refusal = str(error)
        self._node.get_logger().warning(f"refused: {error}", throttle_duration_sec=1.0)

    def _note_failure(self, error: BaseException) -> None:
        """In the control thread, which ends now: the last command stays until the node deactivates."""
        self._node.get_logger().fatal(f"the control loop ended by a defect: {error!r}")
        self.failure = error

    def _new_trigger(self) -> StampTrigger:
        return StampTrigger(
            step_duration=self.assembly.manifest.step_duration, needs_imu=self.assembly.assembler.needs_imu
        )
