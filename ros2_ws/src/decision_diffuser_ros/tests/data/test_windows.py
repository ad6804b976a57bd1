"""Windows hold one skill in their planned part, lie within one episode, and are all of those."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decision_diffuser_ros.data.demonstration_set import DemonstrationSet
from decision_diffuser_ros.data.demonstrations import Episode
from decision_diffuser_ros.data.windows import NEVER, index_windows
from decision_diffuser_ros.errors import DataError

HISTORY, PLAN = 3, 4
SEGMENTS = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 9)), min_size=1, max_size=5)
EPISODES = st.lists(st.tuples(SEGMENTS, st.booleans()), min_size=1, max_size=5)


def make_set(episodes) -> DemonstrationSet:
    """Episodes whose single state number is 1000 * episode + control step."""
    made = []
    for number, (segments, fallen) in enumerate(episodes):
        skills = np.concatenate([np.full(length, skill) for skill, length in segments])
        states = 1000.0 * number + np.arange(len(skills) + 1)[:, None]
        made.append(Episode(states, np.zeros((len(skills), 1)), skills, attributes={"fallen": fallen}))
    return DemonstrationSet.from_episodes(made)


def expected_windows(episodes, steps_before_fall: int) -> list[tuple]:
    """The definition, one window at a time: (episode, t, history, remaining, since switch)."""
    found = []
    for number, (segments, fallen) in enumerate(episodes):
        skills = [skill for skill, length in segments for _ in range(length)]
        end = len(skills) - (steps_before_fall if fallen else 0)
        for t in range(len(skills)):
            remaining = 0
            while t + remaining < end and skills[t + remaining] == skills[t]:
                remaining += 1
            if remaining < PLAN:
                continue
            start = t
            while start > 0 and skills[start - 1] == skills[t]:
                start -= 1
            found.append((number, t, min(t + 1, HISTORY), remaining, t - start if start > 0 else NEVER))
    return found


@given(EPISODES, st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_the_index_holds_every_window_and_no_other(episodes, steps_before_fall):
    expected = expected_windows(episodes, steps_before_fall)
    demonstrations = make_set(episodes)

    def build():
        return index_windows(demonstrations, history=HISTORY, plan_steps=PLAN, steps_before_fall=steps_before_fall)

    if not expected:
        with pytest.raises(DataError, match="no skill is asked for 4 undisturbed control steps on end"):
            build()
        return
    windows = build()
    names = demonstrations.states[windows.current_state, 0].astype(int)
    got = zip(
        names // 1000,
        names % 1000,
        windows.available_history,
        windows.remaining_steps,
        windows.steps_since_switch,
        strict=True,
    )
    assert [tuple(int(value) for value in window) for window in got] == expected


@given(EPISODES)
@settings(max_examples=60, deadline=None)
def test_planned_states_follow_on_from_the_current_one_under_one_skill(episodes):
    demonstrations = make_set(episodes)
    try:
        windows = index_windows(demonstrations, history=HISTORY, plan_steps=PLAN)
    except DataError:
        return
    rows = windows.current_state[:, None] + np.arange(PLAN + 1)
    numbers = demonstrations.states[rows, 0]
    np.testing.assert_array_equal(np.diff(numbers, axis=1), 1.0)  # a jump would be another episode
    skills = demonstrations.skills[windows.current_action[:, None] + np.arange(PLAN)]
    np.testing.assert_array_equal(skills, np.broadcast_to(skills[:, :1], skills.shape))


def test_windows_just_after_a_switch_are_those_of_the_new_skill():
    demonstrations = make_set([([(0, 8), (1, 8)], False)])
    windows = index_windows(demonstrations, history=HISTORY, plan_steps=PLAN)
    chosen = windows.just_after_switch(within=3)
    assert demonstrations.states[windows.current_state[chosen], 0].tolist() == [8.0, 9.0, 10.0]


def test_the_start_of_an_episode_may_count_as_a_switch():
    demonstrations = make_set([([(0, 8)], False), ([(1, 8)], False)])
    windows = index_windows(demonstrations, history=HISTORY, plan_steps=PLAN, starts_are_switches=True)
    chosen = windows.just_after_switch(within=2)
    assert demonstrations.states[windows.current_state[chosen], 0].tolist() == [0.0, 1.0, 1000.0, 1001.0]


def test_an_episode_that_begins_with_another_skill_than_the_last_one_ended_with_is_no_switch():
    demonstrations = make_set([([(0, 8)], False), ([(1, 8)], False)])
    windows = index_windows(demonstrations, history=HISTORY, plan_steps=PLAN)
    assert len(windows.just_after_switch(within=100)) == 0


@given(st.lists(st.booleans(), min_size=12, max_size=30))
@settings(max_examples=60, deadline=None)
def test_no_planned_step_is_disturbed_and_no_undisturbed_plan_is_left_out(disturbed):
    demonstrations = make_set([([(0, len(disturbed))], False)])
    expected = [t for t in range(len(disturbed) - PLAN + 1) if not any(disturbed[t : t + PLAN])]

    def build():
        return index_windows(demonstrations, history=HISTORY, plan_steps=PLAN, disturbed=np.array(disturbed))

    if not expected:
        with pytest.raises(DataError, match="undisturbed control steps on end"):
            build()
        return
    assert build().current_action.tolist() == expected


def test_a_disturbance_in_the_history_is_welcome():
    demonstrations = make_set([([(0, 10)], False)])
    disturbed = np.arange(10) < 3
    windows = index_windows(demonstrations, history=HISTORY, plan_steps=PLAN, disturbed=disturbed)
    assert windows.current_action.min() == 3  # its observed states are those that the disturbance led through


def test_another_number_asked_ends_a_plan_but_is_no_switch_of_skill():
    demonstrations = make_set([([(0, 3), (1, 12)], False), ([(1, 5)], False)])
    speed = np.repeat([0.3, 0.8, 0.5], [8, 7, 5])
    windows = index_windows(demonstrations, history=HISTORY, plan_steps=PLAN, asked_numbers=[speed])
    steps = demonstrations.states[windows.current_state, 0].astype(int)
    assert steps.tolist() == [3, 4, 8, 9, 10, 11, 1000, 1001]
    assert windows.steps_since_switch.tolist() == [0, 1, 5, 6, 7, 8, NEVER, NEVER]
    assert windows.remaining_steps.tolist() == [5, 4, 7, 6, 5, 4, 5, 4]
