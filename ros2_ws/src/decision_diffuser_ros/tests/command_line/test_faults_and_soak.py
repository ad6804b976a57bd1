"""`decision-diffuser faults` and `soak`: a bundle that only the planner finds out about."""

import pytest

from tests.bundles import QUADRUPED_JOINTS

pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("decision_diffuser_msgs", reason="needs the workspace built and sourced")
pytest.importorskip("pybullet", reason="needs PyBullet")

from decision_diffuser_ros.nodes import fault_bench
from decision_diffuser_ros.nodes.fault_run import chosen_scenarios, run_faults
from decision_diffuser_ros.nodes.robot_processes import ProcessError
from decision_diffuser_ros.nodes.soak_run import run_soak


@pytest.mark.ros
def test_a_bundle_that_the_planner_does_not_take_is_told_of_as_soon_as_it_says_so(tiny_bundle, tmp_path, monkeypatch):
    monkeypatch.setattr(fault_bench.FaultBench.wait_until_active, "__defaults__", (3600.0,))  # [s]
    reason = f"the planner is not configured: `joints` do not fit model 'tiny'.*got {QUADRUPED_JOINTS[0]}"
    with pytest.raises(ProcessError, match=reason):
        run_soak(seconds=1.0, log_directory=tmp_path / "soak", bundle=str(tiny_bundle))
    scenarios = chosen_scenarios(["gap_0.05"], short=False)
    (outcome,) = run_faults(scenarios, log_directory=tmp_path / "faults", bundle=str(tiny_bundle))
    assert not outcome.passed
    assert "the bench was lost: the planner is not configured" in outcome.problems[0]
