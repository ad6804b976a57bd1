"""A model that diffuses actions too: trained, exported, and its actions read off the plan."""

import dataclasses

import numpy as np
import pytest

from decision_diffuser_ros.errors import BundleError
from decision_diffuser_ros.evaluation.diffused_actions import DiffusedActionsBundle, holds_actions
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.conditions import Condition
from decision_diffuser_ros.planner.planner import Planner
from decision_diffuser_ros.resources import model_directory
from decision_diffuser_ros.training.export import export_bundle
from decision_diffuser_ros.training.fitting import Machine
from decision_diffuser_ros.training.training_run import train
from tests.training.toy import CONFIGURATION, write_toy_data


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    directory = tmp_path_factory.mktemp("diffused")
    data = dataclasses.replace(CONFIGURATION.data, diffuse_actions=True)
    train(
        write_toy_data(directory / "toy-v0"),
        directory / "training",
        configuration=dataclasses.replace(CONFIGURATION, data=data).with_training_steps(3, 3),
        seed=1,
        machine=Machine(progress=False),
    )
    export_bundle(directory / "training", directory / "bundle")
    return DiffusedActionsBundle(Bundle.load(directory / "bundle"))


def test_the_states_of_the_model_hold_its_actions(bundle):
    assert bundle.manifest.state_names == ("arm/position", "arm/velocity", "lamp", "arm/position_target")
    assert holds_actions(bundle.manifest)


def test_the_actions_of_a_plan_are_those_that_were_diffused(bundle):
    plan = Planner(bundle).plan(np.zeros((1, 4)), [Condition({"skill": "slow"})], rng=np.random.default_rng(0))
    np.testing.assert_array_equal(plan.actions, plan.states[:, 3:])
    assert np.ptp(plan.actions) > 0.0


def test_a_model_without_actions_in_its_states_is_refused():
    shipped = Bundle.load(model_directory("quadruped_gaits"))
    assert not holds_actions(shipped.manifest)
    with pytest.raises(BundleError, match="no state entry 'FR_hip_joint/position_target'"):
        DiffusedActionsBundle(shipped)
