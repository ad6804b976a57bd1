"""What is written down of a fault, on a bench of messages: no node runs."""

import contextlib
import threading
import time
from types import SimpleNamespace

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("decision_diffuser_msgs", reason="needs the workspace built and sourced")

from decision_diffuser_ros.evaluation.command_record import CommandRecord
from decision_diffuser_ros.nodes import fault_run
from decision_diffuser_ros.nodes.fault_run import COUNTERS, run_scenario
from decision_diffuser_ros.nodes.fault_scenarios import FaultScenario


class Wire(SimpleNamespace):
    """What was heard of a planner."""

    @property
    def mode(self):
        return self.modes[-1][1]


class Bench:
    """A planner that counts at once, but tells only when somebody waits for its status."""

    def __init__(self, mode="ACTIVE"):
        self.counted = dict.fromkeys(COUNTERS, 0)
        self.stands_up = True
        self.processes = SimpleNamespace(process=lambda name: SimpleNamespace(poll=lambda: None))
        self.wire = Wire(lock=threading.RLock(), record=CommandRecord(), modes=[], status=self.new_status())
        self.change(mode)

    def change(self, mode):
        self.wire.modes.append((time.monotonic(), mode))

    def new_status(self):
        return SimpleNamespace(**self.counted, message="")

    def wait(self, condition, *, timeout):
        self.wire.status = self.new_status()
        return condition()

    def begin_anew(self):
        if self.stands_up:
            self.change("ACTIVE")


@pytest.fixture(autouse=True)
def in_no_time(monkeypatch):
    monkeypatch.setattr(fault_run, "CALM", 0.0)


def outcome_of(bench, happening, *, expected="active", all_good=True):
    """What became of a robot to which this happened."""

    @contextlib.contextmanager
    def inject(bench):
        yield
        happening(bench)

    scenario = FaultScenario(name="gap", description="no readings", inject=inject, expected=expected, all_good=all_good)
    return run_scenario(bench, scenario)


def refuse(count):
    def happening(bench):
        bench.counted["refused_joint_states"] += count

    return happening


def nothing(bench):
    """Go on."""


def test_a_planner_that_goes_on_passes():
    outcome = outcome_of(Bench(), nothing)
    assert outcome.passed
    assert [mode for _, mode in outcome.modes] == ["ACTIVE"]


@pytest.mark.parametrize("mode", ["HOLD", "DAMPING"])
def test_a_planner_that_must_go_on_and_stops_does_not_pass(mode):
    def stop(bench):
        bench.change(mode)

    outcome = outcome_of(Bench(), stop)
    assert outcome.problems == [f"the planner did not go on: {mode} after 0.00 s"]
    assert outcome.recovery == "~/reset"
    assert outcome_of(Bench(), stop, expected="any").passed


def test_good_readings_must_not_be_refused_while_bad_ones_may():
    outcome = outcome_of(Bench(), refuse(3))
    assert outcome.problems == ["good readings were refused: refused_joint_states rose by 3"]
    assert outcome_of(Bench(), refuse(3), all_good=False).passed


def test_what_was_refused_before_a_fault_is_not_counted_though_it_was_not_told_yet():
    bench = Bench()
    refuse(5)(bench)
    outcome = outcome_of(bench, nothing)
    assert outcome.passed
    assert set(outcome.counters.values()) == {0}


def test_a_robot_that_did_not_walk_before_a_fault_does_not_pass():
    bench = Bench(mode="DAMPING")
    bench.stands_up = False
    outcome = outcome_of(bench, nothing)
    assert outcome.problems[0] == "the robot did not walk before the fault: DAMPING"
    assert outcome_of(Bench(mode="DAMPING"), nothing).passed
