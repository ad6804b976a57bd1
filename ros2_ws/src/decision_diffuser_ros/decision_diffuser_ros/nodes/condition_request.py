"""What the planner is asked for: an expression from `~/set_condition`, or skills from `~/set_skill`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from decision_diffuser_ros.errors import ConditionError
from decision_diffuser_ros.nodes.skill_request import SkillRequest
from decision_diffuser_ros.planner.conditions import Branch, Conditions, as_branches
from decision_diffuser_ros.planner.expression import ConditionExpression, Term
from decision_diffuser_ros.planner.expression_parser import parse
from decision_diffuser_ros.planner.feasibility import possible_expression
from decision_diffuser_ros.planner.manifest import Manifest

MOST_ROWS = 128
"""Of the network's batch for a plan: as many as the most candidates of one condition have. They take half a second of a
core with the shipped model of the gaits, and a process that makes no plan within `planner_process.hang_timeout`, by
default 1 s, is replaced."""


@dataclass(frozen=True)
class ConditionRequest:
    """An expression that the model knows and that does not contradict itself.

    Attributes:
        expression: in normal form.
        negation_weight: of a NOT that has no weight of its own.
    """

    expression: ConditionExpression
    negation_weight: float = 1.0

    @property
    def skills(self) -> tuple[str, ...]:
        """The names in it; none where there are several alternatives."""
        return tuple(str(term.value) for term in self._names())

    @property
    def weights(self) -> tuple[float, ...]:
        """The weight of each of `skills`, negative for one to be avoided."""
        return tuple(term.signed_weight(self.negation_weight) for term in self._names())

    @property
    def numbers(self) -> Mapping[str, float]:
        """The numbers that all alternatives ask for."""
        asked = [
            {term.kind: float(term.value) for term in alternative if term.is_number and term.is_wanted}
            for alternative in self.expression.alternatives
        ]
        return {kind: value for kind, value in asked[0].items() if all(other.get(kind) == value for other in asked)}

    def changed(
        self, *, skills: Sequence[str], weights: Sequence[float], number_names: Sequence[str], numbers: Sequence[float]
    ) -> SkillRequest:
        """Return the request after a call of `~/set_skill`: its skills instead; numbers that are not given stay.

        Raises:
            ConditionError: as `SkillRequest.changed`.
        """
        kept = SkillRequest(numbers=self.numbers)
        return kept.changed(skills=skills, weights=weights, number_names=number_names, numbers=numbers)

    def conditions(self, manifest: Manifest) -> tuple[Branch, ...]:
        """Return the conditions of each alternative; `manifest` is that of the model it was read for."""
        return self.expression.weighted_branches(self.negation_weight)

    def text(self) -> str:
        """Return the expression."""
        return str(self.expression)

    def _names(self) -> list[Term]:
        if len(self.expression.alternatives) > 1:
            return []
        return [term for term in self.expression.alternatives[0] if not term.is_number]


Request = ConditionRequest | SkillRequest


def require_few_rows(conditions: Conditions, *, candidates: int) -> None:
    """Refuse conditions for which no plan would be made in time.

    Args:
        conditions: of a request.
        candidates: plans of each alternative.

    Raises:
        ConditionError: the network's batch would have too many rows.
    """
    rows = candidates * sum(1 + len(branch) for branch in as_branches(conditions))
    if rows > MOST_ROWS:
        raise ConditionError(
            f"a plan would take a batch of {rows} rows: each alternative, and each of its terms, times `candidates`, "
            f"{candidates}. Expected at most {MOST_ROWS}; leave alternatives or terms out"
        )


class ReadRequest(NamedTuple):
    """A request, and what people should know about how it was read; may be empty."""

    request: ConditionRequest
    remark: str


def read_condition(text: str, manifest: Manifest, *, negation_weight: float) -> ReadRequest:
    """Return the request of an expression, without alternatives that contradict themselves.

    Args:
        text: see `expression_parser.parse`.
        manifest: of the model.
        negation_weight: of a NOT that has no weight of its own.

    Raises:
        ConditionError: it cannot be read, names what the model does not know, or cannot be fulfilled.
    """
    expression, dropped = possible_expression(parse(text, manifest))
    remark = f"left out what cannot be fulfilled: {'; '.join(map(str, dropped))}" if dropped else ""
    return ReadRequest(ConditionRequest(expression, negation_weight), remark)
