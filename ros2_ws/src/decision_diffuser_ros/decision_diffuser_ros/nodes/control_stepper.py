"""One control step after the other: readings in, plan requests out, plans in, commands out. No ROS here.

Used by one thread at a time; the node holds a lock around it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from decision_diffuser_ros.control.frozen_readings import FrozenCheck
from decision_diffuser_ros.control.object_readings import ObjectReading
from decision_diffuser_ros.control.planner_process import PlannerProcess, PlanResult
from decision_diffuser_ros.control.plausible_readings import (
    require_plausible_joints,
    require_plausible_objects,
    require_plausible_rotation,
)
from decision_diffuser_ros.control.receding_horizon import PlanRequest
from decision_diffuser_ros.control.safe_controller import ControlDecision, Measurement, SafeController
from decision_diffuser_ros.control.state_assembly import ImuReading, JointReading
from decision_diffuser_ros.errors import PlanError, StateError
from decision_diffuser_ros.nodes.control_assembly import IMU_SOURCE, JOINT_SOURCE, OBJECT_SOURCE, ControlAssembly

WAIT_MARGIN = 0.5  # [s], beyond the time after which a plan is given up


@dataclass(kw_only=True)
class Counters:
    """What went wrong since configuration, in the words of the PlannerStatus message."""

    refused_joint_states: int = 0
    refused_imus: int = 0
    refused_object_poses: int = 0
    refused_plans: int = 0
    late_plans: int = 0

    def add(self, name: str) -> None:
        """Count one more of what has this name."""
        setattr(self, name, getattr(self, name) + 1)

    @property
    def refused_readings(self) -> int:
        """Of all sources."""
        return self.refused_joint_states + self.refused_imus + self.refused_object_poses


class ControlStepper:
    """Runs the control steps of an assembly."""

    def __init__(
        self, assembly: ControlAssembly, *, simulated_time: bool, wait_for_plans: bool, wait_for_first_plan: bool
    ) -> None:
        """Prepare the steps.

        Args:
            assembly: what the node has been configured with.
            simulated_time: whether a reading that is sent again is a sign of life: a simulation waits so.
            wait_for_plans: whether a step waits for a plan that is due.
            wait_for_first_plan: whether a step waits when there is no plan to follow yet.
        """
        self.counters = Counters()
        self.last_refusal = ""
        self.planning_duration = math.nan
        self.new_plan_durations: list[float] = []
        self._assembly = assembly
        self._safe = assembly.safe
        self._simulated_time = simulated_time
        self._joint_check = FrozenCheck(JOINT_SOURCE, frozen_after=assembly.frozen_after)
        self._imu_check = FrozenCheck(IMU_SOURCE, frozen_after=assembly.frozen_after)
        self._object_check = FrozenCheck(OBJECT_SOURCE, frozen_after=0.0)  # objects may lie still for any time
        self._planner = assembly.planner
        self._wait_for_plans = wait_for_plans
        self._wait_for_first_plan = wait_for_first_plan
        self._joints: JointReading | None = None
        self._imu: ImuReading | None = None
        self._objects: ObjectReading | None = None
        self.state: NDArray[np.float64] | None = None
        self.state_stamp = math.nan

    @property
    def safe(self) -> SafeController:
        """What decides on the commands."""
        return self._safe

    @property
    def planner(self) -> PlannerProcess:
        """The planner's process."""
        return self._planner

    def activate(self, now: float) -> None:
        """Begin anew at steady time `now` [s]; readings from before do not count."""
        self._joints = self._imu = self._objects = None
        self.state = None
        self.planning_duration = math.nan
        self.last_refusal = ""
        self._assembly.assembler.reset()
        self._joint_check.reset()
        self._imu_check.reset()
        self._object_check.reset()
        self._planner.take_results()
        self._safe.activate(now)

    def take_joints(self, joints: JointReading, now: float) -> None:
        """Remember a joint reading that arrived at steady time `now` [s]. Raises StateError if it is not good."""
        where = self._assembly.joints.reading_of_action
        require_plausible_joints(
            joints.actuator_position[where],
            joints.actuator_velocity[where],
            self._safe.limiter.limits,
            self._assembly.joints.of_action,
        )
        values = np.concatenate([joints.actuator_position, joints.velocity])
        is_new = self._joint_check.is_new(joints.stamp, values, now=now)
        if not is_new and not self._simulated_time:
            return
        self._joints = joints
        self._safe.watchdog.report(JOINT_SOURCE, now)

    def take_imu(self, imu: ImuReading, now: float) -> None:
        """Remember an IMU reading that arrived at steady time `now` [s]. Raises StateError if it is not good."""
        require_plausible_rotation(imu.angular_velocity)
        values = np.concatenate([imu.gravity_direction, imu.angular_velocity])
        is_new = self._imu_check.is_new(imu.stamp, values, now=now)
        if not is_new and not self._simulated_time:
            return
        self._imu = imu
        if self._assembly.assembler.needs_imu:
            self._safe.watchdog.report(IMU_SOURCE, now)

    def take_objects(self, objects: ObjectReading, now: float) -> None:
        """Remember object poses that arrived at steady time `now` [s]. Raises StateError if they are not good.

        Objects that lie still are not frozen.
        """
        require_plausible_objects(objects.pose[:, :3], self._assembly.assembler.objects.names)
        is_new = self._object_check.is_new(objects.stamp, objects.pose, now=now)
        if not is_new and not self._simulated_time:
            return
        self._objects = objects
        self._safe.watchdog.report(OBJECT_SOURCE, now)

    def step(self, now: float, *, gap: bool = False) -> ControlDecision:
        """Return what to publish at this control step, from the newest readings."""
        request = self._observe(now, gap=gap)
        if request is not None:
            if self._wait_for_plans:
                self._wait_for_planner()
            self._planner.submit(request)
        overdue = self._safe.controller.overdue_request is not None
        is_first = self._safe.controller.plan is None and request is not None
        if (overdue and self._wait_for_plans) or (is_first and self._wait_for_first_plan):
            self._wait_for_planner()
        self._accept_plans()
        return self._safe.command(now)

    def plan_age(self) -> float:
        """Time since the state that the followed plan starts from [s]; NaN without a plan."""
        steps = self._safe.controller.plan_age_steps
        return math.nan if steps is None else steps * self._assembly.manifest.step_duration

    def ages(self, now: float) -> dict[str, float]:
        """Return the time since the last good reading of each source [s]."""
        return {source: self._safe.watchdog.age(source, now) for source in self._assembly.sources}

    def is_stale(self, now: float) -> bool:
        """Whether a source has been silent for longer than the watchdog allows."""
        return any(self._is_source_stale(source, now) for source in self._assembly.sources)

    def _observe(self, now: float, *, gap: bool) -> PlanRequest | None:
        """Return the plan request due; a step whose readings are missing or stale is a missed one."""
        measured = self._measurement(now)
        if self._joints is None or self.is_stale(now):
            self._safe.miss(measured)
            return None
        try:
            self.state = self._assembly.assembler.assemble(self._joints, self._imu, self._objects)
            self.state_stamp = self._joints.stamp
            return self._safe.observe(self.state, measured, gap=gap)
        except StateError as error:
            self.last_refusal = str(error)
            self._safe.miss(measured)
            return None

    def _measurement(self, now: float) -> Measurement:
        """What readings say of the robot that are not stale, whatever other sources do."""
        joints, imu, where = self._joints, self._imu, self._assembly.joints.reading_of_action
        knows_joints = joints is not None and not self._is_source_stale(JOINT_SOURCE, now)
        return Measurement(
            joint_position=joints.actuator_position[where] if joints is not None and knows_joints else None,
            joint_velocity=joints.actuator_velocity[where] if joints is not None and knows_joints else None,
            tilt=imu.tilt if imu is not None and not self._is_source_stale(IMU_SOURCE, now) else None,
        )

    def _is_source_stale(self, source: str, now: float) -> bool:
        return self._safe.watchdog.age(source, now) > self._safe.watchdog.settings.hold_after

    def _wait_for_planner(self) -> None:
        self._planner.wait_until_idle(self._planner.hang_timeout + WAIT_MARGIN)
        self._accept_plans()

    def _accept_plans(self) -> None:
        for result in self._planner.take_results():
            self._accept(result)

    def _accept(self, result: PlanResult) -> None:
        controller = self._safe.controller
        if result.plan is None:
            self.counters.refused_plans += 1
            self.last_refusal = result.error
            return
        due = result.request.control_step + result.request.latency_steps
        has_plan = controller.plan is not None
        try:
            self._safe.accept(result.request, result.plan)
        except PlanError as error:
            self.counters.refused_plans += 1
            self.last_refusal = str(error)
            return
        self.new_plan_durations.append(result.plan.seconds)
        self.counters.late_plans += has_plan and controller.control_step > due
        self.planning_duration = result.plan.seconds
        if self._assembly.latency is not None:
            self._assembly.latency.note(result.duration)
            controller.latency_steps = self._assembly.latency.steps
