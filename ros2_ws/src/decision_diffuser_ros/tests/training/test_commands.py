"""From the command line: train, export, put the scores in."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from decision_diffuser_ros.command_line import main
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.training import training_run
from tests.training.toy import CONFIGURATION, write_toy_data

LAYERS = ("data.demonstration_set", "training.training_run", "training.export", "training.bundle_scores")
NOT_NEEDED = ("rclpy", "pybullet", "minari", "gymnasium", "diffusers")


def run(arguments: list[str]) -> int:
    return main.run(arguments, application=main.build_application(["train", "export"]))


@pytest.fixture
def train_command(tmp_path) -> list[str]:
    data = write_toy_data(tmp_path / "toy-v0")
    (tmp_path / "toy.yaml").write_text(yaml.safe_dump(CONFIGURATION.to_json()), encoding="utf-8")
    options = {"data": data, "output": tmp_path / "training", "configuration": tmp_path / "toy.yaml", "steps": 5}
    given = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    return ["train", "toy", *given, "--seed", "7", "--no-progress"]


def test_a_training_becomes_a_bundle_with_scores(train_command, tmp_path):
    training, bundle = str(tmp_path / "training"), str(tmp_path / "bundle")
    assert run(train_command) == 0
    assert run(["export", training, bundle]) == 0
    (tmp_path / "scores.json").write_text(json.dumps({"survived": 0.5}), encoding="utf-8")
    assert run(["export", bundle, "--scores", str(tmp_path / "scores.json")]) == 0
    manifest = Bundle.load(bundle).manifest
    assert manifest.scores == {"survived": 0.5}
    assert manifest.provenance["seed"] == 7
    assert manifest.provenance["training_steps"]["noise_model"] == 5
    assert manifest.provenance["held_out"]["episodes"] == 1


def test_a_robots_demonstrations_and_training_have_places_of_their_own(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["train", "quadruped_gaits"]) == 2
    assert "no demonstrations in 'out/demonstrations/quadruped_gaits-seed1'" in capsys.readouterr().err
    seen = {}
    monkeypatch.setattr(training_run, "train", lambda data, output, **rest: seen.update(data=data, output=output))
    assert run(["train", "quadruped_gaits", "--seed", "3", "--no-progress"]) == 0
    assert seen == {
        "data": Path("out/demonstrations/quadruped_gaits-seed1"), "output": Path("out/training/quadruped_gaits-seed3")
    }  # fmt: skip
    assert run(["train", "gait_classifier"]) == 2
    assert "`--data` must be given for gait_classifier" in capsys.readouterr().err


def test_what_is_not_accepted_is_one_line_and_exit_code_2(train_command, tmp_path, capsys):
    commands = {
        "no demonstrations in": ["--data", str(tmp_path / "none")],
        "`device` must be cpu or cuda, got 'tpu'": ["--device", "tpu"],
        "cannot be read": ["--configuration", str(tmp_path / "none.yaml")],
    }
    for message, changed in commands.items():
        assert run([*train_command, *changed]) == 2
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1
    assert run(["export", str(tmp_path)]) == 2
    assert "needs a BUNDLE directory to write, or --scores FILE" in capsys.readouterr().err
    assert run(["export", str(tmp_path), str(tmp_path / "bundle")]) == 2
    assert "is not a training directory" in capsys.readouterr().err


def test_training_needs_no_robot_no_simulator_and_no_minari():
    program = (
        "import importlib, sys\n"
        f"sys.modules.update(dict.fromkeys({NOT_NEEDED!r}))\n"
        f"for layer in {LAYERS!r}:\n"
        "    importlib.import_module(f'decision_diffuser_ros.{layer}')\n"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr


def test_scores_are_recorded_without_torch():
    program = "import sys\nsys.modules['torch'] = None\nimport decision_diffuser_ros.training.bundle_scores\n"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
