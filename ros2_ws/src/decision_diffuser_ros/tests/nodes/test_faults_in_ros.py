"""The most telling faults, on the running nodes: no unsafe command, and the way back."""

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("decision_diffuser_msgs", reason="needs the workspace built and sourced")
pytest.importorskip("pybullet", reason="needs PyBullet")

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.evaluation.fault_report import FaultOutcome
from decision_diffuser_ros.nodes import fault_run
from decision_diffuser_ros.nodes.fault_run import ALL_SCENARIOS, chosen_scenarios, outcomes_to_json, run_faults
from decision_diffuser_ros.nodes.robot_processes import ProcessError

pytestmark = pytest.mark.ros


FAULTS = (
    "joints_shuffled",
    "joint_missing",
    "position_nan",
    "imu_nan",
    "values_frozen",
    "gap_0.5",
    "stamps_back",
    "planner_killed",
    "planner_stopped",
    "planner_slow",
    "planner_out_of_memory",
    "services_quick",
    "services_nonsense",
    "nan_and_planner_killed",
    "clock_back",
    "pause",
)


def test_a_robot_to_which_faults_happen_stays_safe(standing_bundle, tmp_path):
    scenarios = chosen_scenarios(FAULTS, short=False)
    outcomes = run_faults(scenarios, log_directory=tmp_path, bundle=str(standing_bundle))
    assert {outcome.name for outcome in outcomes} == {scenario.name for scenario in scenarios}
    by_name = {outcome.name: outcome for outcome in outcomes}
    for outcome in outcomes:
        assert outcome.passed, (outcome.name, outcome.problems)
        assert outcome.findings.not_finite == 0
    assert by_name["joint_missing"].counters["refused_joint_states"] > 0
    assert by_name["planner_killed"].counters["planner_restarts"] == 1
    assert outcomes_to_json(outcomes)["passed"]


class BenchThatBreaks:
    """Stands in for the bench: every second scenario wrecks it."""

    started = 0

    def __init__(self, settings):
        self.settings = settings

    def __enter__(self):
        BenchThatBreaks.started += 1
        return self

    def __exit__(self, *error):
        return None

    def wait_until_active(self):
        """At once."""


def test_a_bench_that_is_lost_costs_one_scenario_and_not_the_run(monkeypatch, tmp_path):
    runs = []

    def run_scenario(bench, scenario):
        runs.append(scenario.name)
        if len(runs) == 2:
            raise ProcessError("the planner has ended")
        return FaultOutcome(name=scenario.name, description=scenario.description, expected=scenario.expected)

    monkeypatch.setattr(fault_run, "FaultBench", BenchThatBreaks)
    monkeypatch.setattr(fault_run, "run_scenario", run_scenario)
    scenarios = chosen_scenarios(["gap_0.05", "gap_0.5", "gap_2"], short=False)
    outcomes = run_faults(scenarios, log_directory=tmp_path)
    assert [outcome.name for outcome in outcomes] == ["gap_0.05", "gap_0.5", "gap_2"]
    assert [outcome.passed for outcome in outcomes] == [True, False, True]
    assert outcomes[1].problems == ["the bench was lost: the planner has ended"]
    assert BenchThatBreaks.started == 2


def test_faults_are_chosen_by_name():
    names = [scenario.name for scenario in ALL_SCENARIOS]
    assert len(set(names)) == len(names)
    assert [scenario.name for scenario in chosen_scenarios(["gap_2", "pause"], short=False)] == ["gap_2", "pause"]
    short = chosen_scenarios([], short=True)
    assert 0 < len(short) < len(chosen_scenarios([], short=False)) == len(names)
    with pytest.raises(ConfigurationError, match="there is no fault 'flood'; available: joints_shuffled, "):
        chosen_scenarios(["flood"], short=False)
