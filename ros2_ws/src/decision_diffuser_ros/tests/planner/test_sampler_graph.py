"""The sampler in one graph, against the sampler that takes its steps in Python."""

import dataclasses
from pathlib import Path

import numpy as np
import onnx
import pytest

from decision_diffuser_ros.errors import BundleError, PlanError
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.conditions import Condition
from decision_diffuser_ros.planner.manifest import DENOISER_FILE
from decision_diffuser_ros.planner.planner import Plan, Planner
from decision_diffuser_ros.planner.sampler_composition import INPUTS, compose_sampler
from decision_diffuser_ros.planner.settings import SamplingSettings
from decision_diffuser_ros.resources import model_directory
from tests.bundles import condition_direction, make_tiny_bundle
from tests.planner.linear_denoiser import NOISY_SHARE, sampled

WAVE, REST = Condition({"skill": "wave"}), Condition({"skill": "rest", "return": 0.4}, weight=-0.5)
SETTINGS = SamplingSettings(history=2, temperature=0.7, guidance_weight=1.6)


def plans_both_ways(bundle: Bundle, settings: SamplingSettings, conditions, **options) -> tuple[Plan, Plan]:
    """The plan sampled in one call, and the same step by step."""
    state = np.array(bundle.manifest.normaliser.mean, np.float32)
    history = state + 0.1 * np.random.default_rng(3).standard_normal((2, len(state)), np.float32)
    plans = [
        Planner(bundle, settings=settings, samples_in_one_call=one_call).plan(
            history, conditions, rng=np.random.default_rng(5), **options
        )
        for one_call in (True, False)
    ]
    return plans[0], plans[1]


def assert_equal_plans(one_call: Plan, step_by_step: Plan, tolerance: float = 2e-5) -> None:
    np.testing.assert_allclose(one_call.states, step_by_step.states, atol=tolerance)
    np.testing.assert_allclose(one_call.actions, step_by_step.actions, atol=tolerance)
    assert one_call.denoising_steps == step_by_step.denoising_steps


@pytest.mark.parametrize("conditions", [(), (WAVE,), (WAVE, REST)])
@pytest.mark.parametrize(
    "changes",
    [
        {"denoising_steps": 1},
        {"denoising_steps": 5},
        {"denoising_steps": 5, "temperature": 0.0},
        {"denoising_steps": 5, "eta": 0.6},
        {"denoising_steps": 5, "unguided_levels": 40},
        {"denoising_steps": 7, "step_spacing": "quadratic", "clean_limit": 0.3},
        {"sampler": "ddpm", "denoising_steps": 20},
        {"sampler": "ddpm", "denoising_steps": 100, "temperature": 0.5},
    ],
)
def test_one_call_plans_what_the_steps_in_python_plan(tiny_bundle: Path, changes, conditions) -> None:
    settings = dataclasses.replace(SETTINGS, **changes)
    assert_equal_plans(*plans_both_ways(Bundle.load(tiny_bundle), settings, conditions))


@pytest.mark.parametrize("unguided_levels, guided_steps", [(0, 5), (20, 4), (40, 3), (99, 1)])
def test_each_step_is_guided_or_not_by_its_own_level(tmp_path: Path, unguided_levels: int, guided_steps: int) -> None:
    bundle = Bundle.load(make_tiny_bundle(tmp_path, noisy_share=NOISY_SHARE))
    settings = dataclasses.replace(SETTINGS, temperature=0.0, denoising_steps=5, unguided_levels=unguided_levels)
    one_call, step_by_step = plans_both_ways(bundle, settings, (WAVE, REST))
    assert_equal_plans(one_call, step_by_step)
    wave, rest, by_return = condition_direction(3, 4, 0.5)
    guided, unguided = 1.6 * (wave - 0.5 * (rest + 0.4 * by_return)), wave
    offsets = [guided] * guided_steps + [unguided] * (5 - guided_steps)
    expected = sampled(np.zeros(4), offsets, [99, 79, 59, 39, 19])
    mean, std = (np.array(getattr(bundle.manifest.normaliser, name)) for name in ("mean", "std"))
    np.testing.assert_allclose(step_by_step.states, np.tile(mean + std * expected, (5, 1)), atol=1e-4)


@pytest.mark.parametrize("sampler", ["ddim", "ddpm"])
@pytest.mark.parametrize("unguided_levels", [0, 15, 50])
def test_steps_that_depend_on_those_before_are_sampled_the_same(
    tmp_path: Path, sampler: str, unguided_levels: int
) -> None:
    bundle = Bundle.load(make_tiny_bundle(tmp_path, noisy_share=NOISY_SHARE))
    settings = dataclasses.replace(SETTINGS, sampler=sampler, denoising_steps=10, unguided_levels=unguided_levels)
    assert_equal_plans(*plans_both_ways(bundle, settings, [[WAVE], [REST, WAVE]]), tolerance=1e-4)


@pytest.mark.parametrize("sampler", ["ddim", "ddpm"])
def test_a_prediction_of_noise_is_sampled_the_same(tmp_path: Path, sampler: str) -> None:
    bundle = Bundle.load(make_tiny_bundle(tmp_path, prediction="noise"))
    settings = dataclasses.replace(SETTINGS, sampler=sampler, denoising_steps=10, clean_limit=4.0)
    # Single precision: a noise prediction is divided by the noisiest level's signal of 5e-4.
    assert_equal_plans(*plans_both_ways(bundle, settings, (WAVE,)), tolerance=2e-3)


@pytest.mark.parametrize("sampler", ["ddim", "ddpm"])
def test_a_warm_start_is_sampled_the_same(tiny_bundle: Path, sampler: str) -> None:
    bundle = Bundle.load(tiny_bundle)
    settings = dataclasses.replace(SETTINGS, sampler=sampler, denoising_steps=10, warm_start_steps=3)
    previous, _ = plans_both_ways(bundle, settings, (WAVE,))
    one_call, step_by_step = plans_both_ways(bundle, settings, (WAVE,), previous=previous, warm_start_shift=2)
    assert one_call.denoising_steps == 3
    assert_equal_plans(one_call, step_by_step)


@pytest.mark.parametrize("changes", [{"denoising_steps": 4}, {"sampler": "ddpm", "denoising_steps": 10}])
def test_candidates_of_several_branches_are_sampled_the_same(tiny_bundle: Path, changes) -> None:
    settings = dataclasses.replace(SETTINGS, candidates=2, **changes)
    one_call, step_by_step = plans_both_ways(Bundle.load(tiny_bundle), settings, [[WAVE], [REST, WAVE]])
    assert len(one_call.scores) == 4
    assert one_call.conditions == step_by_step.conditions
    assert_equal_plans(one_call, step_by_step)


def test_committed_states_are_held_in_one_call_too(tiny_bundle: Path) -> None:
    settings = dataclasses.replace(SETTINGS, denoising_steps=5)
    committed = np.array([[0.31, -0.17, 0.5, 0.1], [0.33, -0.15, 0.6, 0.2]], np.float32)
    one_call, step_by_step = plans_both_ways(Bundle.load(tiny_bundle), settings, (WAVE,), committed=committed)
    np.testing.assert_array_equal(one_call.states[:2], committed)
    assert_equal_plans(one_call, step_by_step)


def test_the_shipped_model_is_sampled_the_same() -> None:
    bundle = Bundle.load(model_directory("quadruped_gaits"))
    for changes in ({}, {"denoising_steps": 6, "temperature": 0.5, "eta": 0.5}, {"sampler": "ddpm"}):
        settings = dataclasses.replace(bundle.manifest.sampling, **changes)
        conditions = (Condition({"skill": "bound", "forward_speed": 0.5}),)
        assert_equal_plans(*plans_both_ways(bundle, settings, conditions), tolerance=2e-3)


def test_tensors_are_bound_once_for_each_shape(tiny_bundle: Path) -> None:
    bundle = Bundle.load(tiny_bundle)
    planner = Planner(bundle, settings=SETTINGS, samples_in_one_call=True)
    history = np.array([bundle.manifest.normaliser.mean])
    plans = [planner.plan(history, conditions, rng=np.random.default_rng(1)) for conditions in [(WAVE,), ()] * 3]
    assert len(bundle.sampler._bindings) == 2
    np.testing.assert_array_equal(plans[0].states, plans[4].states)
    assert not np.allclose(plans[0].states, plans[1].states)


def test_the_composed_graph_is_valid_onnx(tiny_bundle: Path) -> None:
    content = (tiny_bundle / DENOISER_FILE).read_bytes()
    model = onnx.load_from_string(compose_sampler(content))
    onnx.checker.check_model(model, full_check=True)
    assert {each.name for each in model.graph.input} == set(INPUTS)
    assert model.opset_import == onnx.load_from_string(content).opset_import


@pytest.mark.parametrize("content", [b"", b"\x08\x07", b"\x3f", b"\x3a\xff\x01", b"\xff"])
def test_what_is_no_model_is_refused(content: bytes) -> None:
    with pytest.raises(BundleError, match="no ONNX model|no protobuf message"):
        compose_sampler(content)


def test_inputs_that_do_not_fit_each_other_are_a_plan_error(tiny_bundle: Path) -> None:
    inputs = {name: np.zeros([1] * len(axes), kind) for name, (kind, axes) in INPUTS.items()}
    with pytest.raises(PlanError, match="sampler composed from denoiser.onnx could not be evaluated"):
        Bundle.load(tiny_bundle).sampler.run(inputs)
