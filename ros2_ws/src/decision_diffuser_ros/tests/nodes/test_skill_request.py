"""What a service call asks for."""

import math

import pytest

from decision_diffuser_ros.errors import ConditionError
from decision_diffuser_ros.nodes.skill_request import SkillRequest, first_request
from decision_diffuser_ros.planner.conditions import Condition
from decision_diffuser_ros.planner.expression_parser import parse
from decision_diffuser_ros.planner.manifest import Manifest
from decision_diffuser_ros.resources import MANIFEST_NAME


@pytest.fixture
def manifest(quadruped_bundle):
    return Manifest.read(quadruped_bundle / MANIFEST_NAME)


def test_every_skill_is_a_condition_of_its_own_and_wanted_ones_have_all_numbers(manifest):
    request = SkillRequest(("trot", "bound"), (0.7, -0.3), {"forward_speed": 0.6})
    assert request.conditions(manifest) == (
        Condition({"skill": "trot", "forward_speed": 0.6}, weight=0.7),
        Condition({"skill": "bound"}, weight=-0.3),
    )
    assert request.text() == "0.7*trot & 0.3*!bound & forward_speed=0.6"


def test_what_is_asked_is_the_same_as_the_expression_of_its_text(manifest):
    for request in (
        SkillRequest(("trot", "bound"), (0.7, -1.0), {"forward_speed": 0.6}),
        SkillRequest(("bound",), (-0.5,), {"forward_speed": 0.6}),
        SkillRequest(("pace", "trot"), (0.0, 1.0)),
        SkillRequest(),
    ):
        assert parse(request.text(), manifest).branches == (request.conditions(manifest),)


def test_weights_are_one_unless_given(manifest):
    assert SkillRequest(("trot",)).conditions(manifest) == (Condition({"skill": "trot"}),)
    assert SkillRequest(("trot",)).text() == "trot"


def test_nothing_asked_is_unconditioned_and_numbers_can_stand_alone(manifest):
    assert SkillRequest().conditions(manifest) == ()
    assert SkillRequest().text() == "unconditioned"
    assert SkillRequest(numbers={"forward_speed": 0.5}).conditions(manifest) == (Condition({"forward_speed": 0.5}),)


def test_numbers_that_are_not_given_stay_and_nan_takes_one_away():
    request = SkillRequest(("trot",), numbers={"forward_speed": 0.6})
    kept = request.changed(skills=["pace"], weights=[], number_names=[], numbers=[])
    assert kept.text() == "pace & forward_speed=0.6"
    changed = kept.changed(skills=["pace"], weights=[], number_names=["forward_speed"], numbers=[0.4])
    assert changed.numbers == {"forward_speed": 0.4}
    assert changed.changed(skills=[], weights=[], number_names=["forward_speed"], numbers=[math.nan]).numbers == {}


@pytest.mark.parametrize(
    "change, message",
    [
        ({"skills": ["galop"]}, "'galop' is not in model 'quadruped_gaits'; available: bound, pace, trot"),
        ({"skills": [""]}, "available: bound, pace, trot"),
        ({"skills": ["trot", "trot"]}, "skill 'trot' is there twice"),
        ({"weights": [1.0, 2.0]}, "one weight for each skill. Got 2 for 1"),
        ({"weights": [math.nan]}, "weight of a condition must be a number from -100 to 100, got nan"),
        ({"weights": [1e30]}, "weight of a condition must be a number from -100 to 100, got 1e.30"),
        ({"number_names": ["forward_speed"]}, "one number for each number name. Got 0 for 1"),
        (
            {"number_names": ["height"], "numbers": [1.0]},
            "no condition of kind 'height'; available: skill",
        ),
        ({"number_names": ["forward_speed"], "numbers": [99.0]}, "forward_speed must be a number from 0 to 1.1"),
        ({"number_names": ["forward_speed"], "numbers": [math.inf]}, "forward_speed must be a number from 0"),
    ],
)
def test_what_the_model_cannot_do_is_refused(manifest, change, message):
    call = {"skills": ["trot"], "weights": [], "number_names": [], "numbers": [], **change}
    with pytest.raises(ConditionError, match=message):
        SkillRequest(("pace",)).changed(**call).conditions(manifest)


@pytest.mark.parametrize("skill, text", [(None, "trot"), ("pace", "pace"), ("", "unconditioned")])
def test_at_first_the_models_first_skill_is_asked_unless_another_is_set(manifest, skill, text):
    assert first_request(manifest, skill=skill, numbers={"forward_speed": None}).text() == text
