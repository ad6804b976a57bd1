"""Composition chooses, and what it chose is planned for until it is asked again."""

import dataclasses

import numpy as np
import pytest

from decision_diffuser_ros.errors import ConditionError, ConfigurationError
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.composition_follower import CompositionFollower, mixture_shares
from decision_diffuser_ros.planner.conditions import Condition
from decision_diffuser_ros.planner.expression_parser import parse
from decision_diffuser_ros.planner.planner import Planner
from decision_diffuser_ros.resources import model_directory
from decision_diffuser_ros.simulation.quadruped_model import STANDING_POSE

STANDING = np.concatenate([STANDING_POSE, np.zeros(12), [0, 0, -1], np.zeros(3)])[None]
TROT, PACE = (Condition({"skill": skill, "forward_speed": 0.6}) for skill in ("trot", "pace"))
NOT_BOUND = Condition({"skill": "bound"}, weight=-0.2)


@pytest.fixture(scope="module")
def bundle():
    return Bundle.load(model_directory("quadruped_gaits"))


def asked_of(follower, conditions, count):
    """What each of some successive plans was sampled for."""
    previous, asked = None, []
    for _ in range(count):
        previous = follower.plan(STANDING, conditions, rng=np.random.default_rng(0), previous=previous)
        asked.append(previous.conditions)
    return asked


def test_after_a_composed_plan_come_plans_for_what_it_chose(bundle):
    both = (TROT, PACE)
    first, *chosen, again = asked_of(CompositionFollower(bundle, choose_every=4), both, 5)
    assert first == again == both
    assert len(set(map(str, chosen))) == 1
    assert chosen[0] in ((TROT,), (PACE,))


def test_the_heavier_condition_is_chosen_more_often_and_then_has_the_weight_1(bundle):
    settings = dataclasses.replace(bundle.manifest.sampling, guidance_weight=1.0)
    for heavy, light in ((TROT, PACE), (PACE, TROT)):
        both = (Condition(heavy.values, weight=0.8), Condition(light.values, weight=0.2))
        chosen = []
        for seed in range(20):
            follower, rng = CompositionFollower(bundle, settings=settings), np.random.default_rng(seed)
            plan = follower.plan(STANDING, both, rng=rng)
            chosen.append(follower.plan(STANDING, both, rng=rng, previous=plan).conditions)
        assert all(each in ((heavy,), (light,)) for each in chosen)
        assert sum(each == (heavy,) for each in chosen) >= 12


def test_shares_are_those_that_a_mixture_was_made_with():
    parts = np.random.default_rng(0).normal(size=(3, 50))
    shares = np.array([0.5, 0.3, 0.2])
    np.testing.assert_allclose(mixture_shares(parts, shares @ parts), shares, atol=1e-9)
    np.testing.assert_allclose(mixture_shares(parts, parts[1]), [0.0, 1.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(mixture_shares(parts[:2], 1.2 * parts[1] - 0.2 * parts[0]), [0.0, 1.0], atol=1e-9)
    np.testing.assert_allclose(mixture_shares(parts[:1], parts[1]), [1.0])
    np.testing.assert_allclose(mixture_shares(parts[[0, 0]], parts[1]), [1.0, 0.0])  # nothing to tell them apart by


def test_what_is_to_be_avoided_stays_so(bundle):
    _, chosen = asked_of(CompositionFollower(bundle), (TROT, NOT_BOUND, PACE), 2)
    assert len(chosen) == 2
    assert chosen[1] == NOT_BOUND


@pytest.mark.parametrize("conditions", [(TROT,), (TROT, NOT_BOUND), ((TROT,), (PACE,)), ()])
def test_anything_but_two_wanted_conditions_is_planned_as_ever(bundle, conditions):
    followed = CompositionFollower(bundle).plan(STANDING, conditions, rng=np.random.default_rng(3))
    plain = Planner(bundle).plan(STANDING, conditions, rng=np.random.default_rng(3))
    np.testing.assert_array_equal(followed.states, plain.states)
    assert followed.conditions == plain.conditions


def test_other_conditions_and_a_new_beginning_are_composed_at_once(bundle):
    follower = CompositionFollower(bundle)
    plan = follower.plan(STANDING, (TROT, PACE), rng=np.random.default_rng(0))
    other = (PACE, TROT)
    assert follower.plan(STANDING, other, rng=np.random.default_rng(0), previous=plan).conditions == other
    assert follower.plan(STANDING, other, rng=np.random.default_rng(0)).conditions == other


def test_composing_every_plan_is_planning_as_ever(bundle):
    settings = dataclasses.replace(bundle.manifest.sampling, temperature=0.5)
    planners = (CompositionFollower(bundle, settings=settings, choose_every=1), Planner(bundle, settings=settings))
    generators, plans = [np.random.default_rng(3), np.random.default_rng(3)], [None, None]
    for _ in range(3):
        plans = [
            planner.plan(STANDING, (TROT, PACE), rng=rng, previous=previous)
            for planner, rng, previous in zip(planners, generators, plans, strict=True)
        ]
        np.testing.assert_array_equal(plans[0].states, plans[1].states)
        assert plans[0].conditions == (TROT, PACE)


def test_what_a_warm_up_chose_is_forgotten(bundle):
    before = Planner(bundle).plan(STANDING, (TROT, PACE), rng=np.random.default_rng(0))
    follower = CompositionFollower(bundle)
    follower.warm_up((TROT, PACE))
    first = follower.plan(STANDING, (TROT, PACE), rng=np.random.default_rng(0), previous=before)
    assert first.conditions == (TROT, PACE)


def test_an_expression_that_contradicts_itself_is_refused_as_by_any_planner(bundle):
    follower, rng = CompositionFollower(bundle), np.random.default_rng(0)
    with pytest.raises(ConditionError, match="trot and !trot contradict each other"):
        follower.plan(STANDING, parse("trot & pace & !trot", bundle.manifest), rng=rng)


def test_alternatives_that_contradict_themselves_are_no_reason_not_to_compose(bundle):
    follower, rng = CompositionFollower(bundle), np.random.default_rng(0)
    expression = parse("trot & !trot | trot & pace", bundle.manifest)
    composed = follower.plan(STANDING, expression, rng=rng)
    assert len(composed.conditions) == 2
    assert len(follower.plan(STANDING, expression, rng=rng, previous=composed).conditions) == 1


def test_choosing_never_is_refused(bundle):
    with pytest.raises(ConfigurationError, match="`choose_every` must be at least 1, got 0"):
        CompositionFollower(bundle, choose_every=0)
