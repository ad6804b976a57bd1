"""Which alternatives of a condition expression cannot be fulfilled, known by logic before anything is sampled.

An alternative contradicts itself if it holds

- a term and its negation: `trot & !trot`;
- two values of one number: `return=0.2 & return=0.9`;
- relations that close a circle: `red > blue & blue > green & green > red`. "Above" orders things by height, so
  `!(red > green)` says that green is at least as high as red, and `red > blue & blue > green & !(red > green)` closes a
  circle too. Without a strict relation in it a circle is possible: all are equally high.

Several names of one kind do not contradict each other: skills compose.
"""

import dataclasses
import itertools
from collections import deque
from typing import NamedTuple

from decision_diffuser_ros.errors import ConditionError
from decision_diffuser_ros.planner.expression import (
    Alternative,
    ConditionExpression,
    DroppedAlternative,
    Term,
    normalised_name,
)


class PossibleExpression(NamedTuple):
    """What is left of an expression: alternatives that can be fulfilled as far as logic knows, and the others."""

    expression: ConditionExpression
    dropped: tuple[DroppedAlternative, ...]


def possible_expression(expression: ConditionExpression) -> PossibleExpression:
    """The expression without the alternatives that contradict themselves; what its normal form left out is told, too.

    Raises:
        ConditionError: no alternative is left; the message says why.
    """
    reasons = [contradiction(alternative) for alternative in expression.alternatives]
    pairs = list(zip(expression.alternatives, reasons, strict=True))
    contradicting = [DroppedAlternative(alternative, reason) for alternative, reason in pairs if reason is not None]
    dropped = (*expression.dropped, *contradicting)
    left = tuple(alternative for alternative, reason in pairs if reason is None)
    if not left:
        told = [*map(str, expression.dropped), *(each.reason for each in contradicting)]
        raise ConditionError(f"'{expression}' cannot be fulfilled: {'; '.join(told)}")
    return PossibleExpression(ConditionExpression(left), dropped)


def contradiction(alternative: Alternative) -> str | None:
    """Why the terms of an alternative cannot hold together; None if logic knows of no reason."""
    terms = [term for term in alternative if term.counts]
    return _own_negation(terms) or _two_values(terms) or _circle(terms)


def _own_negation(terms: list[Term]) -> str | None:
    wanted = {(term.kind, term.value): term for term in terms if term.is_wanted}
    for term in terms:
        opposite = wanted.get((term.kind, term.value))
        if term.is_negated and opposite is not None:
            return _contradict([opposite, term])
    return None


def _two_values(terms: list[Term]) -> str | None:
    numbers = [term for term in terms if term.is_number and term.is_wanted]
    for one, other in itertools.combinations(numbers, 2):
        if one.kind == other.kind:
            return f"{_plain(one)} and {_plain(other)} contradict each other: {one.kind} has one value"
    return None


class _Order(NamedTuple):
    """`higher` is above `lower`, or if not strict at least as high, because a term says so."""

    higher: tuple[str, str]
    lower: tuple[str, str]
    term: Term

    @property
    def is_strict(self) -> bool:
        return not self.term.is_negated


def _circle(terms: list[Term]) -> str | None:
    """Why the relations among the terms cannot be ordered by height; None if they can."""
    orders = [order for term in terms if (order := _order(term)) is not None]
    for strict in filter(lambda order: order.is_strict, orders):
        way_back = _shortest_way(orders, strict.lower, strict.higher)
        if way_back is not None:
            return _contradict([strict.term, *(order.term for order in way_back)])
    return None


def _order(term: Term) -> _Order | None:
    """What a relation such as `red > blue` says; None for a name that is no relation."""
    if not isinstance(term.value, str):
        return None
    words = normalised_name(term.value).split(" > ")
    if len(words) != 2:
        return None
    one, other = ((term.kind, word) for word in words)
    return _Order(other, one, term) if term.is_negated else _Order(one, other, term)


def _shortest_way(orders: list[_Order], start: tuple[str, str], goal: tuple[str, str]) -> list[_Order] | None:
    """The fewest orders that lead from `start` down to `goal`, by breadth-first search; None if none do."""
    ways: dict[tuple[str, str], list[_Order]] = {start: []}
    waiting = deque([start])
    while waiting:
        place = waiting.popleft()
        if place == goal:
            return ways[place]
        for order in orders:
            if order.higher == place and order.lower not in ways:
                ways[order.lower] = [*ways[place], order]
                waiting.append(order.lower)
    return None


def _contradict(terms: list[Term]) -> str:
    *firsts, last = (_plain(term) for term in terms)
    return f"{', '.join(firsts)} and {last} contradict each other" if firsts else f"{last} contradicts itself"


def _plain(term: Term) -> str:
    return str(dataclasses.replace(term, weight=None))
