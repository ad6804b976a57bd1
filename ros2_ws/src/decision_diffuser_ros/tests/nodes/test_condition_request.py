"""What `~/set_condition` asks for, and what it has in common with `~/set_skill`."""

import pytest

from decision_diffuser_ros.errors import ConditionError
from decision_diffuser_ros.nodes.condition_request import read_condition, require_few_rows
from decision_diffuser_ros.nodes.skill_request import SkillRequest
from decision_diffuser_ros.planner.conditions import Condition
from decision_diffuser_ros.planner.manifest import Manifest
from decision_diffuser_ros.resources import MANIFEST_NAME

GAITS_16 = " | ".join(f"{weight}*trot" for weight in range(2, 18))


@pytest.fixture
def manifest(quadruped_bundle):
    return Manifest.read(quadruped_bundle / MANIFEST_NAME)


def request_of(text, manifest):
    return read_condition(text, manifest, negation_weight=0.5).request


def test_an_expression_is_asked_as_branches(manifest):
    request = request_of("pace | 0.7*trot & !bound & forward_speed=0.5", manifest)
    assert request.conditions(manifest) == (
        (Condition({"skill": "pace"}),),
        (Condition({"skill": "trot", "forward_speed": 0.5}, weight=0.7), Condition({"skill": "bound"}, weight=-0.5)),
    )
    assert request.text() == "pace | 0.7*trot & !bound & forward_speed=0.5"


def test_names_and_numbers_of_a_single_alternative_are_listed(manifest):
    request = request_of("0.7*trot & !bound & 0.2*!pace & forward_speed=0.5", manifest)
    assert request.skills == ("trot", "bound", "pace")
    assert request.weights == (0.7, -0.5, -0.2)
    assert request.numbers == {"forward_speed": 0.5}


def test_of_several_alternatives_only_common_numbers_are_listed(manifest):
    request = request_of("pace & forward_speed=0.5 | bound & forward_speed=0.5", manifest)
    assert (request.skills, request.weights, request.numbers) == ((), (), {"forward_speed": 0.5})
    assert request_of("pace & forward_speed=0.5 | bound", manifest).numbers == {}
    assert request_of("pace & !(forward_speed=0.5)", manifest).numbers == {}


def test_skills_take_its_place_and_keep_its_numbers(manifest):
    request = request_of("(pace | bound) & forward_speed=0.5", manifest)
    changed = request.changed(skills=["trot"], weights=[], number_names=[], numbers=[])
    assert changed.text() == "trot & forward_speed=0.5"


def test_what_contradicts_itself_is_left_out_with_a_remark(manifest):
    request, remark = read_condition("trot & !trot | pace", manifest, negation_weight=1.0)
    assert request.text() == "pace"
    assert remark == "left out what cannot be fulfilled: trot & !trot: trot and !trot contradict each other"
    remark = read_condition("pace | !trot & !pace & !bound", manifest, negation_weight=1.0).remark
    assert remark.startswith("left out what cannot be fulfilled: !trot & !pace & !bound: avoids every skill")
    assert read_condition("pace", manifest, negation_weight=1.0).remark == ""
    with pytest.raises(ConditionError, match="'trot & !trot' cannot be fulfilled"):
        request_of("trot & !trot", manifest)


def test_what_would_keep_a_plan_from_being_made_in_time_is_refused(manifest):
    fits = request_of(f"({GAITS_16}) & " + " & ".join(f"!(forward_speed={n / 10})" for n in range(6)), manifest)
    require_few_rows(fits.conditions(manifest), candidates=1)
    with pytest.raises(ConditionError, match="a batch of 256 rows: .* times `candidates`, 2. Expected at most 128"):
        require_few_rows(fits.conditions(manifest), candidates=2)
    too_much = request_of(f"({GAITS_16}) & " + " & ".join(f"!(forward_speed={n / 10})" for n in range(7)), manifest)
    with pytest.raises(ConditionError, match="a batch of 144 rows"):
        require_few_rows(too_much.conditions(manifest), candidates=1)


@pytest.mark.parametrize("text", ["trot & forward_speed=0.5", "trot"])
def test_64_candidates_of_one_condition_are_not_too_many_and_65_are(manifest, text):
    refused = "a batch of 130 rows: .* times `candidates`, 65. Expected at most 128"
    for request in (request_of(text, manifest), SkillRequest(("trot",))):
        conditions = request.conditions(manifest)
        require_few_rows(conditions, candidates=64)
        with pytest.raises(ConditionError, match=refused):
            require_few_rows(conditions, candidates=65)


def test_candidates_of_nothing_asked_take_one_row_each():
    require_few_rows((), candidates=128)
    with pytest.raises(ConditionError, match="a batch of 129 rows"):
        require_few_rows((), candidates=129)
