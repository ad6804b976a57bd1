"""A condition expression in normal form: alternatives (OR), each of which is terms to be fulfilled together (AND).

    trot & pace                        one alternative: Eq. 9 of Ajay 2023
    0.7*trot & 0.3*!bound              NOT is a negative weight: App. J
    pace | trot & forward_speed=0.5    two alternatives, sampled side by side, of which the better one is followed

What a text means is found by `expression_parser.parse`; `str` gives the text back, and that parses to an equal
expression. This module knows what the alternatives are for the planner.

A number has one value for a whole alternative. Models are trained with all kinds of condition side by side in one
branch of guidance, so it joins every name that is to be fulfilled, and takes that name's weight; where there is none,
or where it is negated, it is a condition by itself. Names to be avoided stand without the number.
"""

import dataclasses
import re

from decision_diffuser_ros.planner.conditions import Branch, Condition

UNCONDITIONED = "unconditioned"
"""The text of an expression that asks for nothing."""

NEGATION_WEIGHT = 1.0
"""How much a NOT counts against what is asked for (App. J: as much), unless the term has a weight of its own."""

_BARE_NAME = re.compile(r"[^\W\d][\w-]*( > [^\W\d][\w-]*)?")


@dataclasses.dataclass(frozen=True)
class Term:
    """One value of one kind of condition, asked for or to be avoided.

    Attributes:
        kind: of the condition, e.g. `skill`.
        value: a name as the model's manifest spells it, or a number in the kind's unit.
        weight: 0 to 100; None where none was given.
        is_negated: whether it is to be avoided.
    """

    kind: str
    value: str | float
    weight: float | None = None
    is_negated: bool = False

    @property
    def is_number(self) -> bool:
        """Whether the value is a number rather than a name."""
        return not isinstance(self.value, str)

    @property
    def counts(self) -> bool:
        """Whether the weight lets it have any effect."""
        return self.weight != 0.0

    @property
    def is_wanted(self) -> bool:
        """Whether it is to be fulfilled: neither negated nor without weight."""
        return self.counts and not self.is_negated

    def signed_weight(self, negation_weight: float) -> float:
        """The weight in the sum of Eq. 9; negative for a term to be avoided."""
        if self.is_negated:
            return -(negation_weight if self.weight is None else self.weight)
        return 1.0 if self.weight is None else self.weight

    def __str__(self) -> str:
        weight = "" if self.weight is None else f"{number_text(self.weight)}*"
        if isinstance(self.value, str):
            text = spelled(self.value)
            needs_brackets = self.is_negated and ">" in text and not text.startswith('"')
        else:
            text = f"{spelled(self.kind)}={number_text(self.value)}"
            needs_brackets = self.is_negated or self.weight is not None
        return f"{weight}{'!' if self.is_negated else ''}{f'({text})' if needs_brackets else text}"


Alternative = tuple[Term, ...]


@dataclasses.dataclass(frozen=True)
class DroppedAlternative:
    """An alternative that cannot be fulfilled, and why."""

    alternative: Alternative
    reason: str

    def __str__(self) -> str:
        return f"{alternative_text(self.alternative)}: {self.reason}"


@dataclasses.dataclass(frozen=True)
class ConditionExpression:
    """What is asked for: one of the alternatives, and all terms of it.

    Attributes:
        alternatives: at least one; one without terms asks for nothing.
        dropped: alternatives that were asked for, too, and left out in the normal form.
    """

    alternatives: tuple[Alternative, ...] = ((),)
    dropped: tuple[DroppedAlternative, ...] = dataclasses.field(default=(), compare=False)

    @property
    def branches(self) -> tuple[Branch, ...]:
        """The conditions of each alternative, a NOT with the default weight; see `weighted_branches`."""
        return self.weighted_branches(NEGATION_WEIGHT)

    def weighted_branches(self, negation_weight: float) -> tuple[Branch, ...]:
        """The conditions of each alternative, for `Planner.plan`.

        Args:
            negation_weight: of a NOT that has no weight of its own.
        """
        return tuple(branch_of(alternative, negation_weight) for alternative in self.alternatives)

    def __str__(self) -> str:
        return " | ".join(alternative_text(alternative) for alternative in self.alternatives)


def branch_of(alternative: Alternative, negation_weight: float = NEGATION_WEIGHT) -> Branch:
    """The conditions of one alternative: a number joins every wanted name, see the module."""
    shared = {term.kind: term.value for term in alternative if term.is_number and term.is_wanted}
    has_wanted_name = any(term.is_wanted and not term.is_number for term in alternative)
    conditions = []
    for term in alternative:
        joins_names = term.is_number and term.is_wanted and has_wanted_name
        if joins_names:
            continue
        values = {term.kind: term.value}
        if term.is_wanted and not term.is_number:
            values |= shared
        conditions.append(Condition(values, weight=term.signed_weight(negation_weight)))
    return tuple(conditions)


def alternative_of(branch: Branch) -> Alternative:
    """The terms of conditions, such that `branch_of` makes the same conditions of them again.

    Numbers that names share stand once, after them. Conditions that no expression makes, such as two names with
    different values of one number, become terms for people to read all the same.
    """
    names: list[Term] = []
    numbers: list[Term] = []
    for condition in branch:
        weight = abs(condition.weight)
        is_negated = condition.weight < 0.0
        own_weight = None if weight == 1.0 and not is_negated else weight
        own_names = [kind for kind, value in condition.values.items() if isinstance(value, str)]
        for kind, value in condition.values.items():
            joins_name = bool(own_names) and kind not in own_names
            term = Term(kind, value, None if joins_name else own_weight, is_negated and not joins_name)
            (numbers if joins_name else names).append(term)
    return tuple(dict.fromkeys([*names, *numbers]))


def alternative_text(alternative: Alternative) -> str:
    """The terms as text."""
    return " & ".join(map(str, alternative)) or UNCONDITIONED


def number_text(number: float) -> str:
    """The shortest text that is read back as the same number."""
    return repr(float(number)).removesuffix(".0")


def normalised_name(text: str) -> str:
    """A name with its white space as in `red > blue`, which is how names are compared."""
    return re.sub(r"\s*>\s*", " > ", " ".join(text.split()))


def spelled(name: str) -> str:
    """A name as it stands in an expression: in quotes unless it is a word or a relation of two words."""
    normalised = normalised_name(name)
    is_bare = _BARE_NAME.fullmatch(normalised) is not None and normalised != UNCONDITIONED
    return normalised if is_bare else f'"{normalised}"'
