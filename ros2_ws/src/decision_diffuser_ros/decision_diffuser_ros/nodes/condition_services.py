"""The planner's services `~/set_skill`, `~/set_condition`, `~/set_constraints` and `~/list_skills`."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from decision_diffuser_msgs.srv import ListSkills, SetCondition, SetConstraints, SetSkill
from rclpy.node import Node

from decision_diffuser_ros.errors import ConditionError
from decision_diffuser_ros.nodes import qos
from decision_diffuser_ros.nodes.condition_request import Request
from decision_diffuser_ros.nodes.planner_session import NOTHING_ASKED, PlannerSession
from decision_diffuser_ros.nodes.skill_request import number_kinds, skill_names
from decision_diffuser_ros.nodes.stack_blocks import read_constraints

LOG_PERIOD = 0.2  # [s], at least between two refusals in the log
LONGEST_MESSAGE = 500  # characters of an answer that says why not


class _Answer(NamedTuple):
    """Whether what is asked for is in force from the next plan on, its text, and a remark or why not."""

    success: bool
    text: str
    message: str


class ConditionServices:
    """Serves them for whatever session the node has."""

    def __init__(
        self, node: Node, session: Callable[[], PlannerSession | None], *, on_change: Callable[[], None]
    ) -> None:
        """Advertise the services.

        Args:
            node: whose services they are.
            session: returns the node's session, None without one.
            on_change: called when something else is asked for.
        """
        self._node = node
        self._session = session
        self._on_change = on_change
        for kind, name, callback in (
            (SetSkill, "~/set_skill", self._set_skill),
            (SetCondition, "~/set_condition", self._set_condition),
            (SetConstraints, "~/set_constraints", self._set_constraints),
            (ListSkills, "~/list_skills", self._list_skills),
        ):
            node.create_service(kind, name, callback, qos_profile=qos.SERVICE)

    def _set_skill(self, request: SetSkill.Request, response: SetSkill.Response) -> SetSkill.Response:
        def read(session: PlannerSession) -> tuple[Request, str]:
            changed = session.request.changed(
                skills=request.skills,
                weights=request.weights,
                number_names=request.number_names,
                numbers=request.numbers,
            )
            return changed, ""

        answer = self._ask("set_skill", read)
        response.success, response.message = answer.success, answer.text or answer.message
        return response

    def _set_condition(self, request: SetCondition.Request, response: SetCondition.Response) -> SetCondition.Response:
        answer = self._ask("set_condition", lambda session: session.read_condition(request.expression))
        response.success, response.normalised, response.message = answer
        return response

    def _set_constraints(
        self, request: SetConstraints.Request, response: SetConstraints.Response
    ) -> SetConstraints.Response:
        answer = self._ask(
            "set_constraints",
            lambda session: read_constraints(request.constraints, session)[0],
            holds_without_condition=True,
        )
        response.success, response.normalised, response.message = answer
        return response

    def _ask(
        self,
        service: str,
        read: Callable[[PlannerSession], tuple[Request, str]],
        *,
        holds_without_condition: bool = False,
    ) -> _Answer:
        """Ask for what `read` returns with a remark; where it raises ConditionError nothing changes.

        Where `holds_without_condition`, to ask for nothing is to hold still, whatever the parameter of that name says.
        """
        session = self._session()
        if session is None:
            return _Answer(False, "", "no model is loaded yet; configure the node first")
        try:
            asked, remark = read(session)
            if holds_without_condition and not any(asked.conditions(session.assembly.manifest)):
                session.ask_for_nothing(NOTHING_ASKED)
            else:
                session.ask_for(asked)
        except ConditionError as error:
            reason = shortened(str(error))
            self._node.get_logger().warning(f"{service} refused: {reason}", throttle_duration_sec=LOG_PERIOD)
            return _Answer(False, "", reason)
        self._node.get_logger().info(f"asked for {asked.text()}" + (f"; {remark}" if remark else ""))
        self._on_change()
        return _Answer(True, asked.text(), remark)

    def _list_skills(self, request: ListSkills.Request, response: ListSkills.Response) -> ListSkills.Response:
        session = self._session()
        if session is None:
            return response
        manifest = session.assembly.manifest
        numbers = number_kinds(manifest)
        response.model = manifest.name
        response.skills = list(skill_names(manifest))
        response.number_names = [kind.kind for kind in numbers]
        response.number_limits = [kind.scale or 1.0 for kind in numbers]
        response.number_units = [kind.unit or "" for kind in numbers]
        response.active = list(session.request.skills)
        response.weights = list(session.request.weights)
        response.condition = session.request.text()
        return response


def shortened(text: str) -> str:
    """Return a text for people that holds all of what they sent, unless that is too long."""
    return text if len(text) <= LONGEST_MESSAGE else f"{text[:LONGEST_MESSAGE]}... ({len(text)} characters)"
