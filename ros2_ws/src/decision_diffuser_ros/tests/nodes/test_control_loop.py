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


def test_what_is_prepared_waits_for_the_deadline_however_short_the_preparation_was():
    begun, done, enough = [], [], threading.Event()

    def act():
        done.append(time.monotonic())
        if len(done) == 6:
            enough.set()

    def prepare(now):
        begun.append(now)
        time.sleep(0.002 if len(begun) % 2 else 0.03)
        return act

    loop = DeadlineLoop(prepare, period=0.1, preparation_time=0.05, on_failure=lambda error: enough.set())
    loop.start()
    assert enough.wait(20.0)
    loop.stop()
    for index, when in enumerate(done):
        assert when - begun[0] >= 0.05 + index * 0.1 - 1e-3


def test_what_waits_for_its_deadline_is_not_done_after_stop():
    prepared, acted = threading.Event(), []

    def prepare(now):
        prepared.set()
        return lambda: acted.append(now)

    loop = DeadlineLoop(prepare, period=100.0, preparation_time=50.0, on_failure=lambda error: None)
    loop.start()
    assert prepared.wait(20.0)
    loop.stop()
    assert not acted


def test_an_act_that_fails_ends_the_loop_and_is_reported():
    failures, failed = [], threading.Event()

    def act():
        raise ValueError("broken")

    loop = DeadlineLoop(
        lambda now: act, period=0.001, on_failure=lambda error: (failures.append(str(error)), failed.set())
    )
    loop.start()
    assert failed.wait(20.0)
    loop.stop()
    assert failures == ["broken"]


def test_deadlines_can_be_put_off():
    times, enough = [], threading.Event()

    def prepare(now):
        times.append(now)
        if len(times) == 2:
            loop.put_off(now + 0.1)
        if len(times) == 4:
            enough.set()

    loop = DeadlineLoop(prepare, period=0.01, on_failure=lambda error: enough.set())
    loop.start()
    assert enough.wait(20.0)
    loop.stop()
    assert times[2] - times[1] >= 0.1
    assert times[3] - times[2] >= 0.005  # from deadline to deadline; either may be late
    assert loop.missed_deadlines == 0 or times[3] - times[2] > 0.02  # on a machine that is busy
