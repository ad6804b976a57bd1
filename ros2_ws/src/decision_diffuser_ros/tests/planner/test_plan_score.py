"""The score that chooses between candidates, on two gaits in one dimension whose densities are known."""

from pathlib import Path

import numpy as np
import pytest

from decision_diffuser_ros.diffusion.likelihood import energy_levels
from decision_diffuser_ros.diffusion.samplers import KnownStates
from decision_diffuser_ros.diffusion.schedule import noise_schedule
from decision_diffuser_ros.planner.conditions import Branch, Condition, ConditionEncoder
from decision_diffuser_ros.planner.expression_parser import parse
from decision_diffuser_ros.planner.plan_score import (
    PlanScorer,
    branch_score,
    chosen_candidate,
    comparable_scores,
    with_shares,
)
from decision_diffuser_ros.planner.planner import Planner
from decision_diffuser_ros.planner.settings import SamplingSettings
from tests.planner.two_modes import SHARE_OF_WAVE, SPREAD, load_two_modes

WAVE, REST = Condition({"skill": "wave"}), Condition({"skill": "rest"})
NOT_WAVE, NOT_REST = Condition({"skill": "wave"}, weight=-1.0), Condition({"skill": "rest"}, weight=-1.0)


@pytest.fixture
def scorer(tiny_bundle: Path) -> PlanScorer:
    """With levels enough for the exact densities; noisy ones know which mode is the more frequent."""
    bundle = load_two_modes(tiny_bundle)
    schedule = noise_schedule("cosine", 100)
    levels = energy_levels(schedule, 60, log_snr_range=(-9.0, 4.0))
    return PlanScorer(bundle, ConditionEncoder(bundle.manifest), schedule, levels=levels)


def scores(scorer: PlanScorer, candidates: list[tuple[float, Branch]], draws: int = 1) -> np.ndarray:
    """Scores of candidates whose elements are all the same number, spread as the data are; the mean of some draws."""
    known = KnownStates(np.zeros((8, 4), np.float32), np.arange(8) < 3)
    spread = SPREAD * np.random.default_rng(5).standard_normal((8, 4))
    trajectories = np.stack([np.full((8, 4), value) + spread for value, _ in candidates]).astype(np.float32)
    rng = np.random.default_rng(0)
    branches, mask = [branch for _, branch in candidates], np.where(known.slots, 1.0, 0.0)
    drawn = [scorer.scores(trajectories, branches, known=known, observation_mask=mask, rng=rng) for _ in range(draws)]
    return np.mean(drawn, axis=0)


def test_a_candidate_that_shows_its_condition_is_better_than_one_that_does_not(scorer: PlanScorer) -> None:
    for branch, value in (((WAVE,), 1.0), ((REST,), -1.0)):
        good, half, bad = scores(scorer, [(value, branch), (0.0, branch), (-value, branch)])
        assert good > half + 5.0 > bad + 10.0


def test_between_two_good_candidates_the_gap_alone_would_prefer_the_surprising_one(scorer: PlanScorer) -> None:
    waving, resting = scores(scorer, [(1.0, (WAVE,)), (-1.0, (REST,))], draws=100)
    null_waving, null_resting = scores(scorer, [(1.0, ()), (-1.0, ())], draws=100)
    # log p(y|x) is 0 for both, so the gaps are -log p(y): log(10/9) and log(10).
    assert waving - null_waving == pytest.approx(-np.log(SHARE_OF_WAVE), abs=0.1)
    assert resting - null_resting == pytest.approx(-np.log(1.0 - SHARE_OF_WAVE), abs=0.3)
    assert waving == pytest.approx(resting, abs=0.1)


def test_a_branch_that_asks_for_the_expected_is_better_if_nothing_is_asked(scorer: PlanScorer) -> None:
    waving, resting = scores(scorer, [(1.0, ()), (-1.0, ())], draws=100)
    assert waving - resting == pytest.approx(np.log(SHARE_OF_WAVE / (1.0 - SHARE_OF_WAVE)), abs=0.3)


def test_both_of_two_exclusive_conditions_are_worse_than_either(scorer: PlanScorer) -> None:
    both, wave, rest = scores(scorer, [(0.0, (WAVE, REST)), (1.0, (WAVE,)), (-1.0, (REST,))])
    assert min(wave, rest) > both + 10.0


@pytest.mark.parametrize("weight", [0.5, 2.0, 10.0])
@pytest.mark.parametrize("shift, chosen", [(0.1, 1), (-0.1, 0)])
def test_a_weight_does_not_make_an_alternative_better(
    scorer: PlanScorer, weight: float, shift: float, chosen: int
) -> None:
    heavy = Condition({"skill": "rest"}, weight=weight)
    resting, waving = -1.0 - max(shift, 0.0), 1.0 - max(-shift, 0.0)  # the one that is shifted shows its mode less well
    plain = scores(scorer, [(resting, (REST,)), (waving, (WAVE,))])
    weighted = scores(scorer, [(resting, (heavy,)), (waving, (WAVE,))])
    np.testing.assert_allclose(weighted, plain, rtol=1e-6)
    for given, branches in ((plain, [(REST,), (WAVE,)]), (weighted, [(heavy,), (WAVE,)])):
        assert chosen_candidate(given, branches, None, margin=0.0) == chosen


def test_a_plan_for_an_alternative_with_a_weight_is_chosen_as_one_without(
    scorer: PlanScorer, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = load_two_modes(tiny_bundle)
    settings = SamplingSettings(history=2, guidance_weight=1.0, denoising_steps=10, temperature=1.0, eta=1.0)
    planner = Planner(bundle, settings=settings)
    monkeypatch.setattr(planner, "_scorer", scorer)

    def chosen(text: str) -> list[object]:
        expression = parse(text, bundle.manifest)
        plans = [planner.plan(np.zeros((1, 4)), expression, rng=np.random.default_rng(seed)) for seed in range(12)]
        return [plan.conditions[0].values["skill"] for plan in plans]

    plain = chosen("rest | wave")
    assert set(plain) == {"rest", "wave"}
    assert chosen("2*rest | wave") == plain


def test_more_that_is_wanted_does_not_make_an_alternative_better(scorer: PlanScorer) -> None:
    again = Condition({"skill": "rest", "return": 0.5})  # for this model the same condition
    twice, wave = scores(scorer, [(-1.05, (REST, again)), (1.0, (WAVE,))])
    once, wave_beside = scores(scorer, [(-1.05, (REST,)), (1.0, (WAVE,))])
    assert twice - wave == pytest.approx(once - wave_beside, abs=1e-3)
    assert twice < wave


def test_within_a_branch_the_weights_count_as_they_are(scorer: PlanScorer) -> None:
    values, branch = (-1.1, -1.0, -0.7), (Condition({"skill": "rest"}, weight=3.0),)
    own = scores(scorer, [(value, branch) for value in values])
    plain, null = (scores(scorer, [(value, other) for value in values]) for other in ((REST,), ()))
    np.testing.assert_allclose(np.diff(own), np.diff(null + 3.0 * (plain - null)), rtol=1e-4)


def test_what_is_to_be_avoided_costs_and_being_far_from_it_earns_nothing(scorer: PlanScorer) -> None:
    avoiding, failing = scores(scorer, [(1.0, (NOT_REST,)), (-1.0, (NOT_REST,))])
    plain, plain_failing = scores(scorer, [(1.0, ()), (-1.0, ())])
    assert avoiding == pytest.approx(plain, abs=1e-4)
    assert failing < plain_failing - 0.5


def test_only_rows_that_count_are_evaluated(scorer: PlanScorer, monkeypatch: pytest.MonkeyPatch) -> None:
    batches = []
    denoise = scorer._bundle.denoise
    monkeypatch.setattr(scorer._bundle, "denoise", lambda *inputs: batches.append(inputs) or denoise(*inputs))
    scores(scorer, [(1.0, (WAVE,)), (-1.0, (REST,))])
    scores(scorer, [(1.0, (WAVE, NOT_REST)), (0.0, (Condition({"skill": "rest"}, weight=0.0),))])
    levels = len(scorer._levels.denoising_step)
    assert [len(inputs[0]) for inputs in batches] == [2 * levels, 4 * levels]
    noisy, mask = batches[0][:2]
    np.testing.assert_array_equal(noisy[:, :3], 0.0)
    np.testing.assert_array_equal(mask, np.tile([1.0] * 3 + [0.0] * 5, (2 * levels, 1)))


def test_gaps_are_those_of_each_condition(scorer: PlanScorer) -> None:
    known = KnownStates(np.zeros((8, 4), np.float32), np.arange(8) < 3)
    trajectories = np.stack([np.full((8, 4), value, np.float32) for value in (1.0, -1.0)])
    options = {"known": known, "observation_mask": np.where(known.slots, 1.0, 0.0), "rng": np.random.default_rng(0)}
    gaps = scorer.gaps(trajectories, (WAVE, NOT_REST), **options)
    np.testing.assert_array_equal(gaps > 0.0, [[True, False], [False, True]])
    # The other mode is 2 away on each of 20 numbers: log densities 80 / (2 SPREAD^2) apart, less what levels cleaner
    # than a signal-to-noise ratio of exp(4) would add: the integral of 40 / (1 + SPREAD^2 snr)^2 from there on.
    exact = 40.0 / SPREAD**2 * (1.0 - 1.0 / (1.0 + SPREAD**2 * np.exp(4.0)))
    np.testing.assert_allclose([gaps[0, 1], gaps[1, 0]], -exact, rtol=0.05)
    assert scorer.gaps(trajectories, (), **options).shape == (2, 0)


@pytest.mark.parametrize(
    "branch, energies, score",
    [
        ((), {0: 7.0}, -7.0),
        ((WAVE,), {1: 2.0}, -2.0),
        ((WAVE, REST), {0: 7.0, 1: 2.0, 2: 3.0}, -7.0 + (7.0 - 2.0) + (7.0 - 3.0)),
        ((Condition({"skill": "wave"}, weight=0.5),), {0: 7.0, 1: 2.0}, -7.0 + 0.5 * (7.0 - 2.0)),
        ((NOT_WAVE,), {0: 7.0, 1: 2.0}, -7.0 - (7.0 - 2.0)),
        ((NOT_WAVE,), {0: 7.0, 1: 9.0}, -7.0),
        ((WAVE, NOT_REST), {0: 7.0, 1: 2.0, 2: 3.0}, -2.0 - (7.0 - 3.0)),
    ],
)
def test_the_score_is_plausibility_and_weighted_gaps(branch: Branch, energies: dict, score: float) -> None:
    assert branch_score(branch, energies) == pytest.approx(score)


BRANCHES = [(WAVE,), (WAVE,), (REST,)]


def test_wanted_weights_are_divided_by_their_sum_and_others_stay() -> None:
    half, heavy = Condition({"skill": "wave"}, weight=0.5), Condition({"skill": "rest"}, weight=1.5)
    quarter, rest = Condition({"skill": "wave"}, weight=0.25), Condition({"skill": "rest"}, weight=0.75)
    assert with_shares((half, NOT_REST, heavy)) == (quarter, NOT_REST, rest)
    assert with_shares((NOT_WAVE,)) == (NOT_WAVE,)
    assert with_shares(()) == ()


@pytest.mark.parametrize(
    "within, across, comparable",
    [
        ([1.0, 4.0, 9.0], [10.0, 11.0, 2.0], [8.0, 11.0, 2.0]),
        ([np.nan, 4.0, np.nan], [10.0, 11.0, 2.0], [np.nan, 11.0, np.nan]),
        ([-np.inf, np.nan, 9.0], [-np.inf, np.nan, 2.0], [np.nan, np.nan, 2.0]),
    ],
)
def test_the_best_of_each_branch_has_the_score_that_branches_are_compared_by(within, across, comparable) -> None:
    found = comparable_scores(np.array(within), np.array(across), BRANCHES)
    np.testing.assert_array_equal(found, comparable)


@pytest.mark.parametrize(
    "given, in_use, chosen",
    [
        ([1.0, 3.0, 2.0], None, 1),
        ([1.0, 3.0, 2.0], (REST,), 2),
        ([1.0, 8.0, 2.0], (REST,), 1),
        ([1.0, 3.0, 4.0], (WAVE,), 1),
        ([1.0, 3.0, 4.0], (NOT_WAVE,), 2),
        ([np.nan, np.nan, -9.0], (WAVE,), 2),
    ],
)
def test_another_branch_is_taken_only_if_it_is_better_by_the_margin(given, in_use, chosen: int) -> None:
    assert chosen_candidate(np.array(given), BRANCHES, in_use, margin=5.0) == chosen
