"""The expression language: what is written means what it says, prints, and parses back to the same."""

import itertools
import pickle
import string
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decision_diffuser_ros.errors import ConditionError
from decision_diffuser_ros.planner.conditions import Condition, ConditionEncoder, as_branches
from decision_diffuser_ros.planner.expression import (
    ConditionExpression,
    Term,
    alternative_of,
    alternative_text,
    branch_of,
)
from decision_diffuser_ros.planner.expression_parser import ExpressionError, parse
from decision_diffuser_ros.planner.expression_tree import MOST_ALTERNATIVES
from decision_diffuser_ros.planner.manifest import Manifest
from decision_diffuser_ros.planner.manifest_records import ConditionKind
from tests.bundles import make_quadruped_bundle, make_tiny_bundle

BLOCKS = ("red", "green", "blue", "yellow")
CONSTRAINTS = tuple(f"{one} > {other}" for one, other in itertools.permutations(BLOCKS, 2))


@pytest.fixture(scope="module")
def gaits(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return Manifest.read(make_quadruped_bundle(tmp_path_factory.mktemp("gaits")) / "manifest.json")


@pytest.fixture(scope="module")
def blocks(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    kinds = (
        ConditionKind("constraint", names=CONSTRAINTS),
        ConditionKind("style", names=("slow and safe", "2nd", "unconditioned")),
        ConditionKind("return", scale=1.0, unit="1"),
    )
    return Manifest.read(make_tiny_bundle(tmp_path_factory.mktemp("blocks"), conditions=kinds) / "manifest.json")


def skill(name: str, weight: float = 1.0, **numbers: float) -> Condition:
    return Condition({"skill": name, **numbers}, weight=weight)


def parsed_or_refused(text: str, manifest: Manifest) -> ConditionExpression | ConditionError:
    try:
        return parse(text, manifest)
    except ConditionError as error:
        return error


def constraint(name: str, weight: float = 1.0) -> Condition:
    return Condition({"constraint": name}, weight=weight)


GAIT_MEANINGS = [
    ("trot & pace", ((skill("trot"), skill("pace")),)),
    ("0.7*trot & 0.3*bound", ((skill("trot", 0.7), skill("bound", 0.3)),)),
    ("pace | bound", ((skill("pace"),), (skill("bound"),))),
    ("!bound", ((skill("trot"),), (skill("pace"),))),
    ("trot & !bound", ((skill("trot"), skill("bound", -1.0)),)),
    ("1*!bound", ((skill("bound", -1.0),),)),
    ("0.3*!bound", ((skill("bound", -0.3),),)),
    ("!0.3*bound", ((skill("bound", -0.3),),)),
    ("trot & forward_speed=0.5", ((skill("trot", forward_speed=0.5),),)),
    ("forward_speed=.5", ((Condition({"forward_speed": 0.5}),),)),
    # A number joins every wanted name, and no avoided one.
    (
        "0.7*trot & pace & !bound & forward_speed=0.5",
        ((skill("trot", 0.7, forward_speed=0.5), skill("pace", forward_speed=0.5), skill("bound", -1.0)),),
    ),
    ("!bound & forward_speed=0.5", ((skill("trot", forward_speed=0.5),), (skill("pace", forward_speed=0.5),))),
    ("0.3*!bound & forward_speed=0.5", ((skill("bound", -0.3), Condition({"forward_speed": 0.5})),)),
    ("trot & !(forward_speed=0.1)", ((skill("trot"), Condition({"forward_speed": 0.1}, weight=-1.0)),)),
    ("(pace | bound) & forward_speed=1", ((skill("pace", forward_speed=1.0),), (skill("bound", forward_speed=1.0),))),
    ("0.5*forward_speed=1", ((Condition({"forward_speed": 1.0}, weight=0.5),),)),
    ("0.5*(trot & forward_speed=1)", ((skill("trot", 0.5, forward_speed=1.0),),)),
    # The end of a slider: the other gait stays, without effect.
    ("0*trot & 1*pace", ((skill("trot", 0.0), skill("pace")),)),
    ("0*trot & forward_speed=1", ((skill("trot", 0.0), Condition({"forward_speed": 1.0})),)),
    ("", ((),)),
    ("unconditioned", ((),)),
]


@pytest.mark.parametrize("text, branches", GAIT_MEANINGS)
def test_an_expression_becomes_conditions(gaits: Manifest, text: str, branches: tuple) -> None:
    assert parse(text, gaits).branches == branches
    for condition in itertools.chain(*branches):
        ConditionEncoder(gaits).encode(condition)


NORMAL_FORMS = [
    ("trot&pace", "trot & pace"),
    (" 2 * 0.5*trot  ", "trot"),
    ("1*!trot", "1*!trot"),
    ("!!trot", "trot"),
    # Of skills, one is walked: what one may not do leaves the others.
    ("!trot", "pace | bound"),
    ("!(trot & pace)", "pace | bound | trot"),
    ("!(trot | pace)", "bound"),
    ("!bound & !trot & pace", "!bound & !trot & pace"),
    ("!bound & 0.5*!trot", "!bound & 0.5*!trot"),
    ("!trot & 0.5*forward_speed=0.5", "pace & forward_speed=0.5 | bound & forward_speed=0.5"),
    ("trot & (pace | !bound)", "trot & pace | trot & !bound"),
    ("2*(trot | 0.5*!pace)", "2*trot | 1*!pace"),
    ("trot & trot & 3*trot", "3*trot"),
    # Of a NOT, a weight of its own counts, wherever it stands and however small.
    ("!bound & 0.5*!bound", "0.5*!bound"),
    ("1*!bound & !bound", "1*!bound"),
    ("!bound & 1*!bound", "1*!bound"),
    ("0.2*!bound & !bound & 0.3*!bound", "0.3*!bound"),
    ("trot | trot", "trot"),
    ("pace & 0.5*forward_speed=0.50", "pace & forward_speed=0.5"),
    ("0.5*forward_speed=1", "0.5*(forward_speed=1)"),
    ('"trot"', "trot"),
    ("", "unconditioned"),
]


@pytest.mark.parametrize("text, normal_form", NORMAL_FORMS)
def test_an_expression_has_a_normal_form(gaits: Manifest, text: str, normal_form: str) -> None:
    expression = parse(text, gaits)
    assert str(expression) == normal_form
    assert parse(normal_form, gaits) == expression


def test_constraints_are_named_as_relations_with_any_white_space(blocks: Manifest) -> None:
    expression = parse("red>blue & green   >\tblue & !(blue > red)", blocks)
    assert str(expression) == "red > blue & green > blue & !(blue > red)"
    (branch,) = expression.branches
    assert branch == (constraint("red > blue"), constraint("green > blue"), constraint("blue > red", -1.0))


def test_a_chain_is_the_relations_of_its_neighbours(blocks: Manifest) -> None:
    assert str(parse("red > green > blue", blocks)) == "red > green & green > blue"
    assert str(parse("!red > green > blue", blocks)) == "!(red > green) | !(green > blue)"


def test_a_name_that_is_no_word_stands_in_quotes(blocks: Manifest) -> None:
    expression = parse('"slow  and safe" & "2nd" & !"unconditioned" & "red > blue"', blocks)
    assert str(expression) == '"slow and safe" & "2nd" & !"unconditioned" & red > blue'
    assert expression.branches[0][0] == Condition({"style": "slow and safe"})


def test_the_condition_has_the_name_as_the_manifest_spells_it(tmp_path: Path) -> None:
    kinds = (ConditionKind("constraint", names=("red>blue",)),)
    manifest = Manifest.read(make_tiny_bundle(tmp_path, conditions=kinds) / "manifest.json")
    expression = parse("red > blue", manifest)
    assert expression.branches == ((constraint("red>blue"),),)
    assert str(expression) == "red > blue"


def test_a_negation_without_weight_has_the_one_that_is_set(gaits: Manifest) -> None:
    expression = parse("trot & !pace & 0.3*!bound", gaits)
    weights = [condition.weight for condition in expression.weighted_branches(0.5)[0]]
    assert weights == [1.0, -0.5, -0.3]


REFUSED = [
    ("trot & & pace", 7, "expected '!', '\\(', a name, a name in quotes, a number; got '&'"),
    ("trot &", 6, "it ends where more is expected: '!', '\\(', a name"),
    ("(trot ", 5, r"it ends where more is expected: '\)'"),
    ("trot pace", 5, "expected '&', '=', '>', '\\|', the end; got 'pace'"),
    ("(trot pace", 6, "expected '&', '\\)', '=', '>', '\\|'; got 'pace'"),
    ("trot @ pace", 5, "got '@'"),
    (")", 0, r"got '\)'"),
    ("trot & galop", 7, "'galop' is not in model .*; available: bound, pace, trot, forward_speed=0 to 1.1 .m/s."),
    ("red > blue", 0, "'red > blue' is not in model 'quadruped_gaits'"),
    ("height=1", 0, "'height' is not in model"),
    ("trot=1", 0, "'trot' takes no number; write trot"),
    ("trot & forward_speed", 7, "'forward_speed' needs a number; write forward_speed=0"),
    ("forward_speed=fast", 14, "expected a number; got 'fast'"),
    ("forward_speed=1.2", 14, r"forward_speed must be a number from 0 to 1.1 \[m/s\], got 1.2"),
    ("forward_speed=1e999", 14, "forward_speed must be a number from 0 to 1.1"),
    ("forward_speed=-1", 14, "forward_speed must be a number from 0 to 1.1"),
    ("trot & -0.3*bound", 7, "a weight must be a number from 0 to 100, got -0.3; .* is written !name"),
    ("1e999*bound", 0, "a weight must be a number from 0 to 100, got 1e999$"),
    ("trot & 101*bound", 7, "a weight must be a number from 0 to 100, got 101$"),
]


@pytest.mark.parametrize("text, position, message", REFUSED)
def test_what_cannot_be_read_is_refused_with_its_place(gaits: Manifest, text: str, position: int, message: str) -> None:
    with pytest.raises(ExpressionError, match=message) as caught:
        parse(text, gaits)
    assert caught.value.position == position
    assert str(caught.value).startswith(f"at character {position + 1} of {text!r}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "before, after, excerpt",
    [
        (0, 0, "galop"),
        (0, 20, "galop & trot & trot & trot & trot & trot & trot & trot & tro..."),
        (20, 0, "...rot & trot & trot & trot & trot & trot & trot & trot & galop"),
        (20, 20, "...& trot & trot & trot & trot & galop & trot & trot & trot & t..."),
    ],
)
def test_of_a_long_expression_an_error_shows_the_place(gaits: Manifest, before: int, after: int, excerpt: str) -> None:
    text = " & ".join(["trot"] * before + ["galop"] + ["trot"] * after)
    with pytest.raises(ExpressionError, match="'galop' is not in model") as caught:
        parse(text, gaits)
    assert str(caught.value).startswith(f"at character {7 * before + 1} of {excerpt!r}: ")
    assert caught.value.marked.startswith(f"{text}\n")


def test_an_error_points_at_the_place(gaits: Manifest) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse("trot &\n(pace | galop)", gaits)
    expression, caret, reason = caught.value.marked.splitlines()
    assert expression == "trot & (pace | galop)"
    assert caret == "               ^"
    assert reason.startswith("'galop' is not in model")


def test_a_name_of_two_kinds_is_refused(tmp_path: Path) -> None:
    kinds = (ConditionKind("skill", names=("up",)), ConditionKind("constraint", names=("up",)))
    manifest = Manifest.read(make_tiny_bundle(tmp_path, conditions=kinds) / "manifest.json")
    with pytest.raises(ExpressionError, match="'up' is a name of skill and constraint alike"):
        parse("up", manifest)


TOO_MUCH = [
    ("trot & " * 200 + "trot", "at most 1000 characters, got 1404"),
    ("!" * 101 + "trot", r"at most 100 of \(, ! and \*"),
    ("20*(20*trot)", "the weights multiply to 400; expected at most 100"),
]


@pytest.mark.parametrize("text, message", TOO_MUCH)
def test_an_expression_that_is_too_much_is_refused(gaits: Manifest, text: str, message: str) -> None:
    with pytest.raises(ConditionError, match=message):
        parse(text, gaits)


def test_the_number_of_alternatives_is_limited(blocks: Manifest) -> None:
    either = "({} | {})"
    pairs = [either.format(*CONSTRAINTS[index : index + 2]) for index in range(0, 10, 2)]
    assert len(parse(" & ".join(pairs[:4]), blocks).alternatives) == MOST_ALTERNATIVES
    with pytest.raises(ConditionError, match="at most 16 alternatives once | is distributed over &"):
        parse(" & ".join(pairs), blocks)


def test_brackets_may_be_as_deep_as_is_allowed(gaits: Manifest) -> None:
    assert str(parse("(" * 100 + "trot" + ")" * 100, gaits)) == "trot"
    assert str(parse("!" * 100 + "trot", gaits)) == "trot"


def test_an_expression_can_be_compared_hashed_and_sent_to_another_process(gaits: Manifest) -> None:
    expression = parse("0.7*trot | !pace & forward_speed=0.5", gaits)
    assert pickle.loads(pickle.dumps(expression)) == expression  # noqa: S301 - what multiprocessing does
    assert len({expression, parse(str(expression), gaits)}) == 1


def test_conditions_without_branches_are_the_only_branch() -> None:
    trot, pace = skill("trot"), skill("pace")
    assert as_branches([trot, pace]) == ((trot, pace),)
    assert as_branches([[trot], [pace, trot]]) == ((trot,), (pace, trot))
    assert as_branches(()) == as_branches(((),)) == ((),)
    with pytest.raises(ConditionError, match="expected either conditions or branches"):
        as_branches([trot, [pace]])  # type: ignore[list-item]


AVOIDS_ALL = "avoids every skill of the model; leave one of them: bound, pace, trot"


@pytest.mark.parametrize("text", ["!trot & !pace & !bound", "!trot & !pace & !bound | !(trot | pace | bound)"])
def test_to_avoid_every_skill_is_refused(gaits: Manifest, text: str) -> None:
    with pytest.raises(ConditionError, match=f"^'!trot & !pace & !bound' {AVOIDS_ALL}$"):
        parse(text, gaits)


@pytest.mark.parametrize("text", ["trot | !trot & !pace & !bound", "!(trot | pace | bound) | trot"])
def test_an_alternative_that_avoids_every_skill_is_dropped_where_others_remain(gaits: Manifest, text: str) -> None:
    expression = parse(text, gaits)
    assert str(expression) == "trot"
    assert expression == parse("trot", gaits)
    assert list(map(str, expression.dropped)) == [f"!trot & !pace & !bound: {AVOIDS_ALL}"]
    assert parse("trot | pace", gaits).dropped == ()


def test_a_not_that_leaves_too_many_skills_is_refused(tmp_path: Path) -> None:
    names = tuple(f"skill{number}" for number in range(MOST_ALTERNATIVES + 2))
    kinds = (ConditionKind("skill", names=names),)
    manifest = Manifest.read(make_tiny_bundle(tmp_path, conditions=kinds) / "manifest.json")
    assert len(parse("!skill0 & !skill1", manifest).alternatives) == MOST_ALTERNATIVES
    with pytest.raises(ConditionError, match=f"at most {MOST_ALTERNATIVES} alternatives"):
        parse("!skill0", manifest)


# Properties: texts made from random trees, with the truth of the tree as the oracle of its normal form.

NAMES = (*CONSTRAINTS[:4], '"slow and safe"', '"2nd"')
weights = st.floats(0.0, 1e2, allow_nan=False).map(repr)
leaves = st.sampled_from(NAMES).map(lambda name: (name, lambda truth, name=name: truth[name])) | st.sampled_from(
    ("0", "0.25", "1e-3")
).map(lambda number: (f"return={number}", lambda truth, number=number: truth[f"return={number}"]))


def _joined(parts: list, sign: str, combine) -> tuple:
    return (
        "(" + f" {sign} ".join(text for text, _ in parts) + ")",
        lambda truth: combine(evaluate(truth) for _, evaluate in parts),
    )


def _combine(children: st.SearchStrategy) -> st.SearchStrategy:
    """AND, OR and NOT."""
    several = st.lists(children, min_size=2, max_size=3)
    return (
        several.map(lambda parts: _joined(parts, "&", all))
        | several.map(lambda parts: _joined(parts, "|", any))
        | children.map(lambda part: (f"!{part[0]}", lambda truth: not part[1](truth)))
    )


def _combine_and_weigh(children: st.SearchStrategy) -> st.SearchStrategy:
    weighted = st.tuples(weights, children).map(lambda pair: (f"{pair[0]}*{pair[1][0]}", pair[1][1]))
    return _combine(children) | weighted


trees = st.recursive(leaves, _combine_and_weigh, max_leaves=6)


def is_true(expression: ConditionExpression, truth: dict[str, bool]) -> bool:
    def holds(term: Term) -> bool:
        plain = str(Term(term.kind, term.value)).replace("0.001", "1e-3")
        return truth[plain] != term.is_negated

    return any(all(holds(term) for term in alternative) for alternative in expression.alternatives)


@settings(deadline=None, max_examples=300)
@given(tree=trees, data=st.data())
def test_a_random_tree_prints_parses_back_and_keeps_its_truth(blocks: Manifest, tree, data) -> None:
    text, evaluate = tree
    expression = parsed_or_refused(text, blocks)
    if isinstance(expression, ConditionError):
        assert "at most" in str(expression) or "multiply" in str(expression)
        return
    assert parse(str(expression), blocks) == expression
    leaves_of_it = [*NAMES, "return=0", "return=0.25", "return=1e-3"]
    truth = data.draw(st.fixed_dictionaries({name: st.booleans() for name in leaves_of_it}))
    assert is_true(expression, truth) == evaluate(truth)
    encoder = ConditionEncoder(blocks)
    for branch in expression.branches:
        encoder.encode_batch(branch)


skill_leaves = st.sampled_from(("trot", "pace", "bound")).map(lambda name: (name, lambda walked: walked == name))


@settings(deadline=None, max_examples=300)
@given(tree=st.recursive(skill_leaves, _combine, max_leaves=6), walked=st.sampled_from(("trot", "pace", "bound")))
def test_whatever_is_said_of_skills_keeps_its_truth_while_one_is_walked(gaits: Manifest, tree, walked) -> None:
    text, evaluate = tree
    expression = parsed_or_refused(text, gaits)
    if isinstance(expression, ConditionError):
        assert "avoids every skill" in str(expression) or "at most" in str(expression)
        return
    assert parse(str(expression), gaits) == expression
    truth = {name: name == walked for name in ("trot", "pace", "bound")}
    assert is_true(expression, truth) == evaluate(walked)


FRAGMENTS = ("red", "blue", ">", "&", "|", "!", "(", ")", "*", "=", "0.5", "return", '"2nd"', '"', " ", "1e400", "\n")
garbage = st.text() | st.text(string.printable, max_size=60) | st.lists(st.sampled_from(FRAGMENTS)).map("".join)


@settings(deadline=None, max_examples=500)
@given(text=garbage)
def test_garbage_raises_nothing_but_a_condition_error(blocks: Manifest, text: str) -> None:
    answer = parsed_or_refused(text, blocks)
    if isinstance(answer, ExpressionError):
        assert answer.position is not None
        assert 0 <= answer.position <= len(text)
        assert answer.reason in answer.marked
    elif isinstance(answer, ConditionExpression):
        assert parse(str(answer), blocks) == answer


ALTERNATIVES = [
    "0.7*trot & 0.3*!bound & forward_speed=0.5", "trot & pace", "0*trot & pace", "0.5*(forward_speed=0.5)", ""
]  # fmt: skip


@pytest.mark.parametrize("text", ALTERNATIVES)
def test_conditions_are_shown_as_the_expression_that_asks_for_them(gaits: Manifest, text: str) -> None:
    (branch,) = parse(text, gaits).branches
    assert alternative_text(alternative_of(branch)) == str(parse(text, gaits))
    assert branch_of(alternative_of(branch)) == branch
