"""The manifest reads back what it wrote and refuses everything else."""

import copy
import json
from pathlib import Path

import pytest

from decision_diffuser_ros.errors import BundleError, ConfigurationError
from decision_diffuser_ros.planner.manifest import Manifest
from decision_diffuser_ros.planner.manifest_records import ConditionKind


@pytest.fixture
def value(tiny_bundle: Path) -> dict:
    return json.loads((tiny_bundle / "manifest.json").read_text())


def test_a_written_manifest_reads_back_equal(tiny_bundle: Path, tmp_path: Path) -> None:
    manifest = Manifest.read(tiny_bundle / "manifest.json")
    manifest.write(tmp_path / "again.json")
    assert Manifest.read(tmp_path / "again.json") == manifest


def test_dimensions_follow_from_the_entries(quadruped_bundle: Path) -> None:
    manifest = Manifest.read(quadruped_bundle / "manifest.json")
    assert (manifest.state_dim, manifest.action_dim, manifest.horizon) == (30, 12, 32)
    assert (manifest.condition_dim, manifest.condition_kinds) == (4, 2)
    assert manifest.joint_position_indices == tuple(range(12))
    assert manifest.joint_velocity_indices == tuple(range(12, 24))
    assert manifest.vector_indices("gravity_direction") == (24, 25, 26)
    assert manifest.vector_indices("angular_velocity") == (27, 28, 29)
    assert manifest.names_of("skill") == ("trot", "pace", "bound")
    assert manifest.names_of("constraint") == ()


def test_joint_indices_follow_joint_names_not_the_order_of_the_state(value: dict) -> None:
    value["joint_names"].reverse()
    manifest = Manifest.from_json(json.dumps(value))
    assert manifest.joint_position_indices == (1, 0)
    assert manifest.joint_velocity_indices == (3, 2)


def test_an_unknown_state_name_lists_the_available_ones(value: dict) -> None:
    with pytest.raises(BundleError, match="no state entry 'odour/x'; available: shoulder/position, elbow/position"):
        Manifest.from_json(json.dumps(value)).vector_indices("odour")


REFUSED = {
    "an unknown key": (lambda m: m.update(colour="red"), "unknown key 'colour'; accepted: action, conditions"),
    "an unknown nested key": (lambda m: m["schedule"].update(power=2), "schedule: unknown key 'power'"),
    "a missing key": (lambda m: m.pop("robot"), "key 'robot' is missing; present: action"),
    "a string for a number": (
        lambda m: m.update(step_duration="0.02"), "step_duration: expected number, got string '0.02'"),
    "a fraction for an integer": (lambda m: m.update(history=2.5), "history: expected integer, got number 2.5"),
    "a boolean for an integer": (lambda m: m.update(history=True), "history: expected integer, got boolean True"),
    "an object for an array": (lambda m: m.update(state={}), "state: expected array, got object"),
    "an array for an object": (lambda m: m.update(files=[]), "files: expected object, got array"),
    "a number in place of an entry": (lambda m: m["state"].append(3), r"state\[4\]: expected object, got integer 3"),
    "another format version": (lambda m: m.update(format_version=2), "expected format_version 1, got 2; export"),
    "no format version": (lambda m: m.pop("format_version"), "expected format_version 1, got None"),
    "a normaliser that is too short": (
        lambda m: m["normaliser"].update(mean=[0.0], std=[1.0]), "`normaliser` of length 4 as `state`, got 1"),
    "mean and std of different lengths": (
        lambda m: m["normaliser"]["std"].pop(), r"`std` as long as mean \(4\), got 3"),
    "a zero standard deviation": (lambda m: m["normaliser"].update(std=[0.0] * 4), "`std` above 0 everywhere, got 0.0"),
    "a state name twice": (lambda m: m["state"][0].update(m["state"][1]), "unique and not empty, got 'elbow/position'"),
    "a joint without position": (lambda m: m["joint_names"].append("knee"), "'<joint>/position' of every joint"),
    "velocities of some joints only": (
        lambda m: m["state"][2].update(name="other"), "'<joint>/velocity' of every joint or of none"),
    "a schedule nobody knows": (
        lambda m: m["schedule"].update(name="sine"), "`name` one of cosine, linear, got 'sine'"),
    "a prediction nobody knows": (lambda m: m.update(prediction="v"), "`prediction` one of x0, noise, got 'v'"),
    "zero plan steps": (lambda m: m.update(plan_steps=0), "`plan_steps` at least 1, got 0"),
    "a kind that is neither choice nor number": (
        lambda m: m["conditions"].append({"kind": "mood"}), "`kind 'mood'` either `names`"),
    "a kind that is both": (lambda m: m["conditions"][0].update(scale=1.0, unit="m"), "`kind 'skill'` either"),
    "a kind twice": (
        lambda m: m["conditions"].append(m["conditions"][0]),
        "kinds of `conditions` that are unique and not empty, got 'skill'"),
    "a skill twice": (
        lambda m: m["conditions"][0].update(names=["a", "a"]),
        "names of kind 'skill' that are unique and not empty, got 'a'"),
    "a sampler nobody knows": (lambda m: m["sampling"].update(sampler="magic"), "`sampler` must be one of ddim, ddpm"),
    "more denoising steps than the schedule": (
        lambda m: m["sampling"].update(denoising_steps=101), "`denoising_steps` must be at most 100"),
    "more history than the model's": (lambda m: m["sampling"].update(history=4), "`history` must be at most 3.*got 4"),
    "a file outside the bundle": (
        lambda m: m["files"].update({"../x": m["files"]["denoiser.onnx"]}), "bare file names.*got '../x'"),
    "no denoiser": (lambda m: m["files"].pop("denoiser.onnx"), "`files` with 'denoiser.onnx'"),
    "a checksum that is none": (
        lambda m: m["files"]["denoiser.onnx"].update(sha256="abc"), "`sha256` 64 hexadecimal digits, got 'abc'"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.replace(" ", "_"))
def test_a_manifest_is_refused_with(case: str, value: dict) -> None:
    change, message = REFUSED[case]
    damaged = copy.deepcopy(value)
    change(damaged)
    with pytest.raises(BundleError, match=message):
        Manifest.from_json(json.dumps(damaged))


def test_numbers_that_are_not_finite_are_refused(value: dict) -> None:
    with pytest.raises(BundleError, match="finite numbers, got NaN"):
        Manifest.from_json(json.dumps(value | {"step_duration": float("nan")}))
    with pytest.raises(BundleError, match="expected a finite number, got inf"):
        Manifest.from_json(json.dumps(value).replace("0.02", "1e999"))


def test_a_repeated_key_is_refused(value: dict) -> None:
    text = json.dumps(value).replace('"name": "tiny"', '"name": "tiny", "name": "other"')
    with pytest.raises(BundleError, match="key given more than once: name"):
        Manifest.from_json(text)


def test_a_truncated_manifest_is_refused(value: dict) -> None:
    with pytest.raises(BundleError, match="is not valid JSON"):
        Manifest.from_json(json.dumps(value)[:100])


def test_a_manifest_that_is_no_object_is_refused() -> None:
    with pytest.raises(BundleError, match="expected format_version 1, got None"):
        Manifest.from_json("[]")


def test_a_missing_or_binary_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="cannot be read: .*No such file"):
        Manifest.read(tmp_path / "manifest.json")
    (tmp_path / "manifest.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BundleError, match="cannot be read"):
        Manifest.read(tmp_path / "manifest.json")


def test_a_manifest_made_wrongly_in_python_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="either `names` .a choice. or `scale` and `unit`"):
        ConditionKind("return", scale=1.0)
