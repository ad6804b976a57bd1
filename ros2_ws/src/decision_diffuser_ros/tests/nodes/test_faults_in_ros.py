"""The most telling faults, on the running nodes: no unsafe command, and the way back."""

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("decision_diffuser_msgs", reason="needs the workspace built and sourced")
pytest.importorskip("pybullet", reason="needs PyBullet")

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.nodes.fault_run import ALL_SCENARIOS, chosen_scenarios, outcomes_to_json, run_faults

pytestmark = pytest.mark.ros


def test_a_robot_to_which_faults_happen_stays_safe(standing_bundle, tmp_path):
    scenarios = chosen_scenarios(["joint_missing", "planner_killed", "services_nonsense", "gap_0.5"], short=False)
    outcomes = run_faults(scenarios, log_directory=tmp_path, bundle=str(standing_bundle))
    assert {outcome.name for outcome in outcomes} == {scenario.name for scenario in scenarios}
    by_name = {outcome.name: outcome for outcome in outcomes}
    for outcome in outcomes:
        assert outcome.passed, (outcome.name, outcome.problems)
        assert outcome.findings.not_finite == 0
    assert by_name["joint_missing"].seconds_to_safe < 1.5
    assert by_name["joint_missing"].counters["refused_joint_states"] > 0
    assert by_name["planner_killed"].counters["planner_restarts"] == 1
    assert outcomes_to_json(outcomes)["passed"]


def test_faults_are_chosen_by_name():
    names = [scenario.name for scenario in ALL_SCENARIOS]
    assert len(set(names)) == len(names)
    assert [scenario.name for scenario in chosen_scenarios(["gap_2", "pause"], short=False)] == ["gap_2", "pause"]
    short = chosen_scenarios([], short=True)
    assert 0 < len(short) < len(chosen_scenarios([], short=False)) == len(names)
    with pytest.raises(ConfigurationError, match="there is no fault 'flood'; available: joints_shuffled, "):
        chosen_scenarios(["flood"], short=False)
