"""Plans, on a model whose clean trajectory is known: a pose, moved by a direction for each condition present."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from decision_diffuser_ros.errors import ConditionError, ConfigurationError, PlanError, StateError
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.conditions import Condition
from decision_diffuser_ros.planner.planner import Plan, Planner
from decision_diffuser_ros.planner.settings import SamplingSettings
from tests.bundles import STANDING_POSE, condition_direction, make_tiny_bundle

POSE = (0.3, -0.2)
MEAN = np.array([*POSE, 0.0, 0.0])
STD = np.array([0.25, 0.25, 2.0, 2.0])
WAVE, REST = condition_direction(3, 4, 0.5)[:2]
HISTORY = np.full((2, 4), 0.1)


def planner_of(directory: Path, **settings: object) -> Planner:
    return Planner(Bundle.load(directory), settings=SamplingSettings(**{"history": 2, "temperature": 0.0} | settings))


def plan_of(planner: Planner, *conditions: Condition, seed: int = 0, history: np.ndarray = HISTORY, **options) -> Plan:
    return planner.plan(history, conditions, rng=np.random.default_rng(seed), **options)


def record_network_inputs(planner: Planner, monkeypatch: pytest.MonkeyPatch) -> list[tuple[np.ndarray, ...]]:
    """Every call of the network from now on, as copies of (trajectory, mask, step, condition, present)."""
    calls: list[tuple[np.ndarray, ...]] = []
    denoise = planner.bundle.denoise

    def recording(*inputs: np.ndarray) -> np.ndarray:
        calls.append(tuple(np.array(each) for each in inputs))
        return denoise(*inputs)

    monkeypatch.setattr(planner.bundle, "denoise", recording)
    return calls


@pytest.mark.parametrize("prediction", ["x0", "noise"])
@pytest.mark.parametrize("sampler, steps", [("ddim", 1), ("ddim", 2), ("ddpm", 10), ("ddpm", 100)])
def test_the_plan_is_the_guided_trajectory(tmp_path: Path, prediction: str, sampler: str, steps: int) -> None:
    directory = make_tiny_bundle(tmp_path, prediction=prediction)
    planner = planner_of(directory, sampler=sampler, denoising_steps=steps, guidance_weight=1.6)
    plan = plan_of(planner, Condition({"skill": "wave"}))
    # Single precision: a noise prediction is divided by the noisiest level's signal of 5e-4.
    np.testing.assert_allclose(plan.states, np.tile(MEAN + STD * 1.6 * WAVE, (5, 1)), atol=2e-3)
    assert plan.denoising_steps == steps
    assert plan.seconds > 0.0


def test_two_conditions_add_up(tiny_bundle: Path) -> None:
    planner = planner_of(tiny_bundle, guidance_weight=1.2)
    plan = plan_of(planner, Condition({"skill": "wave"}), Condition({"skill": "rest"}, weight=-0.5))
    np.testing.assert_allclose(plan.states[0], MEAN + STD * 1.2 * (WAVE - 0.5 * REST), atol=1e-5)


def test_skill_and_return_in_one_condition_are_one_branch(tiny_bundle: Path) -> None:
    planner = planner_of(tiny_bundle, guidance_weight=1.0)
    plan = plan_of(planner, Condition({"skill": "wave", "return": 0.6}))
    by_return = 0.6 * condition_direction(3, 4, 0.5)[2]
    np.testing.assert_allclose(plan.states[0], MEAN + STD * (WAVE + by_return), atol=1e-5)


def test_zero_guidance_weight_ignores_the_condition(tiny_bundle: Path) -> None:
    planner = planner_of(tiny_bundle, guidance_weight=0.0, temperature=1.0)
    conditional = plan_of(planner, Condition({"skill": "wave"}))
    np.testing.assert_array_equal(conditional.states, plan_of(planner).states)


def test_actions_lead_from_the_last_observed_state_through_the_plan(tiny_bundle: Path, monkeypatch) -> None:
    planner = planner_of(tiny_bundle, temperature=1.0, sampler="ddpm", denoising_steps=3)
    asked = []
    inverse_dynamics = planner.bundle.inverse_dynamics
    monkeypatch.setattr(
        planner.bundle, "inverse_dynamics", lambda *states: asked.append(states) or inverse_dynamics(*states)
    )
    history = np.array([[9.0, 9, 9, 9], [1, 2, 3, 4]])
    plan = plan_of(planner, history=history)
    ((states, next_states),) = asked
    np.testing.assert_array_equal(states[0], history[-1])
    np.testing.assert_array_equal(states[1:], plan.states[:-1])
    np.testing.assert_array_equal(next_states, plan.states)
    np.testing.assert_array_equal(plan.actions, plan.states[:, :2])


def test_a_plan_is_repeated_by_the_same_seed_only(tiny_bundle: Path, monkeypatch) -> None:
    planner = planner_of(tiny_bundle, temperature=1.0, eta=1.0, denoising_steps=3)
    # The toy's clean estimate does not depend on the noise; let it through.
    denoise = planner.bundle.denoise
    monkeypatch.setattr(planner.bundle, "denoise", lambda noisy, *rest: denoise(noisy, *rest) + 0.5 * noisy)
    first, again, other = (plan_of(planner, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.states, again.states)
    assert not np.allclose(first.states, other.states)


def test_the_network_sees_one_batch_of_null_and_conditions_a_step(tiny_bundle: Path, monkeypatch) -> None:
    planner = planner_of(tiny_bundle, denoising_steps=2, guidance_weight=1.5)
    calls = record_network_inputs(planner, monkeypatch)
    plan_of(planner, Condition({"skill": "rest"}), Condition({"return": 0.25}))
    assert len(calls) == 2
    for (trajectory, mask, denoising_step, condition, present), level in zip(calls, [99, 49], strict=True):
        assert (trajectory.shape, mask.shape) == ((3, 8, 4), (3, 8))
        np.testing.assert_array_equal(trajectory, trajectory[[0, 0, 0]])
        assert denoising_step.tolist() == [level] * 3
        np.testing.assert_allclose(condition, [[0, 0, 0], [0, 1, 0], [0, 0, 0.25]])
        assert present.tolist() == [[0, 0], [1, 0], [0, 1]]


@pytest.mark.parametrize("weight, present", [(1.0, [[1, 0]]), (0.0, [[0, 0]]), (1.5, [[0, 0], [1, 0]])])
def test_estimates_that_do_not_count_are_not_evaluated(tiny_bundle: Path, monkeypatch, weight, present) -> None:
    planner = planner_of(tiny_bundle, guidance_weight=weight)
    calls = record_network_inputs(planner, monkeypatch)
    plan_of(planner, Condition({"skill": "wave"}))
    assert calls[0][4].tolist() == present


def test_the_last_levels_are_without_guidance(tiny_bundle: Path, monkeypatch) -> None:
    conditions = Condition({"skill": "wave"}), Condition({"skill": "rest"}), Condition({"return": 0.5}, weight=-1.0)
    settings = {"denoising_steps": 4, "guidance_weight": 1.5, "unguided_levels": 50}
    planner = planner_of(tiny_bundle, **settings)
    calls = record_network_inputs(planner, monkeypatch)
    plan = plan_of(planner, *conditions)
    assert [call[2][0] for call in calls] == [99, 74, 49, 24]
    np.testing.assert_allclose(plan.states[0], MEAN + STD * (WAVE + REST) / 2, atol=1e-5)
    guided = plan_of(planner_of(tiny_bundle, **{**settings, "unguided_levels": 24}), *conditions)
    avoided = 0.5 * condition_direction(3, 4, 0.5)[2]
    np.testing.assert_allclose(guided.states[0], MEAN + STD * 1.5 * (WAVE + REST - avoided), atol=1e-5)


def test_a_weight_that_leaves_the_conditions_out_leaves_them_in_where_there_is_no_guidance(tiny_bundle: Path) -> None:
    planner = planner_of(tiny_bundle, denoising_steps=2, guidance_weight=0.0, unguided_levels=50)
    np.testing.assert_allclose(plan_of(planner, Condition({"skill": "wave"})).states[0], MEAN + STD * WAVE, atol=1e-5)


@pytest.mark.parametrize("length, mask", [(1, [-1, -1, 1]), (2, [-1, 1, 1]), (3, [-1, 1, 1])])
def test_history_is_written_clean_before_every_denoising_step(tiny_bundle: Path, monkeypatch, length, mask) -> None:
    planner = planner_of(tiny_bundle, sampler="ddpm", denoising_steps=4, history=2, temperature=1.0)
    calls = record_network_inputs(planner, monkeypatch)
    history = np.arange(1.0, 1.0 + 4 * length).reshape(length, 4)
    plan_of(planner, history=history)
    used = min(length, 2)
    for trajectory, observation_mask, *_ in calls:
        np.testing.assert_allclose(trajectory[0, 3 - used : 3], (history[-used:] - MEAN) / STD, rtol=1e-6)
        np.testing.assert_array_equal(trajectory[0, : 3 - used], 0.0)
        assert observation_mask.tolist() == [[*mask, 0, 0, 0, 0, 0]]


def test_temperature_scales_the_variance_of_the_start_noise(tiny_bundle: Path, monkeypatch) -> None:
    planner = planner_of(tiny_bundle, temperature=0.25)
    calls = record_network_inputs(planner, monkeypatch)
    for seed in range(200):
        plan_of(planner, seed=seed)
    starts = np.array([trajectory[0, 3:] for trajectory, *_ in calls[::2]])
    assert np.var(starts) == pytest.approx(0.25, rel=0.05)


def test_a_warm_start_runs_the_last_steps_from_the_shifted_plan(tiny_bundle: Path, monkeypatch) -> None:
    planner = planner_of(tiny_bundle, denoising_steps=10, warm_start_steps=3, temperature=0.0)
    wave = Condition({"skill": "wave"})
    states = np.arange(20.0, dtype=np.float32).reshape(5, 4)
    previous = dataclasses.replace(plan_of(planner, wave), states=states)
    calls = record_network_inputs(planner, monkeypatch)
    plan = plan_of(planner, wave, previous=previous, warm_start_shift=2)
    assert plan.denoising_steps == 3
    assert [int(call[2][0]) for call in calls] == [29, 19, 9]
    shifted = (states[[2, 3, 4, 4, 4]] - MEAN) / STD
    signal = np.sqrt(planner._levels[10][-3].alpha_cumprod)
    np.testing.assert_allclose(calls[0][0][0, 3:], signal * shifted, rtol=1e-5)


def test_a_plan_for_other_conditions_is_no_warm_start(tiny_bundle: Path) -> None:
    planner = planner_of(tiny_bundle, denoising_steps=10, warm_start_steps=3)
    previous = plan_of(planner, Condition({"skill": "wave"}))
    assert plan_of(planner, Condition({"skill": "rest"}), previous=previous).denoising_steps == 10
    assert plan_of(planner, Condition({"skill": "wave"}), previous=previous).denoising_steps == 3


def test_without_warm_start_steps_the_previous_plan_is_not_used(tiny_bundle: Path) -> None:
    planner = planner_of(tiny_bundle, denoising_steps=4, temperature=1.0)
    previous = plan_of(planner)
    again = plan_of(planner, previous=previous, warm_start_shift=1)
    np.testing.assert_array_equal(again.states, plan_of(planner).states)


def test_settings_default_to_those_of_the_manifest(tmp_path: Path) -> None:
    sampling = SamplingSettings(denoising_steps=7, history=1)
    planner = Planner(Bundle.load(make_tiny_bundle(tmp_path, sampling=sampling)))
    assert planner.settings == sampling
    assert plan_of(planner).denoising_steps == 7


def test_the_clean_estimate_is_limited(tiny_bundle: Path) -> None:
    planner = planner_of(tiny_bundle, guidance_weight=20.0, clean_limit=1.5)
    plan = plan_of(planner, Condition({"skill": "wave"}))
    np.testing.assert_allclose(plan.states[0], MEAN + STD * np.clip(20.0 * WAVE, -1.5, 1.5), atol=1e-5)


def test_the_quadruped_bundle_stands(quadruped_bundle: Path) -> None:
    planner = Planner(Bundle.load(quadruped_bundle))
    planner.warm_up([Condition({"skill": "trot"})])
    standing = np.array([*STANDING_POSE, *[0.0] * 12, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0])
    plan = planner.plan(standing[np.newaxis], [Condition({"skill": "trot"})], rng=np.random.default_rng(0))
    assert (plan.states.shape, plan.actions.shape) == ((24, 30), (24, 12))
    np.testing.assert_allclose(plan.actions, np.tile(STANDING_POSE, (24, 1)), atol=0.05)


REFUSED_HISTORIES = [
    (np.zeros((2, 3)), r"expected a history of shape \(1 to 3, 4\), oldest state first; got float64 \(2, 3\)"),
    (np.zeros((4, 4)), r"got float64 \(4, 4\)"),
    (np.zeros((0, 4)), r"got float64 \(0, 4\)"),
    (np.zeros(4), r"got float64 \(4,\)"),
    (np.zeros((2, 4), complex), r"got complex128 \(2, 4\)"),
    (np.full((2, 4), "0"), r"got <U1 \(2, 4\)"),
    ([[0, None, 0, 0]], r"got object \(1, 4\)"),
    ([[0, 0, 0, 0], [0, 0, 0]], "expected states of 4 numbers each"),
    ([[0, 0, 0, 0], [0, np.nan, 0, 0]], "finite numbers; got elbow/position = nan in state 2 of 2"),
    ([[0, 0, -np.inf, 0]], "finite numbers; got shoulder/velocity = -inf in state 1 of 1"),
    ([[0, 0, 0, 1e300]], r"finite numbers; got elbow/velocity = 1e\+300 in state 1 of 1"),
    # Outside the states that are used, a value that is not finite still says that a sensor failed.
    ([[np.nan, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]], "got shoulder/position = nan in state 1 of 3"),
]


@pytest.mark.parametrize("history, message", REFUSED_HISTORIES)
def test_a_history_is_refused(tiny_bundle: Path, history: np.ndarray, message: str) -> None:
    with pytest.raises(StateError, match=message):
        plan_of(planner_of(tiny_bundle), history=history)


def test_a_network_that_returns_nan_is_an_error(tmp_path: Path) -> None:
    planner = planner_of(make_tiny_bundle(tmp_path, nan_output=True))
    with pytest.raises(PlanError, match="model 'tiny' returned a plan that is not finite"):
        plan_of(planner)


def test_an_unknown_skill_is_refused(tiny_bundle: Path) -> None:
    with pytest.raises(ConditionError, match="skill 'galop' is not in model 'tiny'; available: rest, wave"):
        plan_of(planner_of(tiny_bundle), Condition({"skill": "galop"}))


def test_settings_beyond_the_model_are_refused(tiny_bundle: Path) -> None:
    with pytest.raises(ConfigurationError, match="`history` must be at most 3"):
        planner_of(tiny_bundle, history=4)
    with pytest.raises(ConfigurationError, match="`denoising_steps` must be at most 100"):
        planner_of(tiny_bundle, denoising_steps=101)


def test_a_previous_plan_of_another_model_is_refused(tiny_bundle: Path) -> None:
    planner = planner_of(tiny_bundle, warm_start_steps=1)
    previous = dataclasses.replace(plan_of(planner), states=np.zeros((6, 4), np.float32))
    with pytest.raises(PlanError, match=r"expected a previous plan of shape \(5, 4\).*got \(6, 4\)"):
        plan_of(planner, previous=previous)
    with pytest.raises(PlanError, match="a shift of at least 0; got .* and -1"):
        plan_of(planner, previous=plan_of(planner), warm_start_shift=-1)


def test_planning_leaves_its_arguments_alone(tiny_bundle: Path) -> None:
    planner = planner_of(tiny_bundle, warm_start_steps=1)
    history = HISTORY.astype(np.float32)
    previous = plan_of(planner, history=history)
    states = previous.states.copy()
    plan_of(planner, history=history, previous=previous, warm_start_shift=1)
    np.testing.assert_array_equal(history, HISTORY.astype(np.float32))
    np.testing.assert_array_equal(previous.states, states)


def test_a_robot_computer_needs_numpy_and_onnxruntime_alone(tiny_bundle: Path) -> None:
    script = f"""
import sys
for absent in ("torch", "rclpy", "pybullet", "h5py", "onnx", "scipy", "diffusers"):
    sys.modules[absent] = None
import numpy as np
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.conditions import Condition
from decision_diffuser_ros.planner.planner import Planner
plan = Planner(Bundle.load({str(tiny_bundle)!r})).plan(
    np.zeros((1, 4)), [Condition({{"skill": "wave"}})], rng=np.random.default_rng(0))
assert plan.actions.shape == (5, 2)
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_the_plan_begins_with_the_committed_states_exactly(tiny_bundle: Path) -> None:
    planner = planner_of(tiny_bundle, temperature=1.0, denoising_steps=3)
    committed = np.array([[0.31, -0.17, 0.5, 0.1], [0.33, -0.15, 0.6, 0.2]], np.float32)
    plan = plan_of(planner, Condition({"skill": "wave"}), committed=committed)
    np.testing.assert_array_equal(plan.states[:2], committed)
    np.testing.assert_allclose(plan.states[2:], np.tile(MEAN + STD * 1.5 * WAVE, (3, 1)), atol=1e-5)


def test_the_network_sees_the_committed_states_in_place_of_noise(tiny_bundle: Path, monkeypatch) -> None:
    planner = planner_of(tiny_bundle, temperature=1.0, denoising_steps=3)
    calls = record_network_inputs(planner, monkeypatch)
    committed = MEAN + STD * 0.5
    plan_of(planner, committed=[committed])
    for trajectory, mask, *_ in calls:
        np.testing.assert_allclose(trajectory[:, 3], 0.5, atol=1e-6)
        np.testing.assert_array_equal(mask[:, 3:], 0.0)


def test_nothing_committed_is_as_before(tiny_bundle: Path) -> None:
    planner = planner_of(tiny_bundle, temperature=1.0)
    np.testing.assert_array_equal(plan_of(planner).states, plan_of(planner, committed=np.empty((0, 4))).states)


@pytest.mark.parametrize("committed", [np.zeros((5, 4)), np.zeros((1, 3)), [[np.nan] * 4]])
def test_committed_states_that_are_none_are_refused(tiny_bundle: Path, committed) -> None:
    with pytest.raises(StateError, match="expected a committed prefix of"):
        plan_of(planner_of(tiny_bundle), committed=committed)
