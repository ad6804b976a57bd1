"""The gait classifier's training: what it is shown, and that what it exports tells gaits apart."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
import torch

from decision_diffuser_ros.data.demonstration_set import DemonstrationSet
from decision_diffuser_ros.data.demonstrations import merge_shards, shard_path, write_shard
from decision_diffuser_ros.errors import BundleError, ConfigurationError
from decision_diffuser_ros.evaluation.gait_classifier import GRAPH_FILE, RECORD_FILE, GaitClassifier, agreement
from decision_diffuser_ros.training.fitting import Machine
from decision_diffuser_ros.training.gait_classifier import (
    ClassifierOptimisation,
    GaitClassifierConfiguration,
    train_gait_classifier,
)
from decision_diffuser_ros.training.gait_classifier_windows import ClassifierWindows, join
from tests.training.toy import DESCRIPTION, toy_episode

SKILLS = np.repeat([0, 1, 0], [30, 30, 30])
CONFIGURATION = GaitClassifierConfiguration(
    window_steps=6,
    width=16,
    layers=2,
    settling_steps=4,
    steps_before_fall=0,
    held_out_share=0.25,
    optimisation=ClassifierOptimisation(training_steps=150, batch_size=32, learning_rate=1e-2, warm_up_steps=10),
)


def episodes(count: int = 8):
    """Waves; the feet are all on the floor, which is no gait's pattern."""
    made = [toy_episode(SKILLS, phase=0.7 * number) for number in range(count)]
    contacts = {"foot_contacts": np.ones((91, 4), bool), "disturbed": np.zeros(90, bool)}
    return [dataclasses.replace(episode, extras={**episode.extras, **contacts}) for episode in made]


def windows(settling_steps: int = 4, steps_before_fall: int = 0) -> ClassifierWindows:
    return ClassifierWindows.of(
        DemonstrationSet.from_episodes(episodes(1)),
        inputs=[0, 1],
        gait_count=2,
        window_steps=6,
        settling_steps=settling_steps,
        steps_before_fall=steps_before_fall,
    )


@pytest.fixture(scope="module")
def classifier_directory(tmp_path_factory):
    data, output = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("classifier")
    write_shard(shard_path(data, 0), episodes(), {"description": DESCRIPTION.to_json()})
    merge_shards(data, provenance={"command": "toy"})
    train_gait_classifier(
        data, output, configuration=CONFIGURATION, seed=3, machine=Machine(progress=False), provenance={"commit": "abc"}
    )
    return output


def test_a_join_has_the_first_frames_of_one_window_and_the_last_of_the_other():
    ones = {"joint_states": torch.full((2, 5, 3), 1.0), "gait_share": torch.tensor([[1.0, 0.0], [0.0, 1.0]])}
    twos = {"joint_states": torch.full((2, 5, 3), 2.0), "gait_share": torch.tensor([[0.0, 1.0], [0.0, 1.0]])}
    joined = join(ones, twos, torch.tensor([2, 4]))
    assert joined["joint_states"][:, :, 0].tolist() == [[1, 1, 2, 2, 2], [1, 1, 1, 1, 2]]
    np.testing.assert_allclose(joined["gait_share"], [[0.4, 0.6], [0.0, 1.0]])


def test_every_window_lies_in_one_gait_and_after_it_has_settled():
    found = windows()
    assert found.first_state.tolist() == [*range(4, 26), *range(34, 56), *range(64, 86)]
    assert found.gait.tolist() == [0] * 22 + [1] * 22 + [0] * 22
    np.testing.assert_array_equal(found.gather(torch.tensor([0]))["joint_states"][0], found.joint_states[4:10])


def test_only_joined_batches_have_shares_between_none_and_all():
    rng = np.random.default_rng(0)
    plain, joined = (windows().draw(rng, 64, joined=joined) for joined in (False, True))
    assert set(plain["gait_share"].flatten().tolist()) == {0.0, 1.0}
    shares = joined["gait_share"]
    np.testing.assert_allclose(shares.sum(dim=1), 1.0, rtol=1e-6)
    assert ((shares > 0.1) & (shares < 0.9)).any()


def test_a_trained_classifier_tells_gaits_apart_it_was_not_shown(classifier_directory):
    classifier = GaitClassifier.load(classifier_directory)
    for gait, name in enumerate(DESCRIPTION.skill_names):
        states = toy_episode(np.full(40, gait), phase=0.3).states[:, :2]
        probabilities = classifier.probabilities(states)
        assert probabilities.shape == (36, 2)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-5)
        assert agreement(probabilities, [name] * 36, gaits=classifier.gaits) > 0.9


def test_its_record_says_what_it_is_and_how_it_was_made(classifier_directory):
    record = GaitClassifier.load(classifier_directory).record
    assert record.gaits == ("slow", "quick")
    assert [entry.name for entry in record.inputs] == ["arm/position", "arm/velocity"]
    assert record.provenance["commit"] == "abc"
    assert record.provenance["data"]["provenance"] == {"command": "toy"}
    assert record.provenance["configuration"]["window_steps"] == 6
    assert record.scores["agreement_with_gait_asked"] > 0.9
    assert record.scores["agreement_with_foot_contacts"] == 0.0  # nothing leads where all feet stand


def test_a_graph_that_is_not_the_recorded_one_is_refused(classifier_directory, tmp_path):
    content = (classifier_directory / GRAPH_FILE).read_bytes()
    (tmp_path / GRAPH_FILE).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    record = json.loads((classifier_directory / RECORD_FILE).read_text(encoding="utf-8"))
    (tmp_path / RECORD_FILE).write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(BundleError, match="expected SHA-256 .*; the classifier is damaged"):
        GaitClassifier.load(tmp_path)
    (tmp_path / RECORD_FILE).write_text(json.dumps(record | {"pace": 1}), encoding="utf-8")
    with pytest.raises(BundleError, match="unknown key 'pace'"):
        GaitClassifier.load(tmp_path)
    with pytest.raises(BundleError, match="train gait_classifier"):
        GaitClassifier.load(tmp_path / "none")


def test_a_configuration_that_holds_nothing_out_is_refused():
    with pytest.raises(ConfigurationError, match=r"held_out_share.* in \(0, 1\), got 0\.0"):
        GaitClassifierConfiguration(held_out_share=0.0)
