"""NOT of a skill as OR of the others: what is to be avoided leaves open what to do instead.

Demonstrations show one skill at every step, and no step without. So plans that are not a bound are plans for a trot or
a pace, and nothing else:

    p(x | not bound)  =  p(trot | not bound) p(x | trot) + p(pace | not bound) p(x | pace)

which is what alternatives are sampled from. App. J of Ajay 2023 has p(x) / p(x | bound) in its place, up to powers.
That says nothing where the robot bounds already: p(x) is nearly p(x | bound) there, and their ratio nearly constant.

It holds for kinds whose names exclude each other, and where nothing of that kind is asked for and no NOT of it has a
weight of its own. Everything else is a negative weight: `trot & !bound`, `0.5*!bound`, `!(red > blue)`.
"""

from collections.abc import Iterable

from decision_diffuser_ros.errors import ConditionError
from decision_diffuser_ros.planner.expression import Alternative, ConditionExpression, Term, alternative_text
from decision_diffuser_ros.planner.expression_tree import tidy
from decision_diffuser_ros.planner.manifest_records import ConditionKind


def with_names_left(expression: ConditionExpression, kinds: Iterable[ConditionKind]) -> ConditionExpression:
    """The expression with alternatives for the names that are left, in place of those to be avoided.

    Args:
        expression: in normal form.
        kinds: of the model.

    Raises:
        ConditionError: an alternative avoids every name of a kind.
    """
    alternatives = list(expression.alternatives)
    for kind in kinds:
        if kind.is_exclusive:
            alternatives = [each for alternative in alternatives for each in _expanded(alternative, kind)]
    return ConditionExpression(tuple(dict.fromkeys(map(tidy, alternatives))))


def _expanded(alternative: Alternative, kind: ConditionKind) -> tuple[Alternative, ...]:
    """An alternative for each name that is left; the one that is given where that is not said."""
    names = [term for term in alternative if term.kind == kind.kind]
    if not names or not all(term.is_negated and term.weight is None for term in names):
        return (alternative,)
    avoided = {term.value for term in names}
    left = [name for name in kind.names if name not in avoided]
    if not left:
        raise ConditionError(
            f"'{alternative_text(alternative)}' avoids every {kind.kind} of the model; leave one of them: "
            f"{', '.join(sorted(kind.names))}"
        )
    place = alternative.index(names[0])
    rest = tuple(term for term in alternative[place:] if term not in names)
    return tuple((*alternative[:place], Term(kind.kind, name), *rest) for name in left)
