"""From the command line: distil, export."""

from __future__ import annotations

import pytest
import yaml

from decision_diffuser_ros.command_line import main
from decision_diffuser_ros.planner.bundle import Bundle


@pytest.fixture
def command(teacher_directory, toy_data, tmp_path) -> list[str]:
    (tmp_path / "toy.yaml").write_text(yaml.safe_dump({"optimisation": {"batch_size": 8}}), encoding="utf-8")
    options = {
        "training": teacher_directory, "data": toy_data, "output": tmp_path / "out",
        "configuration": tmp_path / "toy.yaml", "training-steps": 3, "seed": 7,
    }  # fmt: skip
    given = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    return ["distil", "toy", *given, "--no-progress"]


def run(arguments: list[str]) -> int:
    return main.run(arguments, application=main.build_application(["distil", "export"]))


def test_the_command_leaves_what_export_takes(command, tmp_path):
    assert run(command) == 0
    assert run(["export", str(tmp_path / "out"), str(tmp_path / "bundle")]) == 0
    provenance = Bundle.load(tmp_path / "bundle").manifest.provenance
    assert (provenance["seed"], provenance["training_steps"]["noise_model"]) == (7, 3)


def test_what_is_not_accepted_is_one_line_and_exit_code_2(command, tmp_path, capsys):
    (tmp_path / "wrong.yaml").write_text("rehearsal_share: 0.9\n", encoding="utf-8")
    (tmp_path / "unknown.yaml").write_text("guidance: 1.0\n", encoding="utf-8")
    options = {
        "is not a training directory": ["--training", str(tmp_path)],
        "no demonstrations in": ["--data", str(tmp_path / "none")],
        "`device` must be cpu or cuda, got 'tpu'": ["--device", "tpu"],
        "--training-steps": ["--training-steps", "0"],
        "expected `rehearsal_share` in [0, 0.5], got 0.9": ["--configuration", str(tmp_path / "wrong.yaml")],
        "unknown key 'guidance'; accepted: optimisation": ["--configuration", str(tmp_path / "unknown.yaml")],
    }
    for message, changed in options.items():
        assert run([*command, *changed]) == 2
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1
    place = command.index("--configuration")
    without_file = [*command[:place], *command[place + 2 :]]
    assert run(["distil", "galop", *without_file[2:]]) == 2
    assert "'galop' has no distillation of its own; available: quadruped_gaits;" in capsys.readouterr().err
