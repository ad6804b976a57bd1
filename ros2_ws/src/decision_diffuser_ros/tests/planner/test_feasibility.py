"""What cannot be fulfilled is known before anything moves: by logic, or by what samples of plans show."""

import itertools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decision_diffuser_ros.errors import ConditionError
from decision_diffuser_ros.planner.expression import Term
from decision_diffuser_ros.planner.expression_parser import parse
from decision_diffuser_ros.planner.feasibility import contradiction, possible_expression
from decision_diffuser_ros.planner.manifest import Manifest
from decision_diffuser_ros.planner.manifest_records import ConditionKind
from tests.bundles import make_tiny_bundle

BLOCKS = ("red", "green", "blue", "yellow")
KINDS = (
    ConditionKind("constraint", names=tuple(f"{one} > {other}" for one, other in itertools.permutations(BLOCKS, 2))),
    ConditionKind("skill", names=("fast", "slow")),
    ConditionKind("return", scale=1.0, unit="1"),
)


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    directory: Path = make_tiny_bundle(tmp_path_factory.mktemp("blocks"), conditions=KINDS)
    return Manifest.read(directory / "manifest.json")


IMPOSSIBLE = [
    ("fast & !fast", "fast and !fast contradict each other"),
    ("0.5*fast & slow & 0.3*!fast", "fast and !fast contradict each other"),
    ("return=0.2 & return=0.9", "return=0.2 and return=0.9 contradict each other: return has one value"),
    ("fast & return=0.2 & return=0.9", "return has one value"),
    ("return=0.2 & !(return=0.2)", r"return=0.2 and !\(return=0.2\) contradict"),
    ("red > blue & blue > red", "red > blue and blue > red contradict each other"),
    ("red > blue > green > red", "red > blue, blue > green and green > red contradict each other"),
    ("red > blue > green & !(red > green)", r"red > blue, blue > green and !\(red > green\) contradict each other"),
    ("red > blue & !(red > green) & !(green > blue)", r"red > blue, !\(green > blue\) and !\(red > green\) contradict"),
]


@pytest.mark.parametrize("text, reason", IMPOSSIBLE)
def test_a_contradiction_is_refused_with_its_reason(manifest: Manifest, text: str, reason: str) -> None:
    expression = parse(text, manifest)
    with pytest.raises(ConditionError, match=reason) as caught:
        possible_expression(expression)
    assert str(caught.value).startswith(f"'{expression}' cannot be fulfilled: ")


POSSIBLE = [
    "fast & slow",
    "fast & !slow",
    "fast & 0*!fast",
    "return=0.2 & !(return=0.9)",
    "red > blue > green > yellow",
    "red > blue & green > yellow & red > yellow",
    "!(red > blue) & !(blue > red)",
    "red > blue & !(blue > red)",
    "!(red > green) & red > blue & green > blue",
    "unconditioned",
]


@pytest.mark.parametrize("text", POSSIBLE)
def test_what_can_be_fulfilled_is_not_refused(manifest: Manifest, text: str) -> None:
    expression = parse(text, manifest)
    assert possible_expression(expression) == (expression, ())


def test_impossible_alternatives_are_dropped(manifest: Manifest) -> None:
    left, dropped = possible_expression(parse("red > blue & blue > red | fast | slow & !slow", manifest))
    assert str(left) == "fast"
    assert [str(each) for each in dropped] == [
        "red > blue & blue > red: red > blue and blue > red contradict each other",
        "slow & !slow: slow and !slow contradict each other",
    ]


def test_what_avoids_every_skill_is_told_with_the_alternatives_that_contradict_themselves(manifest: Manifest) -> None:
    left, dropped = possible_expression(parse("slow & !slow | !fast & !slow | fast", manifest))
    assert str(left) == "fast"
    avoids_all = "!fast & !slow: avoids every skill of the model; leave one of them: fast, slow"
    assert [str(each) for each in dropped] == [avoids_all, "slow & !slow: slow and !slow contradict each other"]
    with pytest.raises(ConditionError, match=f"{avoids_all}; slow and !slow contradict each other$"):
        possible_expression(parse("slow & !slow | !fast & !slow", manifest))


relations = st.tuples(st.permutations(BLOCKS[:4]).map(lambda order: f"{order[0]} > {order[1]}"), st.booleans())


@settings(deadline=None, max_examples=300)
@given(st.lists(relations, max_size=7, unique_by=lambda relation: relation[0]))
def test_relations_contradict_exactly_if_no_heights_fulfil_them(chosen: list[tuple[str, bool]]) -> None:
    def fulfil(heights: tuple[int, ...]) -> bool:
        height = dict(zip(BLOCKS, heights, strict=True))
        return all(
            (height[name.split(" > ")[0]] > height[name.split(" > ")[1]]) != is_negated for name, is_negated in chosen
        )

    terms = tuple(Term("constraint", name, is_negated=is_negated) for name, is_negated in chosen)
    some_heights_fulfil_them = any(map(fulfil, itertools.product(range(4), repeat=4)))
    assert (contradiction(terms) is None) == some_heights_fulfil_them
