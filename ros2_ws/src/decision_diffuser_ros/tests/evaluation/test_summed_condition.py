"""The baseline tells the network all conditions at once, and nothing else about the model changes."""

import numpy as np
import pytest

from decision_diffuser_ros.errors import ConditionError, PlanError
from decision_diffuser_ros.evaluation.summed_condition import SummedConditionBundle
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.conditions import Condition
from decision_diffuser_ros.planner.planner import Planner
from decision_diffuser_ros.planner.settings import SamplingSettings
from tests.bundles import make_tiny_bundle

WAVE, REST = Condition({"skill": "wave"}), Condition({"skill": "rest"})


@pytest.fixture
def bundle(tmp_path):
    return Bundle.load(make_tiny_bundle(tmp_path / "tiny"))


def test_a_row_with_a_condition_is_told_the_sum_and_the_null_row_nothing(bundle):
    rng = np.random.default_rng(0)
    manifest = bundle.manifest
    trajectory = rng.normal(size=(2, manifest.horizon, manifest.state_dim)).astype(np.float32)
    mask, step = np.zeros((2, manifest.horizon), np.float32), np.array([50, 50])
    asked = np.array([[0, 0, 0], [1, 0, 0]], np.float32), np.array([[0, 0], [1, 0]], np.float32)
    summed = np.array([[0, 0, 0], [1, 1, 0]], np.float32), np.array([[0, 0], [1, 0]], np.float32)
    answer = SummedConditionBundle(bundle, (WAVE, REST)).denoise(trajectory, mask, step, *asked)
    np.testing.assert_array_equal(answer, bundle.denoise(trajectory, mask, step, *summed))
    assert not np.allclose(answer, bundle.denoise(trajectory, mask, step, *asked))


def test_whichever_condition_is_asked_the_plan_is_that_of_the_sum(bundle):
    settings = SamplingSettings(history=1, guidance_weight=1.0, temperature=0.0)
    summed = Planner(SummedConditionBundle(bundle, (WAVE, REST)), settings=settings)
    history = np.zeros((1, bundle.manifest.state_dim))
    plans = [summed.plan(history, [asked], rng=np.random.default_rng(0)).states for asked in (WAVE, REST)]
    np.testing.assert_array_equal(plans[0], plans[1])
    alone = Planner(bundle, settings=settings).plan(history, [WAVE], rng=np.random.default_rng(0)).states
    assert np.abs(plans[0] - alone).max() > 0.1


def test_an_unknown_condition_is_refused_and_so_is_sampling_in_one_call(bundle):
    with pytest.raises(ConditionError, match="'fly'"):
        SummedConditionBundle(bundle, (WAVE, Condition({"skill": "fly"})))
    with pytest.raises(PlanError, match="samples step by step"):
        Planner(SummedConditionBundle(bundle, (WAVE, REST)), samples_in_one_call=True)
