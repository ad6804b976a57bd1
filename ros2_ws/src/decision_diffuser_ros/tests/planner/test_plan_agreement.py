"""What logic cannot know shows in samples of plans: conditions that are failed, and plans that disagree."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from decision_diffuser_ros.errors import ConditionError, ConfigurationError
from decision_diffuser_ros.planner.conditions import Branch, Condition
from decision_diffuser_ros.planner.plan_agreement import AgreementCheck, AgreementSettings, PlanAgreement
from tests.planner.two_modes import load_two_modes

WAVE, REST = Condition({"skill": "wave"}), Condition({"skill": "rest"})
NOT_WAVE, NOT_REST = Condition({"skill": "wave"}, weight=-1.0), Condition({"skill": "rest"}, weight=-1.0)
HISTORY = np.zeros((2, 4))
FEASIBLE: list[Branch] = [(), (WAVE,), (REST,), (WAVE, NOT_REST), (REST, NOT_WAVE), (NOT_REST,), (NOT_WAVE,)]
INFEASIBLE: list[Branch] = [(WAVE, REST)]
MISSED: list[Branch] = [(NOT_WAVE, NOT_REST)]
"""That cannot be either, but is not noticed."""


@pytest.fixture
def check(tiny_bundle: Path) -> AgreementCheck:
    return AgreementCheck(load_two_modes(tiny_bundle))


def cases(branches: list[Branch]) -> list[tuple[np.ndarray, Branch]]:
    return [(HISTORY, branch) for branch in branches for _ in range(5)]


def test_feasible_conditions_raise_no_false_alarm(check: AgreementCheck) -> None:
    assert check.false_alarm_rate(cases(FEASIBLE), rng=np.random.default_rng(0)) == 0.0


def test_conditions_that_exclude_each_other_are_refused(check: AgreementCheck) -> None:
    assert check.false_alarm_rate(cases(INFEASIBLE), rng=np.random.default_rng(0)) == 1.0


def test_to_avoid_what_is_expected_anyway_and_all_else_is_not_noticed(check: AgreementCheck) -> None:
    """All samples wave, which is nearly as likely without condition: log p(y|x) - log p(y) is but log(10/9)."""
    assert check.false_alarm_rate(cases(MISSED), rng=np.random.default_rng(0)) == 0.0
    agreement = check.measure(HISTORY, MISSED[0], rng=np.random.default_rng(0))
    assert agreement.margins[0] == pytest.approx(0.0, abs=np.log(10 / 9))
    assert agreement.margins[1] > 100.0


def test_samples_of_what_excludes_itself_fail_a_condition(check: AgreementCheck) -> None:
    agreement = check.measure(HISTORY, (WAVE, REST), rng=np.random.default_rng(0))
    assert agreement.violation > 0.9
    assert min(agreement.margins) < 0.0
    good = check.measure(HISTORY, (REST, NOT_WAVE), rng=np.random.default_rng(0))
    assert good.violation == 0.0
    assert min(good.margins) > 0.0


def test_samples_that_are_further_apart_than_those_of_one_condition_are_refused(check: AgreementCheck) -> None:
    reason = check.reason_against(PlanAgreement(violation=0.0, disagreement=4.5, margins=(1.0,)))
    assert reason == "sampled plans are 4.5 times as far apart as those of a single condition (at most 4)"
    assert check.reason_against(PlanAgreement(violation=0.5, disagreement=4.0, margins=(1.0,))) is None
    reason = check.reason_against(PlanAgreement(violation=0.75, disagreement=0.0, margins=(1.0,)))
    assert reason == "75% of sampled plans fail a condition (at most 50%)"


def test_the_spread_is_compared_with_the_widest_single_condition(check: AgreementCheck) -> None:
    rng = np.random.default_rng(0)
    assert check.measure(HISTORY, (WAVE, NOT_REST), rng=rng).disagreement == pytest.approx(1.0, abs=0.5)
    assert check.measure(HISTORY, (WAVE,), rng=rng).disagreement == 0.0
    assert check.measure(HISTORY, (), rng=rng) == PlanAgreement(0.0, 0.0, ())


def test_branches_that_do_not_agree_are_left_out_and_all_such_are_refused(check: AgreementCheck) -> None:
    rng = np.random.default_rng(0)
    assert check.agreeing_branches(HISTORY, [(WAVE, REST), (REST,)], rng=rng) == ((REST,),)
    with pytest.raises(ConditionError, match="cannot fulfil this from here: .*% of sampled plans fail a condition"):
        check.agreeing_branches(HISTORY, [(WAVE, REST)], rng=rng)


def test_a_model_may_have_fewer_levels_than_the_check_wants_steps(tiny_bundle: Path) -> None:
    bundle = load_two_modes(tiny_bundle)
    settings = AgreementSettings(denoising_steps=10_000)
    assert AgreementCheck(bundle, settings)._planner.settings.denoising_steps == 100


def test_settings_that_cannot_be_meant_are_refused(check: AgreementCheck) -> None:
    with pytest.raises(ConfigurationError, match="`samples` must be at least 2"):
        AgreementSettings(samples=1)
    with pytest.raises(ConfigurationError, match="at least one case"):
        check.false_alarm_rate([], rng=np.random.default_rng(0))
    assert dataclasses.replace(check.settings, samples=2).samples == 2
