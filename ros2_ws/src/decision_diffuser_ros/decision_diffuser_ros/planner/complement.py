"""NOT of a skill as OR of the others: what is to be avoided leaves open what to do instead.

Demonstrations show one skill at every step, and no step without. So plans that are not a bound are plans for a trot or
a pace, and nothing else:

    p(x | not bound)  =  p(trot | not bound) p(x | trot) + p(pace | not bound) p(x | pace)

which is what alternatives are sampled from, of which OR takes the likelier. App. J of Ajay 2023 has p(x) / p(x | bound)
in its place, up to powers. That says nothing where the robot bounds already: p(x) is nearly p(x | bound) there, and
their ratio nearly constant.

An alternative that avoids every name of such a kind leaves nothing, and is left out.

It holds for kinds whose names exclude each other, and where nothing of that kind is asked for and no NOT of it has a
weight of its own. Everything else is a negative weight: `trot & !bound`, `0.5*!bound`, `!(red > blue)`.
"""

from collections.abc import Iterable

from decision_diffuser_ros.errors import ConditionError
from decision_diffuser_ros.planner.expression import (
    Alternative,
    ConditionExpression,
    DroppedAlternative,
    Term,
    alternative_text,
)
from decision_diffuser_ros.planner.expression_tree import tidy
from decision_diffuser_ros.planner.manifest_records import ConditionKind


def with_names_left(expression: ConditionExpression, kinds: Iterable[ConditionKind]) -> ConditionExpression:
    """The expression with alternatives for the names that are left, in place of those to be avoided.

    Args:
        expression: in normal form.
        kinds: of the model.

    Raises:
        ConditionError: every alternative avoids every name of a kind.
    """
    alternatives, dropped = list(expression.alternatives), list(expression.dropped)
    for kind in kinds:
        if kind.is_exclusive:
            left = [_expanded(alternative, kind) for alternative in alternatives]
            without_names = [each for each, names in zip(alternatives, left, strict=True) if not names]
            dropped += [DroppedAlternative(alternative, _reason(kind)) for alternative in without_names]
            alternatives = [each for names in left for each in names]
    if not alternatives:
        raise ConditionError("; ".join(f"'{alternative_text(each.alternative)}' {each.reason}" for each in dropped))
    return ConditionExpression(tuple(dict.fromkeys(map(tidy, alternatives))), tuple(dropped))


def _reason(kind: ConditionKind) -> str:
    names = ", ".join(sorted(kind.names))
    return f"avoids every {kind.kind} of the model; leave one of them: {names}"


def _expanded(alternative: Alternative, kind: ConditionKind) -> tuple[Alternative, ...]:
    """An alternative for each name that is left, none if none is; the one that is given where that is not said."""
    names = [term for term in alternative if term.kind == kind.kind]
    if not names or not all(term.is_negated and term.weight is None for term in names):
        return (alternative,)
    avoided = {term.value for term in names}
    place = alternative.index(names[0])
    rest = tuple(term for term in alternative[place:] if term not in names)
    return tuple((*alternative[:place], Term(kind.kind, name), *rest) for name in kind.names if name not in avoided)
