"""OR: candidates of all branches are sampled side by side, and the best is followed; also best-of-N for one."""

from pathlib import Path

import numpy as np
import pytest

from decision_diffuser_ros.errors import ConditionError, PlanError
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.conditions import Condition
from decision_diffuser_ros.planner.expression_parser import parse
from decision_diffuser_ros.planner.planner import Plan, Planner
from decision_diffuser_ros.planner.settings import SamplingSettings
from tests.bundles import make_tiny_bundle

HISTORY = np.full((2, 4), 0.1)
WAVE, REST = Condition({"skill": "wave"}), Condition({"skill": "rest"})
BRANCHES = ((WAVE,), (REST, Condition({"return": 0.5})), ())


def planner_of(directory: Path, **settings: object) -> Planner:
    defaults = {"history": 2, "temperature": 0.0, "guidance_weight": 1.5}
    return Planner(Bundle.load(directory), settings=SamplingSettings(**defaults | settings))


def plan_of(planner: Planner, conditions: object, *, seed: int = 0, **options: object) -> Plan:
    return planner.plan(HISTORY, conditions, rng=np.random.default_rng(seed), **options)


def prefer(planner: Planner, monkeypatch: pytest.MonkeyPatch, *scores: float) -> list:
    """Gives the candidates these scores; returns the trajectories that will be scored."""
    scored: list[np.ndarray] = []

    def given(trajectories: np.ndarray, branches: object, **_: object) -> np.ndarray:
        scored.append(trajectories)
        return np.array(scores)

    monkeypatch.setattr(planner._scorer, "scores", given)
    return scored


def record_batches(planner: Planner, monkeypatch: pytest.MonkeyPatch) -> list[tuple[np.ndarray, ...]]:
    """Returns the inputs of each call of the network that is to come."""
    batches: list[tuple[np.ndarray, ...]] = []
    denoise = planner.bundle.denoise
    monkeypatch.setattr(planner.bundle, "denoise", lambda *inputs: batches.append(inputs) or denoise(*inputs))
    return batches


@pytest.mark.parametrize("prediction", ["x0", "noise"])
@pytest.mark.parametrize("sampler, steps", [("ddim", 2), ("ddpm", 5)])
@pytest.mark.parametrize("best", [0, 1, 2])
def test_the_plan_is_the_one_of_the_best_branch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prediction: str, sampler: str, steps: int, best: int
) -> None:
    planner = planner_of(make_tiny_bundle(tmp_path, prediction=prediction), sampler=sampler, denoising_steps=steps)
    prefer(planner, monkeypatch, *np.eye(3)[best])
    plan = plan_of(planner, BRANCHES)
    alone = plan_of(planner, BRANCHES[best])
    np.testing.assert_allclose(plan.states, alone.states, atol=2e-3)
    np.testing.assert_allclose(plan.actions, alone.actions, atol=2e-3)
    assert plan.conditions == alone.conditions == BRANCHES[best]
    assert plan.scores == tuple(np.eye(3)[best])
    assert alone.scores == ()


def test_all_candidates_are_one_batch_a_denoising_step_and_their_scores_one_more(
    tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planner = planner_of(tiny_bundle, denoising_steps=2, candidates=2)
    batches = record_batches(planner, monkeypatch)
    plan = plan_of(planner, BRANCHES)
    # Of two candidates each: null and wave; null, rest and return; null. Then three levels of wave; all three; null.
    assert [len(inputs[0]) for inputs in batches] == [12, 12, 3 * 2 * (1 + 3 + 1)]
    assert len(plan.scores) == 6
    np.testing.assert_array_equal(batches[0][4][:5], [[0, 0], [1, 0], [0, 0], [1, 0], [0, 0]])


def test_the_branch_in_use_is_kept_unless_another_is_better_by_the_margin(
    tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planner = planner_of(tiny_bundle, branch_margin=5.0)
    prefer(planner, monkeypatch, 0.0, 4.0, 1.0)
    first = plan_of(planner, BRANCHES)
    assert first.conditions == BRANCHES[1]
    prefer(planner, monkeypatch, 8.0, 4.0, 1.0)
    assert plan_of(planner, BRANCHES, previous=first).conditions == BRANCHES[1]
    prefer(planner, monkeypatch, 9.5, 4.0, 1.0)
    assert plan_of(planner, BRANCHES, previous=first).conditions == BRANCHES[0]


def test_the_best_of_several_plans_for_one_condition_is_taken(
    tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planner = planner_of(tiny_bundle, candidates=3, temperature=1.0, eta=1.0)
    denoise = planner.bundle.denoise
    # The toy's clean estimate does not depend on the noise; let it through.
    monkeypatch.setattr(planner.bundle, "denoise", lambda noisy, *rest: denoise(noisy, *rest) + 0.5 * noisy)
    scored = prefer(planner, monkeypatch, 1.0, 3.0, 2.0)
    plan = plan_of(planner, [WAVE])
    (trajectories,) = scored
    mean, std = (np.array(getattr(planner.bundle.manifest.normaliser, name)) for name in ("mean", "std"))
    np.testing.assert_allclose(plan.states, trajectories[1, 3:] * std + mean, rtol=1e-5)
    assert not np.allclose(trajectories[0], trajectories[1])
    assert (plan.conditions, plan.scores) == ((WAVE,), (1.0, 3.0, 2.0))


def test_an_expression_is_planned_for_as_its_branches(tiny_bundle: Path) -> None:
    planner = planner_of(tiny_bundle, negation_weight=0.5)
    expression = parse("wave & return=0.5 & !rest", planner.bundle.manifest)
    plan = plan_of(planner, expression)
    assert plan.conditions == expression.weighted_branches(0.5)[0]
    np.testing.assert_array_equal(plan.states, plan_of(planner, plan.conditions).states)


def test_an_expression_that_contradicts_itself_is_refused_and_such_alternatives_are_dropped(tiny_bundle: Path) -> None:
    planner = planner_of(tiny_bundle)
    manifest = planner.bundle.manifest
    with pytest.raises(ConditionError, match="wave and !wave contradict each other"):
        plan_of(planner, parse("wave & !wave", manifest))
    assert plan_of(planner, parse("wave & !wave | rest", manifest)).conditions == (REST,)


def test_an_unknown_name_in_any_branch_is_refused(tiny_bundle: Path) -> None:
    with pytest.raises(ConditionError, match="skill 'galop' is not in model 'tiny'"):
        plan_of(planner_of(tiny_bundle), ((WAVE,), (Condition({"skill": "galop"}),)))


def test_one_branch_is_planned_as_its_conditions(tiny_bundle: Path) -> None:
    planner = planner_of(tiny_bundle, temperature=1.0, sampler="ddpm", denoising_steps=3)
    np.testing.assert_array_equal(plan_of(planner, [[WAVE, REST]]).states, plan_of(planner, [WAVE, REST]).states)


def test_candidates_of_one_branch_start_warm_and_those_of_several_cold(tiny_bundle: Path) -> None:
    planner = planner_of(tiny_bundle, denoising_steps=10, warm_start_steps=3, temperature=1.0, candidates=2)
    previous = plan_of(planner, [WAVE])
    assert plan_of(planner, [[WAVE]], previous=previous, warm_start_shift=1).denoising_steps == 3
    assert plan_of(planner, BRANCHES, previous=previous, warm_start_shift=1).denoising_steps == 10


def test_candidates_that_are_not_finite_are_not_chosen(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planner = planner_of(tiny_bundle)
    prefer(planner, monkeypatch, np.nan, -7.0, np.nan)
    assert plan_of(planner, BRANCHES).conditions == BRANCHES[1]


@pytest.mark.parametrize("one_call", [False, True])
@pytest.mark.parametrize("sampler", ["ddim", "ddpm"])
def test_a_candidate_that_is_not_finite_does_not_spoil_the_others(tmp_path: Path, one_call: bool, sampler: str) -> None:
    """The network returns NaN for whoever asks for a return."""
    settings = SamplingSettings(history=2, temperature=0.0, guidance_weight=1.5, denoising_steps=3, sampler=sampler)
    bundle = Bundle.load(make_tiny_bundle(tmp_path, nan_kind=1))
    planner = Planner(bundle, settings=settings, samples_in_one_call=one_call)
    returning = (Condition({"skill": "rest", "return": 0.5}),)
    for branches in ((returning, (WAVE,)), ((WAVE,), returning)):
        plan = plan_of(planner, branches)
        assert plan.conditions == (WAVE,)
        np.testing.assert_allclose(plan.states, plan_of(planner, [WAVE]).states, atol=2e-3)
    with pytest.raises(PlanError, match="returned a plan that is not finite"):
        plan_of(planner, [returning])


def test_a_network_that_returns_nan_is_an_error_for_branches_too(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="returned a plan that is not finite"):
        plan_of(planner_of(make_tiny_bundle(tmp_path, nan_output=True)), BRANCHES)


@pytest.mark.parametrize("sampler", ["ddim", "ddpm"])
def test_candidates_sampled_in_one_call_are_those_sampled_step_by_step(
    tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch, sampler: str
) -> None:
    step_by_step = planner_of(tiny_bundle, sampler=sampler, temperature=1.0, denoising_steps=3, candidates=2)
    one_call = Planner(step_by_step.bundle, settings=step_by_step.settings, samples_in_one_call=True)
    for best in range(6):
        plans = []
        for planner in (step_by_step, one_call):
            prefer(planner, monkeypatch, *np.eye(6)[best])
            plans.append(plan_of(planner, BRANCHES))
        assert plans[0].conditions == plans[1].conditions == BRANCHES[best // 2]
        np.testing.assert_allclose(plans[0].states, plans[1].states, atol=1e-3)


@pytest.mark.parametrize(
    "text, present", [("wave | rest", [[0, 0], [1, 0], [0, 0], [1, 0]]), ("wave", [[0, 0], [1, 0]]), ("", [[0, 0]])]
)
def test_warm_up_runs_the_network_as_a_plan_for_the_expression_does(
    tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch, text: str, present: list
) -> None:
    planner = planner_of(tiny_bundle)
    batches = record_batches(planner, monkeypatch)
    expression = parse(text, planner.bundle.manifest)
    planner.warm_up(expression)
    warm_up = [len(inputs[0]) for inputs in batches]
    np.testing.assert_array_equal(batches[0][4], present)
    batches.clear()
    plan_of(planner, expression)
    assert [len(inputs[0]) for inputs in batches] == warm_up
