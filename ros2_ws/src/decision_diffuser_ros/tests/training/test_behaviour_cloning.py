"""A cloned expert: trained as everything else, exported at once, run without torch."""

from __future__ import annotations

import numpy as np
import pytest

from decision_diffuser_ros.errors import BundleError, ConditionError, ConfigurationError
from decision_diffuser_ros.evaluation.behaviour_cloning import GRAPH_FILE, ClonedExpert
from decision_diffuser_ros.planner.conditions import Condition
from decision_diffuser_ros.resources import config_file
from decision_diffuser_ros.training.action_batches import ActionBatches
from decision_diffuser_ros.training.behaviour_cloning import CloningConfiguration, train_behaviour_cloning
from decision_diffuser_ros.training.configuration import OptimisationConfiguration
from decision_diffuser_ros.training.fitting import Machine
from tests.training.toy import toy_demonstrations, toy_episodes, write_toy_data

SLOW, QUICK = Condition({"skill": "slow"}), Condition({"skill": "quick"})
CONFIGURATION = CloningConfiguration(
    history=3,
    width=32,
    layers=2,
    input_noise=0.0,
    held_out_share=0.25,
    optimisation=OptimisationConfiguration(training_steps=150, batch_size=64, learning_rate=3e-3, warm_up_steps=10),
)


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cloned")
    data = write_toy_data(folder / "toy-v0")
    train_behaviour_cloning(
        data, folder / "clone", configuration=CONFIGURATION, seed=1, machine=Machine(progress=False)
    )
    return folder / "clone"


def test_the_clone_does_what_the_expert_did(directory):
    clone = ClonedExpert.load(directory)
    episode = toy_episodes(4)[-1]
    names = ("slow", "quick")
    answers = [
        clone.action(state, [Condition({"skill": names[skill]})])
        for state, skill in zip(episode.states[:-1], episode.skills, strict=True)
    ]
    error = np.abs(np.array(answers) - episode.actions)[3:].mean()
    untrained = np.abs(episode.states[:-1, :1] + 0.1 - episode.actions).mean()
    assert error < 0.5 * untrained
    assert clone.record.scores["action_rmse"] < untrained


def test_what_is_asked_makes_a_difference_and_so_does_what_was_before(directory):
    clone, state = ClonedExpert.load(directory), toy_episodes(1)[0].states[0]
    first = clone.action(state, [SLOW])
    clone.reset()
    assert clone.action(state, [SLOW]) == pytest.approx(first)
    clone.reset()
    assert clone.action(state, [QUICK]) != pytest.approx(first)
    assert clone.action(state + 0.2, [SLOW]) != pytest.approx(clone.action(state + 0.2, [SLOW]))


def test_several_conditions_are_added_up_by_weight(directory):
    clone = ClonedExpert.load(directory)
    vector = clone._vector([SLOW, Condition({"skill": "quick"}, weight=-0.5)])
    np.testing.assert_allclose(vector, [1.0, -0.5])


def test_what_was_not_demonstrated_is_refused(directory):
    clone = ClonedExpert.load(directory)
    with pytest.raises(ConditionError, match="skill 'wild' was not demonstrated; available: slow, quick"):
        clone.action(np.zeros(3), [Condition({"skill": "wild"})])


def test_a_damaged_graph_is_refused(directory, tmp_path):
    for file in directory.iterdir():
        if file.is_file():
            (tmp_path / file.name).write_bytes(file.read_bytes())
    with (tmp_path / GRAPH_FILE).open("ab") as graph:
        graph.write(b"x")
    with pytest.raises(BundleError, match=r"expected \d+ bytes, got \d+; the cloned expert is damaged"):
        ClonedExpert.load(tmp_path)
    with pytest.raises(BundleError, match="train behaviour_cloning"):
        ClonedExpert.load(tmp_path / "nowhere")


def test_the_history_of_an_action_never_reaches_into_another_episode():
    demonstrations = toy_demonstrations(3)
    batches = ActionBatches.of(demonstrations, history=3, choices=2, input_noise=0.0)
    begins = demonstrations.first_action[1]
    first_state = demonstrations.first_state[1]
    assert batches.history_rows[begins].tolist() == [first_state] * 3
    assert batches.history_rows[begins + 1].tolist() == [first_state, first_state, first_state + 1]
    assert batches.history_rows[begins - 1].tolist() == [first_state - 4, first_state - 3, first_state - 2]


def test_the_shipped_configuration_is_accepted_and_a_wrong_one_is_not(tmp_path):
    assert CloningConfiguration.from_yaml(config_file("training_behaviour_cloning")).history == 4
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("depth: 3\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="depth"):
        CloningConfiguration.from_yaml(wrong)
