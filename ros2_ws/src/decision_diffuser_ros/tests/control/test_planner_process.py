"""The planner process answers, and whatever happens to it is noticed."""

import dataclasses
import os
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from decision_diffuser_ros.control.planner_process import PlannerProcess, PlannerState, SupervisionSettings
from decision_diffuser_ros.control.planner_worker import PlannerWorkerSettings
from decision_diffuser_ros.control.receding_horizon import PlanRequest
from decision_diffuser_ros.errors import PlanError
from decision_diffuser_ros.evaluation.process_facts import is_running
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.conditions import Condition
from decision_diffuser_ros.planner.planner import Planner
from decision_diffuser_ros.planner.settings import SamplingSettings
from tests.bundles import make_tiny_bundle
from tests.waiting import wait_until

STATE = np.array([[0.3, -0.2, 0.0, 0.0]])
TIMEOUT = 20.0


@pytest.fixture
def started(tiny_bundle):
    planner = process_for(tiny_bundle)
    planner.start()
    yield planner
    planner.stop()


def process_for(bundle, **supervision):
    supervision = {"restart_delay": 0.0, "hang_timeout": 0.5, **supervision}
    worker = PlannerWorkerSettings(bundle=str(bundle), seed=7, warm_up_plans=1)
    return PlannerProcess(worker, SupervisionSettings(**supervision))


def request(sequence, *, state=STATE, skill="wave"):
    return PlanRequest(sequence, sequence, state, (Condition({"skill": skill}),))


def answer(planner, asked):
    """The one answer to a request."""
    planner.submit(asked)
    assert planner.wait_until_idle(TIMEOUT)
    (result,) = planner.take_results()
    assert result.request is asked
    return result


def test_plans_are_those_of_a_planner_in_this_process(started, tiny_bundle):
    result = answer(started, request(0))
    expected = Planner(Bundle.load(tiny_bundle)).plan(STATE, request(0).conditions, rng=np.random.default_rng(7))
    np.testing.assert_array_equal(result.plan.states, expected.states)
    assert result.plan.conditions == request(0).conditions
    assert 0.0 < result.plan.seconds < result.duration


WAVE, REST = Condition({"skill": "wave"}), Condition({"skill": "rest"})


@pytest.fixture
def choosing(tiny_bundle):
    """A process that composes one plan in three."""
    planner = PlannerProcess(PlannerWorkerSettings(bundle=str(tiny_bundle), seed=7, choose_every=3))
    planner.start()
    yield planner
    planner.stop()


def plans_for(planner, asked):
    """Plans for successive requests, each made while the one before is followed."""
    plans = [None]
    for sequence, conditions in enumerate(asked):
        request = PlanRequest(sequence, sequence, STATE, conditions, previous=plans[-1])
        plans.append(answer(planner, request).plan)
    return plans[1:]


def test_between_composed_plans_come_plans_for_the_one_that_was_chosen(choosing):
    both = (WAVE, REST)
    first, second, third, fourth = (plan.conditions for plan in plans_for(choosing, [both] * 4))
    assert first == fourth == both
    assert second == third
    assert second in ((WAVE,), (REST,))


def test_other_conditions_are_composed_at_once(choosing):
    both, other = (WAVE, REST), (dataclasses.replace(WAVE, weight=0.5), REST)
    asked = [both, both, other, other, (REST,), both]
    conditions = [plan.conditions for plan in plans_for(choosing, asked)]
    assert [conditions[index] for index in (0, 2, 4, 5)] == [both, other, (REST,), both]
    assert len(conditions[1]) == len(conditions[3]) == 1


NO_REST = dataclasses.replace(REST, weight=-0.5)


@pytest.mark.parametrize("conditions", [(WAVE,), (WAVE, NO_REST), ((WAVE,), (REST,)), ()])
def test_plans_for_anything_else_are_the_same_however_often_is_chosen(choosing, tiny_bundle, conditions):
    planner, rng, expected = Planner(Bundle.load(tiny_bundle)), np.random.default_rng(7), [None]
    for plan in plans_for(choosing, [conditions] * 4):
        expected.append(planner.plan(STATE, conditions, rng=rng, previous=expected[-1]))
        np.testing.assert_array_equal(plan.states, expected[-1].states)
        assert plan.conditions == expected[-1].conditions


def test_a_request_that_waits_is_replaced_by_a_newer_one(started):
    os.kill(started.pid, signal.SIGSTOP)
    started.submit(request(0))
    wait_until(lambda: started._in_flight is not None)
    for sequence in (1, 2, 3):
        started.submit(request(sequence))
    os.kill(started.pid, signal.SIGCONT)
    assert started.wait_until_idle(TIMEOUT)
    assert [result.request.sequence for result in started.take_results()] == [0, 3]


def test_what_the_planner_refuses_comes_back_as_its_message(started):
    result = answer(started, request(0, skill="galop"))
    assert result.plan is None
    assert "'galop' is not in model 'tiny'; available: rest, wave" in result.error
    assert answer(started, request(1)).plan is not None


def test_a_model_that_gives_nan_answers_with_an_error(tmp_path):
    planner = PlannerProcess(
        PlannerWorkerSettings(bundle=str(make_tiny_bundle(tmp_path, nan_output=True)), warm_up_plans=0)
    )
    planner.start()
    try:
        assert "not finite" in answer(planner, request(0)).error
    finally:
        planner.stop()


def test_a_process_that_gives_no_plan_again_and_again_is_replaced_then_given_up(tmp_path):
    worker = PlannerWorkerSettings(bundle=str(make_tiny_bundle(tmp_path, nan_output=True)), warm_up_plans=0)
    planner = PlannerProcess(worker, SupervisionSettings(refusal_limit=2, restart_delay=0.0, restart_limit=1))
    planner.start()
    try:
        assert "not finite" in answer(planner, request(0)).error
        assert planner.restarts == 0
        assert "not finite" in answer(planner, request(1)).error
        wait_until(lambda: planner.restarts == 1 and planner.state is PlannerState.READY)
        assert "it made no plan 2 times in a row, at last: " in planner.last_error
        for sequence in (2, 3):
            answer(planner, request(sequence))
        wait_until(lambda: planner.state is PlannerState.FAILED)
    finally:
        planner.stop()


def test_requests_that_are_refused_again_and_again_are_not_the_process_s_fault(tiny_bundle):
    planner = PlannerProcess(PlannerWorkerSettings(bundle=str(tiny_bundle)), SupervisionSettings(refusal_limit=2))
    planner.start()
    try:
        for sequence, wrong in enumerate(({"skill": "galop"}, {"state": np.full((2, 4), 1e39)}, {"skill": "galop"})):
            assert answer(planner, request(sequence, **wrong)).plan is None
        assert answer(planner, request(3)).plan is not None
        assert planner.restarts == 0
    finally:
        planner.stop()


def test_a_process_without_the_memory_to_start_says_so(tiny_bundle):
    worker = PlannerWorkerSettings(bundle=str(tiny_bundle), memory_limit=100 * 2**20)
    with pytest.raises(PlanError, match="did not start: (it ran out of memory|.*bad_alloc)"):
        PlannerProcess(worker).start()


def test_a_process_that_runs_out_of_memory_is_reported_and_replaced(started):
    size = int(re.search(r"VmSize:\s+(\d+) kB", Path(f"/proc/{started.pid}/status").read_text())[1]) * 1024
    resource.prlimit(started.pid, resource.RLIMIT_AS, (size, size))
    started.submit(request(0, state=np.zeros((2_000_000, 4))))  # refused for its size, once there is memory to read it
    wait_until(lambda: started.restarts == 1 and started.state is PlannerState.READY)
    assert started.last_error == "it ran out of memory"
    started.take_results()
    assert answer(started, request(1)).plan is not None


def test_an_answer_that_cannot_be_read_is_a_loss_not_the_end_of_supervision(started, monkeypatch):
    monkeypatch.setattr(started, "_take_answer", lambda message: 1 / 0)
    started.submit(request(0))
    wait_until(lambda: started.restarts >= 1)
    monkeypatch.undo()
    assert "cannot be read: ZeroDivisionError" in started.last_error
    wait_until(lambda: started.state is PlannerState.READY)
    started.take_results()
    assert answer(started, request(1)).plan is not None


def test_replacements_in_a_row_wait_longer_and_longer():
    supervision = SupervisionSettings(restart_delay=0.2, longest_restart_delay=2.0)
    pauses = [supervision.restart_pause(failures) for failures in (1, 2, 3, 4, 5, 1000)]
    assert pauses == pytest.approx([0.2, 0.4, 0.8, 1.6, 2.0, 2.0])


def test_stop_does_not_wait_for_a_replacement_that_is_due_later(tiny_bundle):
    planner = process_for(tiny_bundle, restart_delay=60.0, longest_restart_delay=60.0)
    planner.start()
    os.kill(planner.pid, signal.SIGKILL)
    wait_until(lambda: planner.state is PlannerState.RESTARTING)
    planner.submit(request(0))
    began = time.monotonic()
    planner.stop()
    assert time.monotonic() - began < 5.0


def test_a_killed_process_is_reported_and_replaced(started):
    first = started.pid
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: started.restarts == 1 and started.state is PlannerState.READY)
    assert "signal 9" in started.last_error
    assert started.pid != first
    assert answer(started, request(0)).plan is not None


def test_a_process_that_hangs_is_reported_and_replaced(started):
    os.kill(started.pid, signal.SIGSTOP)
    result = answer(started, request(0))
    assert result.plan is None
    assert "no plan within 0.5 s" in result.error
    wait_until(lambda: started.restarts == 1 and started.state is PlannerState.READY)
    assert answer(started, request(1)).plan is not None


def test_a_process_that_dies_again_and_again_is_given_up(tiny_bundle):
    planner = process_for(tiny_bundle, restart_limit=1)
    planner.start()
    (tiny_bundle / "denoiser.onnx").write_bytes(b"damaged")
    os.kill(planner.pid, signal.SIGKILL)
    wait_until(lambda: planner.state is PlannerState.FAILED)
    assert "expected" in planner.last_error
    assert planner.restarts == 1
    planner.stop()


def test_a_damaged_bundle_is_an_error_at_the_start_that_says_why(tiny_bundle):
    (tiny_bundle / "denoiser.onnx").write_bytes(b"damaged")
    planner = process_for(tiny_bundle)
    with pytest.raises(PlanError, match="did not start: .*denoiser.onnx: expected .* bytes, got 7"):
        planner.start()
    assert planner.pid is None


def test_ctrl_c_is_left_to_the_parent(started):
    os.kill(started.pid, signal.SIGINT)
    assert answer(started, request(0)).plan is not None
    assert started.restarts == 0


def test_stop_leaves_no_process_and_start_works_again(started):
    pid = started.pid
    started.stop()
    assert not is_running(pid)
    assert started.state is PlannerState.STOPPED
    started.start()
    assert answer(started, request(0)).plan is not None


PARENT = """
import sys, time
from decision_diffuser_ros.control.planner_process import PlannerProcess
from decision_diffuser_ros.control.planner_worker import PlannerWorkerSettings

if __name__ == "__main__":
    planner = PlannerProcess(PlannerWorkerSettings(bundle=sys.argv[1], warm_up_plans=0))
    planner.start()
    print(planner.pid, flush=True)
    time.sleep(60)
"""


def test_the_process_does_not_outlive_a_parent_that_is_killed(tiny_bundle, tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    parent = subprocess.Popen([sys.executable, script, tiny_bundle], stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    os.kill(child, signal.SIGSTOP)  # it cannot see its pipe close
    parent.kill()
    parent.wait()
    wait_until(lambda: not is_running(child))
    assert not is_running(child)


def test_a_request_that_waited_too_long_is_answered_with_one_denoising_step(tmp_path):
    bundle = make_tiny_bundle(tmp_path, sampling=SamplingSettings(history=2, denoising_steps=20))
    worker = PlannerWorkerSettings(bundle=str(bundle), warm_up_plans=1, time_limit=0.05)
    planner = PlannerProcess(worker, SupervisionSettings(hang_timeout=5.0))
    planner.start()
    try:
        assert answer(planner, request(0)).plan.denoising_steps == 20  # nothing has been learnt yet
        os.kill(planner.pid, signal.SIGSTOP)
        planner.submit(request(1))
        wait_until(lambda: planner._in_flight is not None)
        time.sleep(0.1)
        os.kill(planner.pid, signal.SIGCONT)
        assert planner.wait_until_idle(TIMEOUT)
        (late,) = planner.take_results()
        assert late.plan.denoising_steps == 1
        assert late.duration > 0.1
    finally:
        planner.stop()


def test_sampling_in_one_call_gives_the_same_plans(started, tiny_bundle):
    worker = PlannerWorkerSettings(bundle=str(tiny_bundle), seed=7, warm_up_plans=1, samples_in_one_call=True)
    in_one_call = PlannerProcess(worker)
    in_one_call.start()
    try:
        states = [answer(planner, request(0)).plan.states for planner in (started, in_one_call)]
    finally:
        in_one_call.stop()
    np.testing.assert_allclose(states[0], states[1], atol=1e-5)


def test_what_the_process_logs_is_logged_here(tiny_bundle, caplog):
    providers = ("NoSuchProvider", "CPUExecutionProvider")
    worker = PlannerWorkerSettings(
        bundle=str(tiny_bundle), providers=providers, allow_cpu_fallback=True, warm_up_plans=1
    )
    planner = PlannerProcess(worker)
    planner.start()
    try:
        answer(planner, request(0))
    finally:
        planner.stop()
    assert "planner process: execution provider NoSuchProvider is not available; plans are made on CPU" in caplog.text


def test_the_process_is_scheduled_in_real_time_or_says_that_it_may_not(tiny_bundle, caplog):
    planner = PlannerProcess(PlannerWorkerSettings(bundle=str(tiny_bundle), warm_up_plans=1, realtime_priority=2))
    planner.start()
    try:
        assert answer(planner, request(0)).plan is not None
        policy = os.sched_getscheduler(planner.pid) & ~os.SCHED_RESET_ON_FORK
    finally:
        planner.stop()
    refused = [record for record in caplog.records if "does not allow real-time priority 2" in record.getMessage()]
    assert (policy == os.SCHED_FIFO) is not bool(refused)
