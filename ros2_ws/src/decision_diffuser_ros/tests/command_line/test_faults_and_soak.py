"""`decision-diffuser faults` and `soak`: which bundles are refused, before any node is started and after."""

import pytest

from decision_diffuser_ros.command_line import main
from tests.bundles import QUADRUPED_JOINTS, rewrite_manifest

pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("decision_diffuser_msgs", reason="needs the workspace built and sourced")
pytest.importorskip("pybullet", reason="needs PyBullet")

from decision_diffuser_ros.nodes import fault_bench
from decision_diffuser_ros.nodes.fault_run import chosen_scenarios, run_faults
from decision_diffuser_ros.nodes.robot_processes import ProcessError
from decision_diffuser_ros.nodes.soak_run import run_soak


def refusal(capsys, tmp_path, *arguments: str) -> str:
    """The one line with which a command is refused before a node is started."""
    output = tmp_path / "out"
    assert main.run((*arguments, "--output", str(output)), application=main.build_application()) == 2
    assert not output.exists(), "nodes have been started"
    complaint = capsys.readouterr().err
    assert complaint.count("\n") == 1
    return complaint


@pytest.mark.parametrize("command", ["faults", "soak"])
def test_a_bundle_that_is_not_there_or_whose_manifest_is_damaged_is_refused(command, tiny_bundle, tmp_path, capsys):
    assert "model 'WRONG' is not shipped" in refusal(capsys, tmp_path, command, "--bundle", "WRONG")
    nowhere = str(tmp_path / "nowhere")
    assert f"'{nowhere}' is not a model bundle" in refusal(capsys, tmp_path, command, "--bundle", nowhere)
    rewrite_manifest(tiny_bundle, lambda manifest: manifest.pop("state"))
    assert "key 'state'" in refusal(capsys, tmp_path, command, "--bundle", str(tiny_bundle))


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
