"""Demonstrations: what an episode holds, and that it depends on nothing but seed and number."""

from dataclasses import replace

import numpy as np
import pytest

from decision_diffuser_ros.data.description import DataDescription
from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.simulation import stacking_model as model
from decision_diffuser_ros.simulation.block_constraints import CONSTRAINT_NAMES
from decision_diffuser_ros.simulation.pauses import PauseRange
from decision_diffuser_ros.simulation.stacking_demonstrations import (
    PRELUDE_STEPS,
    StackingRange,
    attributes,
    record_episode,
)
from decision_diffuser_ros.simulation.stacking_expert import Phase
from decision_diffuser_ros.simulation.stacking_goals import GoalPreference
from decision_diffuser_ros.simulation.stacking_mishaps import MishapRange
from decision_diffuser_ros.simulation.stacking_prelude import PreludeRange
from decision_diffuser_ros.simulation.wrong_aims import WrongAimRange

ONE_MOVE = GoalPreference((((2, 1, 1), 1.0),), move_factor=1.0)
AT_ONCE = PreludeRange(resting_share=0.0, interrupted_share=0.0)
SHORT = StackingRange(
    scattered_share=1.0,
    from_table=ONE_MOVE,
    prelude=AT_ONCE,
    rest_steps=5,
    disturbed_share=1.0,
    calm_steps=(8, 12),
)
CALM = replace(
    SHORT,
    disturbed_share=0.0,
    mishaps=MishapRange(nudge_share=0.0, slip_share=0.0),
    wrong_aims=WrongAimRange(share=0.0),
    pauses=PauseRange(share=0.0),
)


@pytest.fixture(scope="module")
def episode():
    return record_episode(7, 4, SHORT)


def test_an_episode_is_the_same_whenever_it_is_recorded(episode):
    record_episode(7, 5, SHORT)
    again = record_episode(7, 4, SHORT)
    np.testing.assert_array_equal(episode.states, again.states)
    np.testing.assert_array_equal(episode.actions, again.actions)
    assert not np.array_equal(episode.states[0], record_episode(7, 6, CALM).states[0])


def test_its_one_label_holds_at_its_end(episode):
    assert len(set(episode.skills.tolist())) == 1
    held = episode.extras["constraints_hold"]
    assert held.shape == (len(episode.states), 12)
    assert held[-1, episode.skills[0]]
    assert held[-1].sum() == 3  # one block stands above the three others
    assert not held[0].any()
    assert episode.attributes["constraint"] == CONSTRAINT_NAMES[episode.skills[0]]


def test_actions_are_the_experts_clean_targets_and_not_what_was_applied(episode):
    applied, disturbed = episode.extras["applied_actions"], episode.extras["disturbed"]
    assert 0 < disturbed.mean() < 0.5
    assert np.abs(applied - episode.actions)[disturbed].max() > 0.01
    np.testing.assert_array_equal(applied[~disturbed], episode.actions[~disturbed])
    assert (applied >= model.ACTION_LOWER.astype(np.float32)).all()
    assert (applied <= model.ACTION_UPPER.astype(np.float32)).all()


def test_every_block_is_gripped_lifted_placed_and_let_go_and_the_arm_comes_home_to_rest():
    episode = record_episode(7, 2, CALM)
    phases = episode.extras["phase"]
    order = [Phase(phase) for phase in phases[np.r_[True, np.diff(phases) != 0]]]
    assert order == list(Phase)
    moved = episode.extras["moved_block"]
    height = episode.states[:, 8:].reshape(-1, 4, 7)[:, moved[phases == Phase.CARRY][0], 2]
    assert height[:-1][phases == Phase.CARRY].min() > 0.09
    assert height[-1] == pytest.approx(0.075, abs=0.002)
    assert (phases == Phase.REST).sum() == CALM.rest_steps


def test_every_joint_moves_and_quaternions_keep_their_sign(episode):
    assert episode.states[:, :7].std(axis=0).min() > 0.01
    assert episode.states[:, 8:].reshape(-1, 4, 7)[..., 6].min() > 0.85


@pytest.mark.parametrize(
    "mishaps", [MishapRange(nudge_share=1.0, slip_share=0.0), MishapRange(nudge_share=0.0, slip_share=0.9)]
)
def test_what_goes_wrong_is_marked_and_put_right(mishaps):
    episode = record_episode(3, 4, replace(CALM, mishaps=mishaps))
    assert episode.attributes["success"]
    assert episode.extras["disturbed"].any()
    assert episode.extras["constraints_hold"][-1, episode.skills[0]]


def test_rest_at_home_comes_to_an_end_in_a_demonstration_too():
    rests = PreludeRange(resting_share=1.0, resting_steps=(5, 5))
    episode = record_episode(7, 2, replace(CALM, prelude=rests))
    before = episode.extras["disturbed"]
    assert before[:PRELUDE_STEPS].all()
    assert not before[PRELUDE_STEPS:].any()
    assert (episode.extras["phase"][1:PRELUDE_STEPS] == Phase.REST).all()
    assert np.abs(np.diff(episode.states[2:PRELUDE_STEPS, :7], axis=0)).max() < 0.01
    assert episode.extras["phase"][PRELUDE_STEPS] == Phase.APPROACH
    assert np.abs(episode.states[PRELUDE_STEPS + 4] - episode.states[PRELUDE_STEPS])[:7].max() > 0.05


@pytest.mark.parametrize("number", range(4))
def test_work_on_something_else_is_interrupted_with_no_block_in_the_air(number):
    works = PreludeRange(resting_share=0.0, interrupted_share=1.0, interrupted_steps=(20, 60))
    episode = record_episode(11, number, replace(CALM, prelude=works))
    assert len(set(episode.skills.tolist())) == 1
    assert episode.extras["disturbed"].sum() == PRELUDE_STEPS
    assert episode.extras["phase"][PRELUDE_STEPS - 1] not in (Phase.LIFT, Phase.CARRY, Phase.LOWER)
    assert episode.extras["constraints_hold"][-1, episode.skills[0]]


def test_a_pause_is_marked_and_the_arm_goes_on_from_where_it_stopped():
    episode = record_episode(7, 2, replace(CALM, pauses=PauseRange(share=0.1, steps=(4, 4))))
    pauses, closed = episode.extras["disturbed"], episode.states[:-1, 7] < 0.06
    assert (pauses & closed).any()
    assert (pauses & ~closed).any()
    goes_on = np.flatnonzero(pauses[3:-1] & ~pauses[4:]) + 4
    assert np.abs(np.diff(episode.states, axis=0)[goes_on - 1, :7]).max() < 0.02
    np.testing.assert_array_equal(episode.actions[goes_on - 1], episode.actions[goes_on - 3])
    assert np.abs(episode.actions[goes_on] - episode.actions[goes_on - 1])[:, :7].max() < 0.1
    assert episode.extras["constraints_hold"][-1, episode.skills[0]]


def test_an_attempt_that_fails_is_not_shown():
    with pytest.raises(ConfigurationError, match="none of 10 attempts at demonstration 4 of seed 7"):
        record_episode(7, 4, replace(CALM, most_steps=2))


def test_attributes_describe_every_number_of_a_state_and_an_action(episode):
    description = DataDescription.from_metadata({"attributes": attributes(SHORT)})
    assert len(description.state) == episode.states.shape[1]
    assert len(description.action) == episode.actions.shape[1]
    assert description.skill_names == CONSTRAINT_NAMES
    assert description.choice_kind == "constraint"
    assert description.target_positions == tuple(range(8))
