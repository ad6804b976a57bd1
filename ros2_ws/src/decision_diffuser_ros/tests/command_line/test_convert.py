"""A robot's recordings become demonstrations, and those a model, by the commands of the documentation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from decision_diffuser_ros.command_line.main import build_application, run
from decision_diffuser_ros.data.recording_description import RecordingDescription
from decision_diffuser_ros.resources import config_file
from tests.data.recordings import ros_command, ros_imu, ros_joints, ros_text, write_bag

COMMANDS = ["convert", "train", "export"]
BEGIN = 1_700_000_000.0  # [s]


def run_command(*arguments: object) -> int:
    return run([str(argument) for argument in arguments], application=build_application(COMMANDS))


def swaying_bag(directory: Path, *, skill: str, seconds: float = 3.0) -> Path:
    """The two joints of the sample description, swaying at 200 Hz, with a reading without knee in between."""
    messages = [("/skill", BEGIN, ros_text(skill))]
    for number in range(round(200 * seconds)):
        time = BEGIN + 0.005 * number
        phase = 6.0 * (time - BEGIN) + np.array([0.0, 1.0])
        messages.append(("/imu_sensor_broadcaster/imu", time, ros_imu(time, [0, 0, 0, 1], [0, 0, 0.1])))
        messages.append(("/joint_states", time, ros_joints(time, ("knee", "hip"), np.sin(phase), 6 * np.cos(phase))))
        if number % 4 == 0:
            targets = np.sin(phase[::-1] + 0.3)
            messages.append(("/joint_group_position_controller/commands", time + 0.001, ros_command(targets)))
    messages.append(("/joint_states", time + 0.001, ros_joints(time + 0.001, ("hip",), np.zeros(1), np.zeros(1))))
    return write_bag(directory, messages)


def test_recordings_become_demonstrations(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    bags = [swaying_bag(tmp_path / skill, skill=skill) for skill in ("walk", "trot")]
    assert run_command("convert", config_file("recordings"), *bags) == 0
    shown = capsys.readouterr().out
    assert shown.count("3.0 s in 1 episode(s)") == 2
    assert "  1 message(s) of /joint_states refused, the first because joint 'knee' is missing in" in shown
    assert "next: decision-diffuser train recordings --data out/demonstrations/my_robot_gaits" in shown


@pytest.mark.slow
def test_a_model_learns_from_recordings(tmp_path):
    pytest.importorskip("torch", reason="needs the requirements of training")
    from decision_diffuser_ros.planner.bundle import Bundle
    from decision_diffuser_ros.planner.conditions import Condition
    from decision_diffuser_ros.planner.planner import Planner

    data, training, bundle = (tmp_path / name for name in ("set", "training", "bundle"))
    bags = [swaying_bag(tmp_path / skill, skill=skill, seconds=6.0) for skill in ("walk", "trot")]
    bags.append(swaying_bag(tmp_path / "more", skill="trot"))
    assert run_command("convert", config_file("recordings"), *bags, "--output", data) == 0
    steps = ("--steps", 3, "--inverse-steps", 3, "--no-progress")
    assert run_command("train", "recordings", "--data", data, "--output", training, *steps) == 0
    assert run_command("export", training, bundle) == 0
    loaded = Bundle.load(bundle)
    assert loaded.manifest.name == "my_robot_gaits"
    assert loaded.manifest.joint_names == ("hip", "knee")
    assert loaded.manifest.names_of("skill") == ("walk", "trot")
    planner = Planner(loaded)
    plan = planner.plan(np.zeros((4, 10)), [Condition({"skill": "trot"})], rng=np.random.default_rng(0))
    assert plan.states.shape == (24, 10)
    assert np.isfinite(plan.states).all()


def test_what_cannot_be_converted_is_one_line_and_exit_code_2(tmp_path, capsys):
    sample = yaml.safe_load(config_file("recordings").read_text(encoding="utf-8"))
    (tmp_path / "wrong.yaml").write_text(yaml.safe_dump(sample | {"rate": 50}), encoding="utf-8")
    for arguments, reason in (
        ([config_file("recordings"), tmp_path / "none"], "cannot be read as a ROS 2 recording"),
        ([tmp_path / "wrong.yaml", tmp_path / "none"], "unknown key 'rate'; accepted: "),
        ([tmp_path / "none.yaml", tmp_path / "none"], "recording configuration '.*none.yaml' cannot be read"),
        ([config_file("recordings")], "Missing argument"),
    ):
        assert run_command("convert", *arguments, "--output", tmp_path / "set") == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert reason.split("'")[0] in line
    assert not (tmp_path / "set").exists()


def test_every_key_of_the_sample_is_one_of_the_description():
    described = RecordingDescription.from_yaml(config_file("recordings"))
    assert described.skills == ("walk", "trot")
    text = config_file("recordings").read_text(encoding="utf-8")
    for optional in ("velocity", "odometry"):
        assert f"# {optional}: /" in text
        uncommented = text.replace(f"# {optional}: /", f"{optional}: /")
        assert getattr(_description_of(uncommented).topics, optional) is not None


def _description_of(text: str) -> RecordingDescription:
    from decision_diffuser_ros.data.configuration_file import configuration_of

    return configuration_of(RecordingDescription, yaml.safe_load(text), where="sample")
