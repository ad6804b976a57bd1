"""Real-time scheduling of threads: asked of the operating system, for all of them and nobody else."""

import multiprocessing
import os
import threading

import pytest

from decision_diffuser_ros.control import thread_priority
from decision_diffuser_ros.control.thread_priority import (
    ORDINARY,
    schedule_in_real_time,
    schedule_ordinarily,
    set_thread_priority,
)
from decision_diffuser_ros.errors import ConfigurationError

PRIORITY = 3


@pytest.fixture
def asked(monkeypatch, tmp_path) -> list[tuple[int, int, int]]:
    """(thread, policy, priority) that the operating system was asked for, of threads 11 and 12."""
    requests: list[tuple[int, int, int]] = []
    for thread in (12, 11):
        (tmp_path / str(thread)).mkdir()
    monkeypatch.setattr(thread_priority, "THREADS", tmp_path)
    monkeypatch.setattr(
        os, "sched_setscheduler", lambda thread, policy, p: requests.append((thread, policy, p.sched_priority))
    )
    return requests


def test_every_thread_is_scheduled_and_what_they_start_is_not(asked):
    set_thread_priority(PRIORITY)
    policy = os.SCHED_FIFO | os.SCHED_RESET_ON_FORK
    assert asked == [(11, policy, PRIORITY), (12, policy, PRIORITY)]


def test_ordinary_is_no_real_time(asked):
    set_thread_priority(ORDINARY)
    policy = os.SCHED_OTHER | os.SCHED_RESET_ON_FORK  # without the flag it would be refused to an ordinary user
    assert asked == [(11, policy, 0), (12, policy, 0)]


def test_a_refusal_says_how_to_allow_it(asked, monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    with pytest.raises(ConfigurationError, match="does not allow real-time priority 3; allow it with `rtprio`"):
        set_thread_priority(PRIORITY)


def test_a_parameter_that_is_refused_is_a_warning_and_one_that_asks_for_nothing_is_none(asked, monkeypatch):
    warnings: list[str] = []
    assert schedule_in_real_time(PRIORITY, warn=warnings.append)
    assert not schedule_in_real_time(ORDINARY, warn=warnings.append)
    assert len(asked) == 2
    assert warnings == []
    monkeypatch.delattr(os, "SCHED_FIFO")
    assert not schedule_in_real_time(PRIORITY, warn=warnings.append)
    assert "no real-time scheduling" in warnings[0]


def test_a_refusal_to_end_it_is_a_warning(asked, monkeypatch):
    warnings: list[str] = []
    assert schedule_ordinarily(warn=warnings.append)
    assert [request[2] for request in asked] == [0, 0]
    monkeypatch.delattr(os, "SCHED_FIFO")
    assert not schedule_ordinarily(warn=warnings.append)
    assert warnings[0].startswith("threads stay scheduled in real time")


def test_a_thread_that_has_ended_is_left_out(asked, monkeypatch):
    scheduled = []

    def schedule(thread, policy, parameters):
        if thread == 11:
            raise ProcessLookupError(3, "No such process")
        scheduled.append(thread)

    monkeypatch.setattr(os, "sched_setscheduler", schedule)
    set_thread_priority(PRIORITY)
    assert scheduled == [12]


def test_a_system_without_such_scheduling_is_refused(asked, monkeypatch):
    monkeypatch.delattr(os, "SCHED_FIFO")
    with pytest.raises(ConfigurationError, match="no real-time scheduling"):
        set_thread_priority(PRIORITY)


def test_on_this_machine_all_threads_of_the_process_but_no_child_get_it():
    context = multiprocessing.get_context("spawn")
    answers, theirs = context.Pipe()
    process = context.Process(target=_schedule_and_tell, args=(theirs,))
    process.start()
    theirs.close()
    policies = answers.recv()
    process.join(10.0)
    if policies is None:
        pytest.skip("this user may not schedule in real time")
    before, after, child = policies
    assert before == [os.SCHED_FIFO | os.SCHED_RESET_ON_FORK] * len(before)
    assert after == [os.SCHED_OTHER | os.SCHED_RESET_ON_FORK] * len(after)
    assert child == os.SCHED_OTHER


def _schedule_and_tell(connection) -> None:
    ended = threading.Event()
    thread = threading.Thread(target=ended.wait)
    thread.start()
    try:
        set_thread_priority(PRIORITY)
        before = _policies()
    except ConfigurationError:
        connection.send(None)
        return
    finally:
        ended.set()
    child = os.fork()
    if child == 0:
        os._exit(os.sched_getscheduler(0))
    childs_policy = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    set_thread_priority(ORDINARY)
    connection.send((before, _policies(), childs_policy))


def _policies() -> list[int]:
    return [os.sched_getscheduler(int(thread)) for thread in os.listdir("/proc/self/task")]
