"""A bundle says what torch says, or it is not written."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from decision_diffuser_ros.errors import BundleError, ConfigurationError
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.conditions import Condition
from decision_diffuser_ros.planner.manifest import DENOISER_FILE, INVERSE_DYNAMICS_FILE, Manifest
from decision_diffuser_ros.planner.manifest_records import Entry, FileRecord
from decision_diffuser_ros.planner.planner import Planner
from decision_diffuser_ros.training import export
from decision_diffuser_ros.training.bundle_scores import read_scores, record_scores
from decision_diffuser_ros.training.configuration import TrainingConfiguration
from decision_diffuser_ros.training.export import denoiser_inputs, export_bundle
from decision_diffuser_ros.training.graph_comparison import check_against_torch
from decision_diffuser_ros.training.training_record import TrainingRecord
from decision_diffuser_ros.training.weights import load_weights, save_weights
from tests.training.toy import CONFIGURATION, DESCRIPTION, toy_demonstrations


@pytest.fixture(scope="module")
def training(tmp_path_factory):
    """A training directory whose weights are random."""
    directory = tmp_path_factory.mktemp("training")
    torch.manual_seed(0)
    record = TrainingRecord.of(
        toy_demonstrations(), configuration=CONFIGURATION, seed=5, provenance={"command": "train toy"}
    )
    record.write(directory)
    save_weights(record.build_noise_model(), directory, "noise_model", training_steps=12)
    save_weights(record.build_inverse_dynamics(), directory, "inverse_dynamics", training_steps=34)
    return directory


@pytest.fixture
def bundle(training, tmp_path):
    export_bundle(training, tmp_path / "bundle", provenance={"command": "export toy"})
    return tmp_path / "bundle"


def test_the_manifest_describes_the_model_and_its_files(bundle):
    manifest = Manifest.read(bundle / "manifest.json")
    assert (manifest.name, manifest.robot, manifest.joint_names) == ("toy", "one_joint", ("arm",))
    assert (manifest.history, manifest.plan_steps, manifest.horizon) == (4, 12, 16)
    assert manifest.state == DESCRIPTION.state
    assert manifest.names_of("skill") == ("slow", "quick")
    assert manifest.condition_dim == 3
    assert manifest.prediction == "x0"
    for name, record in manifest.files.items():
        assert record == FileRecord.of((bundle / name).read_bytes())
    provenance = manifest.provenance
    assert provenance["seed"] == 5
    assert provenance["training_steps"] == {"noise_model": 12, "inverse_dynamics": 34}
    assert provenance["training"]["command"] == "train toy"
    assert provenance["export"]["command"] == "export toy"
    assert provenance["data"]["dataset_id"] == "toy-v0"
    assert max(provenance["export"]["difference_from_torch"].values()) < 1e-5


def test_a_model_may_have_no_joints_one_observed_state_and_choose_constraints(tmp_path):
    torch.manual_seed(0)
    metadata = {
        "attributes": {
            "description": dataclasses.replace(
                DESCRIPTION,
                state=(Entry("position/x", "m"), Entry("position/y", "m"), Entry("lamp", "1")),
                action=(Entry("velocity/x", "m/s"),),
                joint_names=(),
                choice_kind="constraint",
            ).to_json()
        }
    }
    configuration = TrainingConfiguration.from_json(
        {
            **CONFIGURATION.to_json(),
            "data": {"history": 1, "plan_steps": 7, "conditions": ["constraint"]},
            "diffusion": {"history_length_weights": [1.0], "denoising_steps": 20},
            "sampling": {"history": 1},
        },
        where="test",
    )
    demonstrations = dataclasses.replace(toy_demonstrations(), metadata=metadata)
    record = TrainingRecord.of(demonstrations, configuration=configuration, seed=5, provenance={})
    assert record.description.target_positions == (None,)
    record.write(tmp_path)
    save_weights(record.build_noise_model(), tmp_path, "noise_model", training_steps=1)
    save_weights(record.build_inverse_dynamics(), tmp_path, "inverse_dynamics", training_steps=1)
    export_bundle(tmp_path, tmp_path / "bundle")
    bundle = Bundle.load(tmp_path / "bundle")
    assert bundle.manifest.joint_names == ()
    assert bundle.manifest.names_of("constraint") == ("slow", "quick")
    both = [Condition({"constraint": "slow"}), Condition({"constraint": "quick"})]
    plan = Planner(bundle).plan(np.zeros((1, 3)), both, rng=np.random.default_rng(0))
    assert (plan.states.shape, plan.actions.shape) == ((7, 3), (7, 1))


def test_nothing_but_the_bundle_is_left_in_its_directory(bundle):
    assert {path.name for path in bundle.iterdir()} == {DENOISER_FILE, INVERSE_DYNAMICS_FILE, "manifest.json"}


def test_the_graphs_have_the_inputs_and_outputs_of_the_contract(bundle):
    def described(nodes):
        return [(node.name, node.shape, node.type) for node in nodes]

    denoiser = onnxruntime.InferenceSession(bundle / DENOISER_FILE)
    number, integer = "tensor(float)", "tensor(int64)"
    assert described(denoiser.get_inputs()) == [
        ("trajectory", ["batch", 16, 3], number),
        ("observation_mask", ["batch", 16], number),
        ("denoising_step", ["batch"], integer),
        ("condition", ["batch", 3], number),
        ("condition_present", ["batch", 2], number),
    ]
    assert [node.name for node in denoiser.get_outputs()] == ["prediction"]
    dynamics = onnxruntime.InferenceSession(bundle / INVERSE_DYNAMICS_FILE)
    assert described(dynamics.get_inputs()) == [
        ("state", ["batch", 3], number),
        ("next_state", ["batch", 3], number),
    ]
    assert [node.name for node in dynamics.get_outputs()] == ["action"]


def test_the_planner_plans_with_an_exported_bundle(training, bundle):
    planner = Planner(Bundle.load(bundle))
    history = toy_demonstrations().states[:2]
    plan = planner.plan(history, [Condition({"skill": "quick", "return": 0.5})], rng=np.random.default_rng(0))
    assert plan.states.shape == (12, 3)
    record = TrainingRecord.read(training)
    dynamics = record.build_inverse_dynamics().eval()
    load_weights(dynamics, training, "inverse_dynamics")
    states = torch.from_numpy(np.concatenate([history[-1:], plan.states]).astype(np.float32))
    with torch.no_grad():
        expected = dynamics(states[:-1], states[1:]).numpy()
    np.testing.assert_allclose(plan.actions, expected, rtol=1e-4, atol=1e-5)


def test_a_changed_graph_is_told_from_its_network(training, bundle):
    record = TrainingRecord.read(training)
    network = record.build_noise_model().eval()
    load_weights(network, training, "noise_model")
    batches = [denoiser_inputs(record, 2, np.random.default_rng(0))]
    assert check_against_torch(bundle / DENOISER_FILE, network, batches) < 1e-5
    model = onnx.load(bundle / DENOISER_FILE)
    weight = next(item for item in model.graph.initializer if item.name.endswith("input_to_output.bias"))
    changed = onnx.numpy_helper.to_array(weight) + 0.01
    weight.CopyFrom(onnx.numpy_helper.from_array(changed, weight.name))
    onnx.save(model, bundle / DENOISER_FILE)
    with pytest.raises(BundleError, match=r"differ by \d\.\d\de-0\d of the largest output; accepted: at most 1e-04"):
        check_against_torch(bundle / DENOISER_FILE, network, batches)


def test_an_export_that_differs_leaves_the_earlier_bundle_alone(training, bundle, monkeypatch):
    before = {path.name: path.read_bytes() for path in bundle.iterdir()}

    def tampered(self, path):
        write(self, path)
        with torch.no_grad():
            for parameter in self.network.parameters():
                parameter.add_(0.01)

    write = export.Graph.write
    monkeypatch.setattr(export.Graph, "write", tampered)
    with pytest.raises(BundleError, match="The bundle was not written"):
        export_bundle(training, bundle)
    assert {path.name: path.read_bytes() for path in bundle.iterdir()} == before


def test_nan_is_a_difference(training, bundle):
    record = TrainingRecord.read(training)
    network = record.build_noise_model().eval()
    with torch.no_grad():
        network.input_to_output.bias.fill_(torch.nan)
    with pytest.raises(BundleError, match="differ by nan"):
        check_against_torch(bundle / DENOISER_FILE, network, [denoiser_inputs(record, 2, np.random.default_rng(0))])


def test_scores_are_recorded_later_and_change_nothing_else(bundle, tmp_path):
    before = Manifest.read(bundle / "manifest.json")
    assert before.scores == {}
    (tmp_path / "scores.json").write_text(json.dumps({"slow": {"survived": 1.0}}), encoding="utf-8")
    record_scores(bundle, read_scores(tmp_path / "scores.json"))
    after = Manifest.read(bundle / "manifest.json")
    assert after.scores == {"slow": {"survived": 1.0}}
    assert after.files == before.files
    assert after.provenance == before.provenance


def test_scores_that_are_no_object_are_refused(tmp_path):
    (tmp_path / "scores.json").write_text("[1]", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"must be a JSON object, got \[1\]"):
        read_scores(tmp_path / "scores.json")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_scores(tmp_path / "none.json")


def test_a_directory_without_a_training_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match=r"not a training directory: it has no training\.json"):
        export_bundle(tmp_path, tmp_path / "bundle")


def test_a_damaged_training_record_is_refused(training, tmp_path):
    value = json.loads((training / "training.json").read_text(encoding="utf-8"))
    del value["normaliser"]
    (tmp_path / "training.json").write_text(json.dumps(value), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="is damaged: KeyError"):
        TrainingRecord.read(tmp_path)
