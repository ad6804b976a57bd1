"""The deadline loop keeps its schedule and reports what goes wrong."""

import threading
import time

from decision_diffuser_ros.nodes.control_loop import DeadlineLoop


def run_until(count, step, *, period):
    """Run a loop until its step was called `count` times; returns the loop and the times of the calls."""
    times, done, failures = [], threading.Event(), []

    def recorded(now):
        times.append(now)
        if len(times) == count:
            done.set()
        step(len(times))

    loop = DeadlineLoop(recorded, period=period, on_failure=lambda error: (failures.append(error), done.set()))
    loop.start()
    assert done.wait(20.0)
    loop.stop()
    return loop, times, failures


def test_deadlines_are_multiples_of_the_period_after_the_first():
    _, times, failures = run_until(20, lambda count: None, period=0.01)
    assert not failures
    for index, when in enumerate(times):
        assert when - times[0] >= index * 0.01 - 0.005


def test_deadlines_that_have_passed_are_skipped_and_counted():
    loop, times, _ = run_until(6, lambda count: time.sleep(0.1 if count == 2 else 0.0), period=0.02)
    assert loop.missed_deadlines >= 4
    assert times[2] - times[1] >= 0.1
    assert times[5] - times[2] > 0.04  # three deadlines later, and not all at once


def test_a_step_that_fails_ends_the_loop_and_is_reported():
    def step(count):
        if count == 3:
            raise ValueError("broken")

    _, times, failures = run_until(100, step, period=0.001)
    assert len(times) == 3
    assert [str(error) for error in failures] == ["broken"]


def test_no_step_runs_after_stop():
    loop, times, _ = run_until(3, lambda count: None, period=0.001)
    count = len(times)
    time.sleep(0.02)
    assert len(times) == count
    loop.stop()
