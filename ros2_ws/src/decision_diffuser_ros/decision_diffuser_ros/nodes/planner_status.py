"""Writes the PlannerStatus message from what the node knows."""

from __future__ import annotations

import math

from decision_diffuser_msgs.msg import PlannerStatus

from decision_diffuser_ros.control.safe_controller import ControlMode
from decision_diffuser_ros.nodes.condition_request import Request
from decision_diffuser_ros.nodes.planner_session import PlannerSession
from decision_diffuser_ros.planner.expression import alternative_of, alternative_text

MODES = {
    ControlMode.WAITING: PlannerStatus.WAITING,
    ControlMode.ACTIVE: PlannerStatus.ACTIVE,
    ControlMode.HOLD: PlannerStatus.HOLD,
    ControlMode.DAMPING: PlannerStatus.DAMPING,
}


def empty_status(mode: int, message: str) -> PlannerStatus:
    """Return the status of a node without a model."""
    return PlannerStatus(mode=mode, message=message, plan_age=math.nan, planning_duration=math.nan)


def planner_status(session: PlannerSession, *, message: str) -> PlannerStatus:
    """Return the status of a configured node; `message` stands where the mode has no reason of its own."""
    assembly, stepper = session.assembly, session.stepper
    safe, counters = assembly.safe, stepper.counters
    status = PlannerStatus(
        mode=MODES[safe.decision.mode] if session.is_active else PlannerStatus.INACTIVE,
        model=assembly.manifest.name,
        message=_message(session, message),
        plan_condition=_plan_condition(session),
        plan_id=safe.plans_followed,
        plan_age=stepper.plan_age(),
        planning_duration=1000.0 * stepper.planning_duration,
        refused_joint_states=counters.refused_joint_states,
        refused_imus=counters.refused_imus,
        refused_object_poses=counters.refused_object_poses,
        refused_plans=counters.refused_plans,
        late_plans=counters.late_plans,
        stale_states=safe.watchdog.stale_count,
        planner_restarts=assembly.planner.restarts,
    )
    write_request(status, session.request)
    return status


def write_request(message: PlannerStatus, request: Request) -> None:
    """Write what is asked for into a message."""
    message.skills = list(request.skills)
    message.weights = list(request.weights)
    message.number_names = list(request.numbers)
    message.numbers = list(request.numbers.values())
    message.condition = request.text()


def _plan_condition(session: PlannerSession) -> str:
    """Return what the plan in use was sampled for: of alternatives the one that was chosen."""
    plan = session.assembly.safe.controller.plan
    return "" if plan is None else alternative_text(alternative_of(plan.conditions))


def _message(session: PlannerSession, message: str) -> str:
    """Return why the mode is what it is, and what was refused last."""
    reason = session.assembly.safe.decision.reason if session.is_active else ""
    refusal = f"last refused: {session.stepper.last_refusal}" if session.stepper.last_refusal else ""
    return "; ".join(part for part in (reason or message, refusal) if part)
