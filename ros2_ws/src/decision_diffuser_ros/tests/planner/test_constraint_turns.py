"""Constraints between objects come true from the bottom: whose turn it is counts in full."""

import numpy as np
import pytest

from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.conditions import Condition
from decision_diffuser_ros.planner.constraint_turns import ConstraintTurns
from decision_diffuser_ros.planner.planner import Planner
from decision_diffuser_ros.planner.settings import SamplingSettings
from decision_diffuser_ros.simulation.stacking_model import BLOCK_NAMES, BLOCK_SIZE
from tests.bundles import STACKING_STATE, make_stacking_bundle

OPEN, CLOSED = 0.085, 0.049


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return Bundle.load(make_stacking_bundle(tmp_path_factory.mktemp("turns") / "block_stacking"))


def above(upper, lower, weight=1.0):
    return Condition({"constraint": f"{upper} > {lower}"}, weight=weight)


def state_with(bundle, *, opening=OPEN, **levels):
    """The blocks at these levels, 0 (the table) where none is given."""
    state = np.array(STACKING_STATE, dtype=float)
    names = bundle.manifest.state_names
    state[names.index("gripper/opening")] = opening
    for block in BLOCK_NAMES:
        state[names.index(f"block_{block}/position/z")] = BLOCK_SIZE * (levels.get(block, 0) + 0.5)
    return state


def turns(bundle, share=0.25):
    return ConstraintTurns(bundle.manifest, others_weight=share)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_a_tower_is_built_from_the_bottom_however_it_is_asked(bundle, order):
    tower = [above("red", "blue"), above("blue", "green"), above("green", "yellow")]
    asked = tuple(tower[place] for place in order)
    full = [
        next(condition.values["constraint"] for condition in weighed if condition.weight == 1.0)
        for levels in ({}, {"green": 1}, {"green": 1, "blue": 2})
        for weighed in [turns(bundle).weighed(asked, state_with(bundle, **levels))]
    ]
    assert full == ["green > yellow", "blue > green", "red > blue"]


def test_others_keep_their_share_and_their_place(bundle):
    asked = (above("red", "blue", 2.0), above("blue", "green", 0.8))
    assert turns(bundle).weighed(asked, state_with(bundle)) == (above("red", "blue", 0.5), above("blue", "green", 0.8))
    assert turns(bundle, 0.0).weighed(asked, state_with(bundle)) == (above("blue", "green", 0.8),)
    assert turns(bundle, 1.0).weighed(asked, state_with(bundle)) == asked


def test_what_holds_already_is_not_in_turn_and_all_count_when_all_hold(bundle):
    asked = (above("red", "blue"), above("blue", "green"))
    upside_down = state_with(bundle, red=1)
    assert turns(bundle, 0.0).weighed(asked, upside_down) == (above("blue", "green"),)
    assert turns(bundle).weighed(asked, state_with(bundle, blue=1, red=2)) == asked


def test_while_an_object_is_on_its_way_the_turn_stays(bundle):
    asked = (above("red", "blue"), above("blue", "green"))
    in_use = (above("red", "blue", 0.25), above("blue", "green"))
    lifted = state_with(bundle, opening=CLOSED, blue=2)  # higher than green by now, but in the gripper
    assert turns(bundle).weighed(asked, lifted, in_use=in_use) == in_use
    put_down = state_with(bundle, blue=1)
    assert turns(bundle).weighed(asked, put_down, in_use=in_use) == (above("red", "blue"), above("blue", "green", 0.25))
    another = (above("red", "green"),)  # asked before; what is asked now goes by the heights
    assert turns(bundle).weighed(asked, lifted, in_use=another)[0] == above("red", "blue")


def test_one_constraint_and_what_is_to_be_avoided_stay_as_they_are(bundle):
    for asked in ((), (above("red", "blue"),), (above("red", "blue"), above("blue", "red", -0.5))):
        assert turns(bundle).weighed(asked, state_with(bundle)) == asked
    both = (above("red", "blue"), above("blue", "green"), above("green", "red", -0.5))
    assert turns(bundle).weighed(both, state_with(bundle))[2] == above("green", "red", -0.5)


def test_a_plan_says_what_it_was_sampled_for(bundle):
    planner = Planner(bundle, settings=SamplingSettings(history=2, others_weight=0.0))
    asked = (above("red", "blue"), above("blue", "green"))
    plan = planner.plan(state_with(bundle)[None], asked, rng=np.random.default_rng(0))
    assert plan.conditions == (above("blue", "green"),)
    on_top = planner.plan(state_with(bundle, blue=1)[None], asked, rng=np.random.default_rng(0), previous=plan)
    assert on_top.conditions == (above("red", "blue"),)


def test_skills_have_no_turns(quadruped_bundle):
    manifest = Bundle.load(quadruped_bundle).manifest
    asked = tuple(Condition({"skill": skill}) for skill in ("trot", "pace"))
    assert ConstraintTurns(manifest, others_weight=0.0).weighed(asked, np.zeros(manifest.state_dim)) == asked
