"""From a text to a condition expression: `parse("0.7*trot & 0.3*bound | pace", manifest)`.

The grammar is `expression.lark`. Names are those of the model's manifest, with any white space around `>`; a name that
is not a word, or a relation of two words, stands in double quotes. What cannot be read, or is not in the model, is an
`ExpressionError`, which knows the place.
"""

from __future__ import annotations

import functools
import itertools
import re
from typing import Any

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedInput, VisitError

from decision_diffuser_ros.errors import ConditionError
from decision_diffuser_ros.planner.complement import with_names_left
from decision_diffuser_ros.planner.conditions import LARGEST_WEIGHT
from decision_diffuser_ros.planner.expression import (
    UNCONDITIONED,
    ConditionExpression,
    Term,
    normalised_name,
    spelled,
)
from decision_diffuser_ros.planner.expression_tree import (
    Group,
    Leaf,
    Negation,
    Node,
    Weighted,
    normal_form,
    require_few_alternatives,
)
from decision_diffuser_ros.planner.manifest import Manifest
from decision_diffuser_ros.planner.manifest_records import ConditionKind

LONGEST_TEXT = 1000
"""Most characters of an expression."""

MOST_OPERATORS = 100
"""Most brackets, negations and weights, so that no nesting is too deep to follow."""

_SHOWN_TEXT = 60
_TOKEN_NAMES = {
    "WORD": "a name",
    "QUOTED": "a name in quotes",
    "NUMBER": "a number",
    "LPAR": "'('",
    "RPAR": "')'",
    "BANG": "'!'",
    "VBAR": "'|'",
    "AMPERSAND": "'&'",
    "STAR": "'*'",
    "EQUAL": "'='",
    "MORETHAN": "'>'",
    "$END": "the end",
}


class ExpressionError(ConditionError):
    """An expression that cannot be read, or that asks for what the model does not know.

    Attributes:
        text: the expression.
        position: index of the character at fault; None where there is none.
        reason: what is wrong with it.
    """

    def __init__(self, reason: str, text: str, position: int | None = None) -> None:
        self.text, self.position, self.reason = text, position, reason
        where = "" if position is None else f"at character {position + 1} of {_shown(text, position)}: "
        super().__init__(f"{where}{reason}")

    def __reduce__(self) -> tuple[type[ExpressionError], tuple[str, str, int | None]]:
        """What makes it again where a process of its own has raised it."""
        return type(self), (self.reason, self.text, self.position)

    @property
    def marked(self) -> str:
        """The error in three lines for a terminal: the expression, a caret below the place, the reason."""
        line = self.text.translate({ord(blank): " " for blank in "\t\n\r\v\f"})
        caret = "" if self.position is None else f"\n{' ' * self.position}^"
        return f"{line}{caret}\n{self.reason}"


def parse(text: str, manifest: Manifest) -> ConditionExpression:
    """The expression of a text, in normal form.

    Args:
        text: e.g. `trot & pace`, `red > blue & !(blue > red)`, `trot & return=0.9`; empty or `unconditioned` to ask for
            nothing.
        manifest: of the model whose names are meant.

    Raises:
        ConditionError: the text cannot be read, names what the model does not know, or has too many alternatives;
            wherever there is a place to point at, it is an `ExpressionError`.
    """
    if len(text) > LONGEST_TEXT:
        raise ConditionError(f"expected an expression of at most {LONGEST_TEXT} characters, got {len(text)}")
    if text.strip() in ("", UNCONDITIONED):
        return ConditionExpression()
    if len(re.findall(r"[(!*]", text)) > MOST_OPERATORS:
        raise ConditionError(f"expected an expression with at most {MOST_OPERATORS} of (, ! and *, got more")
    try:
        tree = _grammar().parse(text)
        expression = normal_form(_TreeBuilder(text, manifest).transform(tree))
    except VisitError as error:
        if isinstance(error.orig_exc, ConditionError):
            raise error.orig_exc from None
        raise
    except UnexpectedInput as error:
        raise _syntax_error(error, text) from None
    expression = with_names_left(expression, manifest.conditions)
    require_few_alternatives(len(expression.alternatives))
    return expression


@functools.cache
def _grammar() -> Lark:
    return Lark.open("expression.lark", rel_to=__file__, parser="lalr", propagate_positions=False)


@v_args(inline=True)
class _TreeBuilder(Transformer):
    """Turns what the grammar found into a tree of what the model knows."""

    def __init__(self, text: str, manifest: Manifest) -> None:
        super().__init__()
        self._text = text
        self._model_name = manifest.name
        self._kinds = manifest.conditions
        self._choices: dict[str, list[tuple[str, str]]] = {}
        for kind in manifest.conditions:
            for name in kind.names:
                self._choices.setdefault(normalised_name(name), []).append((kind.kind, name))

    # What each rule of the grammar, or each alias of one, makes of its parts.

    def disjunction(self, *parts: Node) -> Node:
        """OR."""
        return Group(parts, is_and=False)

    def conjunction(self, *parts: Node) -> Node:
        """AND."""
        return Group(parts, is_and=True)

    def negation(self, part: Node) -> Node:
        """NOT."""
        return Negation(part)

    def weighted(self, number: Token, part: Node) -> Node:
        """A weight before a part."""
        weight = float(number)
        if not 0.0 <= weight <= LARGEST_WEIGHT:
            remedy = "; what is to be avoided is written !name" if weight < 0.0 else ""
            raise self._error(f"a weight must be a number from 0 to {LARGEST_WEIGHT:g}, got {number}{remedy}", number)
        return Weighted(weight, part)

    def number(self, name: Token, number: Token) -> Node:
        """A value for a kind that is a number."""
        wanted = _unquoted(name)
        kind = next((kind for kind in self._kinds if kind.kind == wanted and not kind.is_choice), None)
        if kind is None and self._names(wanted):
            raise self._error(f"'{wanted}' takes no number; write {spelled(wanted)}", name)
        if kind is None:
            raise self._unknown(wanted, name)
        value = float(number)
        if not 0.0 <= value <= kind.largest:
            raise self._error(f"{kind.kind} must be a number from 0 to {_with_unit(kind)}, got {number}", number)
        return Leaf(Term(kind.kind, value))

    def name(self, *words: Token) -> Node:
        """A name, a relation of two words, or a chain of relations."""
        wanted = " > ".join(_unquoted(word) for word in words)
        if len(words) > 2 and not self._names(wanted):
            return Group(tuple(self.name(*pair) for pair in itertools.pairwise(words)), is_and=True)
        found = self._names(wanted)
        if not found:
            raise self._unknown(wanted, words[0])
        if len(found) > 1:
            kinds = " and ".join(kind for kind, _ in found)
            raise self._error(f"'{wanted}' is a name of {kinds} alike, which cannot be told apart", words[0])
        ((kind, value),) = found
        return Leaf(Term(kind, value))

    def _names(self, wanted: str) -> list[tuple[str, str]]:
        return self._choices.get(normalised_name(wanted), [])

    def _unknown(self, wanted: str, token: Token) -> ExpressionError:
        numbers = [kind for kind in self._kinds if not kind.is_choice]
        if wanted in [kind.kind for kind in numbers]:
            return self._error(f"'{wanted}' needs a number; write {spelled(wanted)}=0", token)
        listed = [spelled(name) for name in sorted(self._choices)]
        listed += [f"{spelled(kind.kind)}=0 to {_with_unit(kind)}" for kind in numbers]
        reason = f"'{wanted}' is not in model '{self._model_name}'; available: {', '.join(listed) or 'none'}"
        return self._error(reason, token)

    def _error(self, reason: str, token: Token) -> ExpressionError:
        return ExpressionError(reason, self._text, token.start_pos)


def _syntax_error(error: UnexpectedInput, text: str) -> ExpressionError:
    """The error of lark in our words."""
    token = getattr(error, "token", None)
    # Of a token that does not fit, `expected` is what some other text might go on with here, too.
    expected: Any = next(filter(None, (getattr(error, name, None) for name in ("accepts", "expected", "allowed"))), ())
    accepted = ", ".join(sorted(_TOKEN_NAMES.get(name, name) for name in expected))
    if token is not None and token.type == "$END":
        return ExpressionError(f"it ends where more is expected: {accepted}", text, len(text.rstrip()))
    position = int(error.pos_in_stream)
    got = str(token) if token is not None else text[position]
    return ExpressionError(f"expected {accepted}; got {got!r}", text, position)


def _unquoted(token: Token) -> str:
    return token[1:-1] if token.type == "QUOTED" else str(token)


def _with_unit(kind: ConditionKind) -> str:
    return f"{kind.largest:g} [{kind.unit}]"


def _shown(text: str, position: int) -> str:
    """The text in quotes, of a long one the part around a position, with dots where something is left out."""
    begin = max(0, min(position - _SHOWN_TEXT // 2, len(text) - _SHOWN_TEXT))
    end = begin + _SHOWN_TEXT
    return repr(f"{'...' if begin > 0 else ''}{text[begin:end]}{'...' if end < len(text) else ''}")
