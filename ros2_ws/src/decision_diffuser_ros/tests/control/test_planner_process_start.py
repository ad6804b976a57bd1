"""Which starts of the planner process are given up, and which models a replaced process refuses."""

import os
import re
import signal
import time

import pytest

from decision_diffuser_ros.control.planner_process import PlannerProcess, PlannerState, SupervisionSettings
from decision_diffuser_ros.control.planner_worker import PlannerWorkerSettings
from decision_diffuser_ros.errors import PlanError
from decision_diffuser_ros.evaluation.process_facts import is_running
from decision_diffuser_ros.planner.manifest import Manifest
from decision_diffuser_ros.resources import MANIFEST_NAME
from tests.bundles import make_tiny_bundle, rewrite_manifest
from tests.control.test_planner_process import answer, process_for, request
from tests.waiting import wait_until


def test_a_start_that_is_not_wanted_any_more_ends_at_once_and_leaves_no_process(tiny_bundle):
    planner = process_for(tiny_bundle)
    children = []

    def is_interrupted():
        children.append(planner.pid)
        if planner.pid is None:
            return False
        os.kill(planner.pid, signal.SIGSTOP)  # it will not be ready
        return len(children) > 3

    began = time.monotonic()
    with pytest.raises(PlanError, match="the start was interrupted"):
        planner.start(abort=is_interrupted)
    assert time.monotonic() - began < 10.0
    assert not is_running(children[-1])
    assert planner.state is PlannerState.STOPPED
    planner.start()
    assert answer(planner, request(0)).plan is not None
    planner.stop()


@pytest.fixture
def configured(tiny_bundle):
    """A process that plans with the model that is there now, and with no other."""
    manifest = Manifest.read(tiny_bundle / MANIFEST_NAME)
    worker = PlannerWorkerSettings(bundle=str(tiny_bundle), manifest=manifest, warm_up_plans=1)
    planner = PlannerProcess(worker, SupervisionSettings(restart_delay=0.0, restart_limit=1))
    planner.start()
    yield planner
    planner.stop()


def test_a_process_is_replaced_by_one_with_the_same_model_whatever_scores_it_has_by_now(configured, tiny_bundle):
    rewrite_manifest(tiny_bundle, lambda manifest: manifest.update(scores={"success": 1.0}))
    os.kill(configured.pid, signal.SIGKILL)
    wait_until(lambda: configured.restarts == 1 and configured.state is PlannerState.READY)
    assert answer(configured, request(0)).plan is not None


def test_a_process_is_not_replaced_by_one_with_another_model(configured, tiny_bundle, monkeypatch):
    states, set_state = [], configured._set_state
    monkeypatch.setattr(configured, "_set_state", lambda state: (states.append(state), set_state(state)))
    make_tiny_bundle(tiny_bundle, pose=(0.1, 0.1), condition_effect=0.7)
    os.kill(configured.pid, signal.SIGKILL)
    wait_until(lambda: configured.state is PlannerState.FAILED)
    assert states == [PlannerState.RESTARTING, PlannerState.FAILED]
    message = f"the model in {tiny_bundle} is not the one that was configured: .* normaliser, files changed since; conf"
    assert re.search(message, configured.last_error)
