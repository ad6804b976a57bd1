"""Aims that miss: they do, they are noticed, and what comes of it is marked and put right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from decision_diffuser_ros.simulation.iiwa_kinematics import tool_pose
from decision_diffuser_ros.simulation.pauses import PauseRange
from decision_diffuser_ros.simulation.stacking_demonstrations import StackingRange, record_episode
from decision_diffuser_ros.simulation.stacking_expert import Phase
from decision_diffuser_ros.simulation.stacking_goals import GoalPreference
from decision_diffuser_ros.simulation.stacking_mishaps import MishapRange
from decision_diffuser_ros.simulation.stacking_prelude import PreludeRange
from decision_diffuser_ros.simulation.wrong_aims import WrongAimRange

CALM = StackingRange(
    scattered_share=1.0,
    from_table=GoalPreference((((2, 1, 1), 1.0),), move_factor=1.0),
    prelude=PreludeRange(resting_share=0.0, interrupted_share=0.0),
    rest_steps=3,
    disturbed_share=0.0,
    mishaps=MishapRange(nudge_share=0.0, slip_share=0.0),
    pauses=PauseRange(share=0.0),
)


def off_block(episode) -> np.ndarray:
    """Distance in x and y between the tool and the block that is moved, after each control step, (steps,) [m]."""
    moved = episode.extras["moved_block"]
    blocks = episode.states[1:, 8:].reshape(-1, 4, 7)[np.arange(len(moved)), moved, :2]
    tool = np.array([tool_pose(state[:7])[0][:2] for state in episode.states[1:]])
    return np.linalg.norm(tool - blocks, axis=1)


@pytest.fixture(scope="module")
def missing():
    wrong_aims = WrongAimRange(share=0.6, shift=(0.05, 0.06))
    return [record_episode(5, number, replace(CALM, wrong_aims=wrong_aims)) for number in range(4)]


def test_the_tool_misses_only_where_it_is_marked(missing):
    for episode in missing:
        low = np.isin(episode.extras["phase"], [Phase.DESCEND, Phase.CLOSE])
        disturbed = episode.extras["disturbed"]
        late = low & ~disturbed & (np.roll(episode.extras["phase"], 1) == episode.extras["phase"])
        assert off_block(episode)[late].max() < 0.012
    assert max(off_block(episode)[episode.extras["phase"] == Phase.DESCEND].max() for episode in missing) > 0.03


def test_what_was_missed_is_built_all_the_same(missing):
    assert all(episode.attributes["success"] and episode.attributes["attempt"] == 0 for episode in missing)
    assert any(episode.extras["disturbed"].any() for episode in missing)


def test_nothing_is_marked_where_no_aim_is_wrong():
    episode = record_episode(5, 0, replace(CALM, wrong_aims=WrongAimRange(share=0.0)))
    assert not episode.extras["disturbed"].any()
