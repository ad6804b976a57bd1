"""In real time states call for control steps, and the steady clock for those that no state calls for."""

import itertools

import pytest

from decision_diffuser_ros.nodes.step_clock import StepClock

PERIOD = 0.02


def test_the_first_step_is_never_too_early():
    assert not StepClock(PERIOD).is_too_early(0.0)


def test_a_step_follows_another_after_about_a_period():
    clock = StepClock(PERIOD)
    clock.note_step(5.0)
    assert clock.is_too_early(5.0)
    assert clock.is_too_early(5.005)  # the next of states that come at 200 Hz, whatever its stamp
    assert not clock.is_too_early(5.0 + 0.8 * PERIOD)
    clock.note_state(5.005)
    assert clock.patience == pytest.approx(5.03)


def run(states, *, until):
    """Steps by states that come at these times, each of which calls for one, and by a loop that is put off by them."""
    clock, steps, states, deadline = StepClock(PERIOD), [], [*states, float("inf")], 0.0
    while min(states[0], deadline) < until:
        by_state = states[0] <= deadline
        now = states.pop(0) if by_state else deadline
        if by_state:
            clock.note_state(now)
        if not clock.is_too_early(now):
            clock.note_step(now)
            steps.append((now, by_state))
        deadline = clock.patience if by_state else deadline + PERIOD
    return steps


def test_regular_states_make_all_steps():
    steps = run([PERIOD * number for number in range(50)], until=0.9)
    assert [by_state for _, by_state in steps] == [True] * len(steps)


@pytest.mark.parametrize("phase", [0.0, 0.1, 0.3, 0.45, 0.6, 0.8, 0.95])
def test_when_states_stay_away_the_steady_clock_goes_on_and_they_take_over_again(phase):
    states = [*range(1, 10), *(number + phase for number in range(20, 40))]
    steps = run([PERIOD * state for state in states], until=0.75)
    gaps = [later - earlier for (earlier, _), (later, _) in itertools.pairwise(steps)]
    assert min(gaps) >= 0.5 * PERIOD - 1e-9
    assert max(gaps) <= 1.5 * PERIOD + 1e-9
    by_clock = [index for index, (_, by_state) in enumerate(steps) if not by_state]
    assert 10 <= len(by_clock) <= 13  # one before the first state
    assert by_clock[1:] == list(range(by_clock[1], by_clock[1] + len(by_clock) - 1))


def test_states_that_arrive_all_at_once_make_one_step():
    steps = run([PERIOD * number for number in range(5)] + [0.15] * 4, until=0.16)
    assert [now for now, _ in steps].count(0.15) <= 1
