"""Conditions become the vectors the network was trained with, and what the model does not know is refused."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from decision_diffuser_ros.errors import ConditionError
from decision_diffuser_ros.planner.conditions import Condition, ConditionEncoder
from decision_diffuser_ros.planner.manifest import Manifest
from decision_diffuser_ros.planner.manifest_records import ConditionKind
from tests.bundles import make_tiny_bundle


@pytest.fixture
def encoder(quadruped_bundle: Path) -> ConditionEncoder:
    return ConditionEncoder(Manifest.read(quadruped_bundle / "manifest.json"))


def test_a_skill_is_one_hot_and_the_speed_absent(encoder: ConditionEncoder) -> None:
    vector, present = encoder.encode(Condition({"skill": "pace"}))
    assert vector.tolist() == [0, 1, 0, 0]
    assert present.tolist() == [1, 0]
    assert vector.dtype == present.dtype == np.float32


def test_a_speed_of_zero_is_present(encoder: ConditionEncoder) -> None:
    vector, present = encoder.encode(Condition({"forward_speed": 0.0}))
    assert vector.tolist() == [0, 0, 0, 0]
    assert present.tolist() == [0, 1]


def test_a_number_is_asked_in_its_unit_and_told_as_a_share_of_the_largest(encoder: ConditionEncoder) -> None:
    assert encoder.encode(Condition({"forward_speed": 0.55}))[0][3] == np.float32(0.5)
    assert encoder.encode(Condition({"forward_speed": 1.1}))[0][3] == 1.0


def test_skill_and_speed_go_into_one_branch(encoder: ConditionEncoder) -> None:
    vector, present = encoder.encode(Condition({"forward_speed": 0.66, "skill": "trot"}))
    np.testing.assert_allclose(vector, [1, 0, 0, 0.6], rtol=1e-6)
    assert present.tolist() == [1, 1]


def test_a_batch_begins_with_the_null_condition(encoder: ConditionEncoder) -> None:
    vectors, present = encoder.encode_batch([Condition({"skill": "bound"}), Condition({"forward_speed": 1.1})])
    assert vectors.tolist() == [[0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    assert present.tolist() == [[0, 0], [1, 0], [0, 1]]


def test_any_kind_of_choice_works(tmp_path: Path) -> None:
    kinds = (ConditionKind("constraint", names=("red > blue", "blue > red")),)
    bundle = make_tiny_bundle(tmp_path / "blocks", conditions=kinds)
    encoder = ConditionEncoder(Manifest.read(bundle / "manifest.json"))
    vector, present = encoder.encode(Condition({"constraint": "blue > red"}))
    assert (vector.tolist(), present.tolist()) == ([0, 1], [1])


REFUSED = [
    ({"skill": "galop"}, "skill 'galop' is not in model 'quadruped_gaits'; available: bound, pace, trot"),
    ({"skill": 1}, "skill 1 is not in model"),
    ({"skill": ["trot"]}, r"skill \['trot'\] is not in model"),
    ({"constraint": "a > b"}, "has no condition of kind 'constraint'; available: skill, forward_speed"),
    ({"forward_speed": 1.2}, r"forward_speed must be a number from 0 to 1.1 \[m/s\], got 1.2"),
    ({"forward_speed": -0.1}, "forward_speed must be a number from 0 to 1.1 .*got -0.1"),
    ({"forward_speed": float("nan")}, "forward_speed must be a number from 0 to 1.1 .*got nan"),
    ({"forward_speed": "fast"}, "forward_speed must be a number from 0 to 1.1 .*got 'fast'"),
    ({"forward_speed": True}, "forward_speed must be a number from 0 to 1.1 .*got True"),
]


@pytest.mark.parametrize("values, message", REFUSED)
def test_a_condition_the_model_does_not_know_is_refused(encoder: ConditionEncoder, values: dict, message: str) -> None:
    with pytest.raises(ConditionError, match=message):
        encoder.encode(Condition(values))


def test_a_condition_without_value_is_refused() -> None:
    with pytest.raises(ConditionError, match="a condition needs at least one value, got none"):
        Condition({})


@pytest.mark.parametrize("weight", [float("nan"), float("inf"), 1e30, -100.1, "1", True])
def test_a_weight_that_is_too_large_or_no_number_is_refused(weight: object) -> None:
    with pytest.raises(ConditionError, match="the weight of a condition must be a number from -100 to 100, got "):
        Condition({"skill": "trot"}, weight=weight)  # type: ignore[arg-type]


def test_a_condition_keeps_its_values_when_the_callers_change() -> None:
    values = {"skill": "trot"}
    condition = Condition(values)
    values["skill"] = "pace"
    assert condition == Condition({"skill": "trot"})


def test_a_condition_can_be_sent_to_another_process() -> None:
    condition = Condition({"skill": "trot", "forward_speed": 0.5}, weight=-0.3)
    assert pickle.loads(pickle.dumps(condition)) == condition  # noqa: S301 - what multiprocessing does
