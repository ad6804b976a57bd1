"""Outcomes: which of them is taken, how long it is kept, and that a plan leads to it."""

import dataclasses
import itertools

import numpy as np
import pytest

from decision_diffuser_ros.errors import ConfigurationError, StateError
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.conditions import Condition
from decision_diffuser_ros.planner.object_outcomes import ObjectOutcomes, Outcome
from decision_diffuser_ros.planner.planner import Planner
from decision_diffuser_ros.planner.settings import SamplingSettings
from decision_diffuser_ros.simulation.block_constraints import CONSTRAINT_NAMES
from decision_diffuser_ros.simulation.stacking_model import BLOCK_NAMES, BLOCK_SIZE
from tests.bundles import STACKING_STATE, condition_direction, make_stacking_bundle
from tests.planner.linear_denoiser import NOISY_SHARE, sampled

OPEN, CLOSED = 0.085, 0.049
PLACES = {"red": 0.0, "green": 0.2, "blue": 0.4, "yellow": -0.2}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return Bundle.load(make_stacking_bundle(tmp_path_factory.mktemp("outcomes") / "block_stacking", outcome=True))


@pytest.fixture(scope="module")
def objects(bundle):
    return ObjectOutcomes(bundle.manifest)


def above(upper, lower, weight=1.0):
    return Condition({"constraint": f"{upper} > {lower}"}, weight=weight)


def state_with(bundle, *piles, opening=OPEN, shift=0.0):
    """The blocks in these piles, each from bottom to top, where its lowest one has its place; the others alone."""
    state = np.array(STACKING_STATE, np.float32)
    names = bundle.manifest.state_names
    state[names.index("gripper/opening")] = opening
    alone = [(block,) for block in BLOCK_NAMES if not any(block in pile for pile in piles)]
    for pile in (*piles, *alone):
        for level, block in enumerate(pile):
            state[names.index(f"block_{block}/position/y")] = PLACES[pile[0]] + shift
            state[names.index(f"block_{block}/position/z")] = BLOCK_SIZE * (level + 0.5)
    return state


@pytest.fixture(scope="module")
def now(bundle):
    return state_with(bundle)


RED_ON_BLUE, CHAIN = (above("red", "blue"),), (above("red", "blue"), above("blue", "green"))


@pytest.mark.parametrize(
    ("branch", "pile", "failed"),
    [
        (RED_ON_BLUE, ("blue", "red"), 0),
        (RED_ON_BLUE, ("red", "blue"), 1),
        (RED_ON_BLUE, (), 1),
        (CHAIN, ("blue", "red"), 1),
        (CHAIN, ("green", "blue", "red"), 0),
        ((above("red", "blue", -0.5),), ("blue", "red"), 1),
        ((above("red", "blue", -0.5),), ("red", "blue"), 0),
        ((above("red", "blue", 0.0),), (), 0),
    ],
)
def test_conditions_are_read_off_the_heights(bundle, objects, now, branch, pile, failed):
    assert objects.failed_conditions(Outcome(state_with(bundle, pile), branch, now)) == failed


def test_the_one_that_fails_nothing_is_taken_and_of_these_the_nearest(bundle, objects, now):
    tower = Outcome(state_with(bundle, ("yellow", "green", "blue", "red")), CHAIN, now)
    pile = Outcome(state_with(bundle, ("green", "blue", "red")), CHAIN, now)
    less = Outcome(state_with(bundle, ("blue", "red")), CHAIN, now)
    for order in ([tower, pile, less], [less, pile, tower], [pile, tower, less]):
        assert objects.best(order) is pile
    assert objects.best([tower, less]) is tower


def position_entries(bundle, block, axes="xyz"):
    """Where in a state the position of a block is."""
    return list(bundle.manifest.state_indices([f"block_{block}/position/{axis}" for axis in axes]))


def y_of(bundle, state, block):
    """Where across the table a block stands [m]."""
    (y,) = state[position_entries(bundle, block, "y")]
    return y


def placed(bundle, state, **places):
    """The state with some blocks elsewhere across the table [m]."""
    state = state.copy()
    for block, place in places.items():
        state[position_entries(bundle, block, "y")] = place
    return state


@pytest.mark.parametrize("piles", [(), (("green", "blue", "red"),), (("red", "green"), ("blue", "yellow"))])
def test_what_stands_on_the_table_as_now_is_tidy_already(bundle, objects, now, piles):
    state = state_with(bundle, *piles)
    np.testing.assert_allclose(objects.tidied(state, now), state, atol=1e-6)


def test_what_is_in_the_air_falls_and_what_is_in_one_place_stacks_in_order_of_height(bundle, objects, now):
    names = bundle.manifest.state_names
    state = placed(bundle, state_with(bundle, ("blue", "red")), green=PLACES["blue"] + 0.01)
    state[names.index("block_yellow/position/z")] = 0.13  # over nothing
    state[names.index("block_green/position/z")] = 0.08  # a little above red, in the same place
    np.testing.assert_allclose(objects.tidied(state, now), state_with(bundle, ("blue", "red", "green")), atol=1e-6)


def test_what_is_on_the_table_stays_where_it_is(bundle, objects, now):
    state = placed(bundle, state_with(bundle, ("blue", "red")), green=PLACES["blue"] + 0.06, blue=0.41, red=0.41)
    np.testing.assert_allclose(objects.tidied(state, now), state_with(bundle, ("blue", "red")), atol=1e-6)


def test_what_comes_to_the_table_stands_where_there_is_room_for_a_hand(bundle, objects):
    now = state_with(bundle, ("blue", "green", "red"))
    drawn = placed(bundle, state_with(bundle), green=PLACES["blue"] + 0.05, red=PLACES["yellow"] + 0.05)
    tidied = objects.tidied(drawn, now)
    places = tidied[np.array([position_entries(bundle, block, "xy") for block in BLOCK_NAMES])]
    apart = np.linalg.norm(places[:, None] - places, axis=-1) + np.eye(4)
    assert apart.min() > 2.5 * BLOCK_SIZE
    assert y_of(bundle, tidied, "blue") == pytest.approx(PLACES["blue"])
    assert abs(y_of(bundle, tidied, "green") - y_of(bundle, drawn, "green")) < 0.2
    far = placed(bundle, drawn, red=0.0, green=0.2)
    np.testing.assert_allclose(objects.tidied(far, now), far, atol=1e-6)


def test_no_pile_is_begun_where_one_stands_now(bundle, objects):
    now = state_with(bundle, ("blue", "green", "red"))
    drawn = placed(
        bundle, state_with(bundle, ("red", "green", "blue")), **dict.fromkeys(("red", "green", "blue"), PLACES["blue"])
    )
    tidied = objects.tidied(drawn, now)
    at = position_entries(bundle, "red", "xy")
    assert np.linalg.norm(tidied[at] - now[at]) > 2.5 * BLOCK_SIZE
    assert objects.failed_conditions(Outcome(tidied, (above("blue", "red"),), now)) == 0


def milestone_of(objects, end, now):
    return objects.milestone(Outcome(end, (), now))


def test_a_tower_is_reached_block_by_block(bundle, objects, now):
    end = state_with(bundle, ("green", "blue", "red"))
    first = milestone_of(objects, end, now)
    np.testing.assert_allclose(first, state_with(bundle, ("green", "blue")), atol=1e-6)
    np.testing.assert_allclose(milestone_of(objects, end, first), end, atol=1e-6)
    np.testing.assert_allclose(milestone_of(objects, end, end), end, atol=1e-6)


def test_a_block_in_the_way_goes_to_where_nothing_stands_and_nothing_is_to_stand(bundle, objects):
    now = state_with(bundle, ("blue", "yellow"))
    end = state_with(bundle, ("blue", "red", "yellow"))
    first = milestone_of(objects, end, now)
    places = np.array([[y_of(bundle, state, block) for block in BLOCK_NAMES] for state in (now, end, first)])
    assert (places[2] == places[0]).tolist() == [block != "yellow" for block in BLOCK_NAMES]
    at = [position_entries(bundle, block) for block in BLOCK_NAMES]
    yellow = first[at[-1]]
    assert yellow[2] == pytest.approx(BLOCK_SIZE / 2)
    for block in at[:-1]:
        assert min(np.linalg.norm(yellow[:2] - state[block][:2]) for state in (now, end)) > 2.5 * BLOCK_SIZE


def test_a_block_in_the_air_is_put_down_first(bundle, objects, now):
    names = bundle.manifest.state_names
    held = now.copy()
    held[names.index("block_yellow/position/z")] = 0.3
    end = state_with(bundle, ("blue", "red"), ("green", "yellow"))
    np.testing.assert_allclose(milestone_of(objects, end, held), state_with(bundle, ("green", "yellow")), atol=1e-6)


def test_a_block_in_the_air_that_cannot_go_to_its_place_yet_goes_to_the_table(bundle, objects):
    names = bundle.manifest.state_names
    now = state_with(bundle, ("blue", "green"))
    now[names.index("block_yellow/position/z")] = 0.3
    first = milestone_of(objects, state_with(bundle, ("blue", "yellow")), now)
    expected = state_with(bundle, ("blue", "green"))
    at = position_entries(bundle, "yellow", "xy")
    assert first[names.index("block_yellow/position/z")] == pytest.approx(BLOCK_SIZE / 2)
    expected[at] = first[at]
    np.testing.assert_allclose(first, expected, atol=1e-6)


def test_every_milestone_brings_the_outcome_one_move_nearer(bundle, objects):
    arrangements = [(), (("red", "green"),), (("blue", "red"), ("green", "yellow")), (("yellow", "blue", "red"),)]
    arrangements += [tuple(tuple(reversed(pile)) for pile in piles) for piles in arrangements]
    for begin, goal in itertools.product(arrangements, repeat=2):
        now = state_with(bundle, *begin)
        end = objects.tidied(state_with(bundle, *goal), now)
        moves = objects.moves(Outcome(end, (), now))
        for left in reversed(range(moves)):
            now = milestone_of(objects, end, now)
            assert objects.moves(Outcome(end, (), now)) == left
        np.testing.assert_allclose(milestone_of(objects, end, now), end, atol=1e-6)


def test_moves_are_counted_as_they_are_made_one_after_another(bundle, objects):
    now = state_with(bundle, ("yellow", "red"))
    beneath = Outcome(state_with(bundle, ("yellow", "blue", "red")), CHAIN, now)  # red has to go and come back
    beside = Outcome(state_with(bundle, ("green", "blue", "red")), CHAIN, now)
    assert (objects.moves(beneath), objects.moves(beside)) == (3, 2)
    fulfilling = (above("red", "blue"), above("blue", "yellow"))
    beneath, beside = (dataclasses.replace(each, branch=fulfilling) for each in (beneath, beside))
    assert objects.best([beneath, beside]) is beside


def test_outcomes_of_two_constraints_are_drawn_for_both_together_and_for_each(bundle, now, monkeypatch):
    seen = []
    denoise = bundle.denoise
    monkeypatch.setattr(bundle, "denoise", lambda *inputs: (seen.append(inputs[3:]), denoise(*inputs))[1])
    settings = SamplingSettings(history=2, candidates=2, outcome_steps=1, denoising_steps=1, guidance_weight=1.0)
    Planner(bundle, settings=settings).plan(now[None], CHAIN, rng=np.random.default_rng(0))
    conditions, present = seen[0]
    asked = [tuple(np.flatnonzero(row)) for row, is_asked in zip(conditions, present[:, 0], strict=True) if is_asked]
    first, second = (CONSTRAINT_NAMES.index(name) for name in ("red > blue", "blue > green"))
    assert sorted(asked) == sorted([(first,), (second,)] * 4)


@pytest.mark.parametrize("unguided_levels, guided_steps", [(0, 4), (30, 3), (60, 2), (99, 1)])
def test_the_last_levels_of_an_outcome_are_without_guidance(tmp_path, now, monkeypatch, unguided_levels, guided_steps):
    bundle = Bundle.load(make_stacking_bundle(tmp_path / "block_stacking", outcome=True, noisy_share=NOISY_SHARE))
    settings = SamplingSettings(
        history=2, outcome_steps=4, denoising_steps=1, guidance_weight=2.0, unguided_levels=unguided_levels
    )
    planner = Planner(bundle, settings=settings)
    runs = []
    sample = planner._sampler.sample

    def watched(denoiser, start, levels, **options):
        runs.append((start[:, -1].copy(), sample(denoiser, start, levels, **options)))
        return runs[-1][1]

    monkeypatch.setattr(planner._sampler, "sample", watched)
    branch = (*CHAIN, above("red", "blue", weight=-0.5))
    planner.plan(now[None], branch, rng=np.random.default_rng(0))
    start, ends = runs[0]
    directions = condition_direction(len(CONSTRAINT_NAMES), bundle.manifest.state_dim, 0.01)
    first, second = (directions[CONSTRAINT_NAMES.index(name)] for name in ("red > blue", "blue > green"))
    guided = 2.0 * np.array([0.5 * first + second, first, second])  # both, with a NOT, and each alone
    unguided = np.array([(first + second) / 2.0, first, second])
    offsets = [guided] * guided_steps + [unguided] * (4 - guided_steps)
    np.testing.assert_allclose(ends[:, -1], sampled(start, offsets, [99, 74, 49, 24]), atol=1e-4)


def test_the_one_in_use_stays_unless_another_is_nearer_or_fails_less(bundle, objects, now):
    on_blue = Outcome(state_with(bundle, ("blue", "red")), RED_ON_BLUE, now)
    again = Outcome(state_with(bundle, ("blue", "red"), shift=0.01), RED_ON_BLUE, now)
    beside = Outcome(state_with(bundle, ("blue", "green", "red")), RED_ON_BLUE, now)
    assert objects.best([again, on_blue], in_use=on_blue) is on_blue
    assert objects.best([again, beside], in_use=beside) is again
    undone = Outcome(now, RED_ON_BLUE, now)
    assert objects.best([beside, undone], in_use=undone) is beside


def test_there_is_reason_to_choose_again_once_something_has_moved_and_nothing_is_held(bundle, objects, now):
    outcome = Outcome(state_with(bundle, ("blue", "red")), RED_ON_BLUE, now)
    assert not objects.is_outdated(outcome, now)
    assert not objects.is_outdated(outcome, state_with(bundle, shift=0.01))
    assert objects.is_outdated(outcome, state_with(bundle, ("blue", "red")))
    assert not objects.is_outdated(outcome, state_with(bundle, ("blue", "red"), opening=CLOSED))


def test_there_is_reason_to_choose_again_as_long_as_a_condition_fails(bundle, objects, now):
    undone = Outcome(now, RED_ON_BLUE, now)
    assert objects.is_outdated(undone, now)
    assert not objects.is_outdated(undone, state_with(bundle, opening=CLOSED))


def test_a_plan_keeps_the_outcome_of_the_plan_before_until_something_else_is_asked_or_has_moved(bundle, now):
    planner = Planner(bundle, settings=SamplingSettings(history=2, candidates=3))
    rng = np.random.default_rng(0)
    first = planner.plan(now[None], RED_ON_BLUE, rng=rng, outcome=state_with(bundle, ("blue", "red")))
    assert first.conditions == RED_ON_BLUE
    assert first.states.shape == (bundle.manifest.plan_steps, bundle.manifest.state_dim)
    assert planner.plan(now[None], RED_ON_BLUE, rng=rng, previous=first).outcome is first.outcome
    moved = state_with(bundle, ("blue", "red"))
    assert planner.plan(moved[None], RED_ON_BLUE, rng=rng, previous=first).outcome is not first.outcome
    other = planner.plan(now[None], CHAIN, rng=rng, previous=first)
    assert other.outcome.branch == other.conditions == CHAIN


def test_of_alternatives_the_one_is_planned_whose_outcome_is_taken(bundle, objects, now):
    planner = Planner(bundle, settings=SamplingSettings(history=2, candidates=2))
    plan = planner.plan(now[None], (RED_ON_BLUE, CHAIN), rng=np.random.default_rng(0))
    assert plan.conditions in (RED_ON_BLUE, CHAIN)
    assert plan.conditions == plan.outcome.branch
    fails = [
        objects.failed_conditions(dataclasses.replace(plan.outcome, branch=branch)) for branch in (RED_ON_BLUE, CHAIN)
    ]
    assert objects.failed_conditions(plan.outcome) == min(fails)


def test_the_way_is_planned_for_the_milestone_alone(bundle, objects, now, monkeypatch):
    seen = []
    denoise = bundle.denoise

    def watched(trajectory, mask, step, condition, present):
        seen.append((trajectory[:, -1].copy(), mask[:, -1].copy(), present.copy()))
        return denoise(trajectory, mask, step, condition, present)

    monkeypatch.setattr(bundle, "denoise", watched)
    settings = SamplingSettings(history=2, candidates=2, denoising_steps=3, outcome_steps=4, guidance_weight=2.0)
    plan = Planner(bundle, settings=settings).plan(now[None], RED_ON_BLUE, rng=np.random.default_rng(0))
    assert len(seen) == 4 + 3
    assert all(not mask.any() and present.any() for _, mask, present in seen[:4])
    normaliser = bundle.manifest.normaliser
    milestone = objects.milestone(plan.outcome)
    for last, mask, present in seen[4:]:
        np.testing.assert_allclose(last[0], (milestone - normaliser.mean) / normaliser.std, atol=1e-5)
        assert len(mask) == 1
        assert mask.all()
        assert not present.any()


def test_an_outcome_may_be_given(bundle, now):
    planner = Planner(bundle, settings=SamplingSettings(history=2))
    wanted = state_with(bundle, ("blue", "red"))
    plan = planner.plan(now[None], (), rng=np.random.default_rng(0), outcome=wanted)
    np.testing.assert_array_equal(plan.outcome.state, wanted)
    again = planner.plan(now[None], (), rng=np.random.default_rng(0), outcome=wanted, previous=plan)
    assert again.outcome is plan.outcome
    moved = planner.plan(
        state_with(bundle, shift=0.05)[None], (), rng=np.random.default_rng(0), outcome=wanted, previous=plan
    )
    assert moved.outcome is not plan.outcome
    with pytest.raises(StateError, match="expected a outcome|expected an outcome"):
        planner.plan(now[None], (), rng=np.random.default_rng(0), outcome=wanted[:3])


def test_a_warm_start_goes_on_from_a_plan_for_the_same_outcome_only(bundle, now):
    planner = Planner(bundle, settings=SamplingSettings(history=2, denoising_steps=4, warm_start_steps=1))
    rng = np.random.default_rng(0)
    first = planner.plan(now[None], RED_ON_BLUE, rng=rng, outcome=state_with(bundle, ("blue", "red")))
    assert planner.plan(now[None], RED_ON_BLUE, rng=rng, previous=first).denoising_steps == 1
    assert planner.plan(now[None], CHAIN, rng=rng, previous=first).denoising_steps == 4


def test_a_model_without_outcome_has_none_and_takes_none(tmp_path, now):
    planner = Planner(Bundle.load(make_stacking_bundle(tmp_path / "block_stacking")))
    assert planner.plan(now[None], RED_ON_BLUE, rng=np.random.default_rng(0)).outcome is None
    with pytest.raises(StateError, match="'block_stacking' plans no outcome"):
        planner.plan(now[None], RED_ON_BLUE, rng=np.random.default_rng(0), outcome=now)


def test_no_more_steps_than_the_model_was_trained_with(bundle):
    with pytest.raises(ConfigurationError, match="101"):
        Planner(bundle, settings=SamplingSettings(history=2, outcome_steps=101))
