"""`decision-diffuser demo`: what is refused before any node is started, its exit code, and the walk as it ships."""

import json
import time

import numpy as np
import pytest

from decision_diffuser_ros.command_line import main
from decision_diffuser_ros.command_line.demo import GAITS
from decision_diffuser_ros.evaluation.gait_recording import GaitRecording, GaitRequest
from tests.bundles import QUADRUPED_JOINTS, STANDING_POSE
from tests.command_line.refusals import refusal

pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("decision_diffuser_msgs", reason="needs the workspace built and sourced")
pytest.importorskip("pybullet", reason="needs PyBullet")

from decision_diffuser_ros.nodes import gait_demo
from decision_diffuser_ros.nodes.demonstration import START_TIMEOUT, bundle_parameters
from decision_diffuser_ros.nodes.gait_demo import DemoSettings, run_demo
from decision_diffuser_ros.nodes.robot_processes import ProcessError


def run(*arguments: str) -> int:
    return main.run(("demo", *arguments, "--no-video"), application=main.build_application())


@pytest.mark.parametrize(
    "constraints, reason",
    [
        ("red >> blue", "at character 6 of 'red >> blue': expected a name; got '>'"),
        ("purple > blue", "'purple > blue' is not in model 'block_stacking'; available: blue > green"),
    ],
)
def test_constraints_that_cannot_be_read_are_refused(constraints, reason, tmp_path, capsys):
    goals = ("--constraints", "red > blue", "--constraints", constraints)
    assert reason in refusal(capsys, tmp_path / "out", "demo", "block_stacking", "--no-video", *goals)


def standing_recording() -> GaitRecording:
    """A second of a robot that stands, whatever it is asked."""
    recording = GaitRecording()
    for step in range(50):
        recording.time.append(0.02 * step)
        recording.base_position.append(np.array([0.0, 0.0, 0.3]))
        recording.base_orientation.append(np.array([0.0, 0.0, 0.0, 1.0]))
        recording.joint_position.append(np.array(STANDING_POSE))
        recording.foot_contacts.append(np.ones(4, dtype=bool))
        recording.forward_speed.append(0.0)
        recording.planning_ms.append(5.0)
    recording.requests.append(GaitRequest(0.0, "trot"))
    return recording


def test_a_gait_that_is_not_reached_or_not_even_answered_is_exit_code_1(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(gait_demo, "run_demo", lambda settings, show: standing_recording())
    assert run("--output", str(tmp_path)) == 1
    shown = capsys.readouterr().out
    assert "trot asked at 0.00 s: not reached" in shown
    assert "not reached: trot, pace, bound" in shown
    assert json.loads((tmp_path / "summary.json").read_text())["gaits"][0]["seconds_to_reach"] is None


def test_a_model_that_takes_no_forward_speed_is_not_asked_for_one():
    assert bundle_parameters(None) == {}
    assert bundle_parameters("quadruped_gaits", skill="pace") == {"bundle": "quadruped_gaits"}
    composition = {"bundle": "quadruped_composition"}
    assert bundle_parameters("quadruped_composition") == composition | {"condition": "trot"}
    assert bundle_parameters("quadruped_composition", skill="pace") == composition | {"condition": "pace"}


@pytest.mark.ros
def test_a_bundle_that_the_planner_does_not_take_is_told_of_at_once(tiny_bundle, quadruped_bundle, tmp_path):
    (quadruped_bundle / "denoiser.onnx").write_bytes(b"damaged")
    reasons = {
        tiny_bundle: f"the planner is not configured: `joints` do not fit model 'tiny'.*got {QUADRUPED_JOINTS[0]}",
        quadruped_bundle: "the planner is not configured: .*denoiser.onnx: expected .* bytes, got 7",
    }
    for bundle, reason in reasons.items():
        settings = DemoSettings(gaits=GAITS, seconds_per_gait=1.0, output=tmp_path / "logs", bundle=str(bundle))
        begin = time.monotonic()
        with pytest.raises(ProcessError, match=reason):
            run_demo(settings, show=lambda view: None)
        assert time.monotonic() < begin + START_TIMEOUT


@pytest.mark.ros
@pytest.mark.slow
@pytest.mark.parametrize("bundle", ["quadruped_gaits", "quadruped_composition"])
def test_the_shipped_robot_walks_every_gait_that_it_is_asked_for(bundle, tmp_path, capsys):
    assert run("--bundle", bundle, "--seconds-per-gait", "2", "--output", str(tmp_path)) == 0
    assert "not reached" not in capsys.readouterr().out
    rows = json.loads((tmp_path / "summary.json").read_text())["gaits"]
    assert [row["gait"] for row in rows] == list(GAITS)
    assert all(row["seconds_to_reach"] is not None for row in rows)
    assert (tmp_path / "gaits.png").stat().st_size > 10_000
    assert not (tmp_path / "gaits.mp4").exists()
