"""What `~/set_condition` asks for, and what it has in common with `~/set_skill`."""

import pytest

from decision_diffuser_ros.errors import ConditionError
from decision_diffuser_ros.nodes.condition_request import read_condition
from decision_diffuser_ros.planner.conditions import Condition
from decision_diffuser_ros.planner.manifest import Manifest
from decision_diffuser_ros.resources import MANIFEST_NAME


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
    assert read_condition("pace", manifest, negation_weight=1.0).remark == ""
    with pytest.raises(ConditionError, match="'trot & !trot' cannot be fulfilled"):
        request_of("trot & !trot", manifest)
