"""What a person wrote, as a tree, and its normal form: OR of AND of terms.

Negations are pushed inwards by De Morgan's laws and OR is distributed outwards (the disjunctive normal form). A weight
before brackets multiplies those inside. A term that is there twice counts once, with its larger weight; a NOT with a
weight takes the place of the same without, whose weight is for the model to say.
"""

import dataclasses
from collections.abc import Sequence

from decision_diffuser_ros.errors import ConditionError
from decision_diffuser_ros.planner.conditions import LARGEST_WEIGHT
from decision_diffuser_ros.planner.expression import Alternative, ConditionExpression, Term

MOST_ALTERNATIVES = 16
"""An expression with more is refused: each is a candidate that the network denoises at every step."""

MOST_TERMS = 32
"""Most terms of one alternative: each is a row of the network's batch."""


@dataclasses.dataclass(frozen=True)
class Node:
    """A part of what was written."""


@dataclasses.dataclass(frozen=True)
class Leaf(Node):
    """A name, or a number of a kind."""

    term: Term


@dataclasses.dataclass(frozen=True)
class Group(Node):
    """Several parts, joined by AND (`is_and`) or by OR."""

    parts: tuple[Node, ...]
    is_and: bool


@dataclasses.dataclass(frozen=True)
class Negation(Node):
    """NOT a part."""

    part: Node


@dataclasses.dataclass(frozen=True)
class Weighted(Node):
    """A part with a weight before it."""

    weight: float
    part: Node


def normal_form(tree: Node) -> ConditionExpression:
    """The expression that a tree means.

    Raises:
        ConditionError: it has too many alternatives or terms once OR is distributed, or weights multiply to too much.
    """
    alternatives = (tidy(alternative) for alternative in _expand(tree, is_negated=False, weight=None))
    return ConditionExpression(tuple(dict.fromkeys(alternatives)))


def _expand(node: Node, *, is_negated: bool, weight: float | None) -> list[Alternative]:
    """The alternatives of a part that stands under a negation and a weight or neither."""
    if isinstance(node, Leaf):
        return [(dataclasses.replace(node.term, weight=weight, is_negated=is_negated),)]
    if isinstance(node, Negation):
        return _expand(node.part, is_negated=not is_negated, weight=weight)
    if isinstance(node, Weighted):
        product = node.weight if weight is None else weight * node.weight
        if product > LARGEST_WEIGHT:
            raise ConditionError(f"the weights multiply to {product:g}; expected at most {LARGEST_WEIGHT:g}")
        return _expand(node.part, is_negated=is_negated, weight=product)
    if not isinstance(node, Group):
        raise TypeError(f"expected a part of an expression, got {type(node).__name__}")
    parts = [_expand(part, is_negated=is_negated, weight=weight) for part in node.parts]
    return _product(parts) if node.is_and != is_negated else _union(parts)


def _union(parts: Sequence[list[Alternative]]) -> list[Alternative]:
    found = list(dict.fromkeys(alternative for part in parts for alternative in part))
    require_few_alternatives(len(found))
    return found


def _product(parts: Sequence[list[Alternative]]) -> list[Alternative]:
    found: list[Alternative] = [()]
    for part in parts:
        found = list(dict.fromkeys(tidy((*before, *after)) for before in found for after in part))
        require_few_alternatives(len(found))
        if max(map(len, found)) > MOST_TERMS:
            raise ConditionError(f"expected at most {MOST_TERMS} terms joined by &, got more; leave some out")
    return found


def require_few_alternatives(count: int) -> None:
    """Raises ConditionError for more alternatives than `MOST_ALTERNATIVES`."""
    if count > MOST_ALTERNATIVES:
        raise ConditionError(
            f"expected at most {MOST_ALTERNATIVES} alternatives once | is distributed over &, got {count} or more; "
            "leave some out"
        )


def tidy(alternative: Alternative) -> Alternative:
    """Each term once, with its larger weight; a number that joins names has no weight of its own."""
    has_wanted_name = any(term.is_wanted and not term.is_number for term in alternative)
    found: dict[tuple[str, str | float, bool], Term] = {}
    for term in alternative:
        joins_names = term.is_number and term.is_wanted and has_wanted_name
        says_nothing = term.weight == 1.0 and not term.is_negated
        plain = dataclasses.replace(term, weight=None) if joins_names or says_nothing else term
        key = (plain.kind, plain.value, plain.is_negated)
        found[key] = max(found.get(key, plain), plain, key=_precedence)
    return tuple(found.values())


def _precedence(term: Term) -> tuple[bool, float]:
    """Of equal terms, the one with the most counts."""
    return term.is_negated and term.weight is not None, abs(term.signed_weight(1.0))
