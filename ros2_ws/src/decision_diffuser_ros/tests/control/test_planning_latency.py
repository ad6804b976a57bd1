"""The latency that plans are granted follows from how long they take."""

import pytest

from decision_diffuser_ros.control.planning_latency import REMEMBERED, PlanningLatency


def latency_after(*durations: float, least: int = 1, longest: int = 4) -> PlanningLatency:
    latency = PlanningLatency(least=least, longest=longest, step_duration=0.02)
    for duration in durations:
        latency.note(duration)
    return latency


@pytest.mark.parametrize("duration, steps", [(0.005, 1), (0.0201, 2), (0.059, 3), (0.3, 4)])
def test_it_is_the_number_of_control_steps_that_a_plan_takes_within_its_limits(duration: float, steps: int) -> None:
    assert latency_after(*[duration] * 10).steps == steps


def test_it_begins_with_the_least() -> None:
    assert latency_after(least=2).steps == 2


def test_one_slow_plan_in_a_hundred_changes_nothing() -> None:
    assert latency_after(*[0.005] * 99, 0.07).steps == 1


def test_it_follows_a_change_within_the_plans_it_remembers() -> None:
    latency = latency_after(*[0.005] * REMEMBERED, *[0.035] * 10)
    assert latency.steps == 2
    for _ in range(REMEMBERED):
        latency.note(0.005)
    assert latency.steps == 1


def test_a_longest_below_the_least_leaves_it_fixed() -> None:
    assert latency_after(0.3, least=2, longest=0).steps == 2


def test_a_plan_may_take_as_long_as_the_longest_latency() -> None:
    assert latency_after(least=1, longest=3).time_limit == pytest.approx(0.06)
