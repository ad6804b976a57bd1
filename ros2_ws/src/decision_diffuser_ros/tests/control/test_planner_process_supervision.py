"""The planner process where the system cannot start it, and where its supervision has a defect."""

import errno
import logging
import multiprocessing
import os
import signal
from multiprocessing.context import SpawnProcess
from unittest.mock import Mock

import pytest

from decision_diffuser_ros.control.planner_process import PlannerState
from decision_diffuser_ros.errors import PlanError
from tests.control.test_planner_process import answer, process_for, request
from tests.waiting import wait_until


@pytest.mark.parametrize("error", [OSError(errno.ENOMEM, "no memory"), MemoryError("no memory")])
def test_a_replacement_that_cannot_be_started_is_tried_again(tiny_bundle, monkeypatch, error):
    planner = process_for(tiny_bundle, restart_delay=0.2, restart_limit=50)
    planner.start()
    try:
        monkeypatch.setattr(SpawnProcess, "start", Mock(side_effect=error))
        os.kill(planner.pid, signal.SIGKILL)
        wait_until(lambda: planner.restarts >= 2)
        assert "it cannot be started: " in planner.last_error
        assert planner.state is PlannerState.RESTARTING
        monkeypatch.undo()
        wait_until(lambda: planner.state is PlannerState.READY)
        assert answer(planner, request(1)).plan is not None
    finally:
        planner.stop()


def test_a_replacement_that_can_never_be_started_is_given_up(tiny_bundle, monkeypatch, caplog):
    planner = process_for(tiny_bundle, restart_limit=2)
    planner.start()
    no_file = OSError(errno.EMFILE, "no file")
    monkeypatch.setattr(multiprocessing.get_context("spawn"), "Pipe", Mock(side_effect=no_file))
    os.kill(planner.pid, signal.SIGKILL)
    wait_until(lambda: planner.state is PlannerState.FAILED)
    assert "there is no pipe to it: " in planner.last_error
    planner.stop()
    errors = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    ends = ["it is replaced", "it is replaced", "it is given up until cleanup and configure"]
    assert [error.split("; ")[-1] for error in errors] == ends
    assert "there is no pipe to it: " in errors[-1]


def test_a_process_that_cannot_be_started_at_first_is_an_error_and_not_logged(tiny_bundle, monkeypatch, caplog):
    monkeypatch.setattr(SpawnProcess, "start", Mock(side_effect=OSError(errno.EAGAIN, "too many processes")))
    with pytest.raises(PlanError, match="did not start: it cannot be started: .*too many processes"):
        process_for(tiny_bundle).start()
    assert caplog.records == []


def test_a_defect_of_the_supervision_is_a_loss_not_its_end(tiny_bundle, monkeypatch):
    started = process_for(tiny_bundle)
    started.start()
    monkeypatch.setattr(started, "_end_child", Mock(side_effect=RuntimeError("a defect")))
    os.kill(started.pid, signal.SIGKILL)
    wait_until(lambda: started.restarts >= 1)
    monkeypatch.undo()
    assert "its supervision failed: RuntimeError('a defect')" in started.last_error
    wait_until(lambda: started.state is PlannerState.READY)
    started.take_results()
    assert answer(started, request(1)).plan is not None
    started.stop()
