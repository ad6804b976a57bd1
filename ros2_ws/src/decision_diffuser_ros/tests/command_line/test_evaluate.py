"""`evaluate` is a command of commands: one an experiment."""

import json

import pytest

from decision_diffuser_ros.command_line import main
from decision_diffuser_ros.command_line.evaluate import EXPERIMENTS
from decision_diffuser_ros.command_line.gait_experiments import finish
from decision_diffuser_ros.evaluation.scores_file import write_scores
from decision_diffuser_ros.evaluation.text_table import TextTable
from decision_diffuser_ros.training.bundle_scores import read_scores


def run(*arguments: str) -> int:
    return main.run(arguments, application=main.build_application())


def test_the_help_names_every_experiment(capsys):
    assert run("evaluate", "--help") == 0
    shown = capsys.readouterr().out
    for name in EXPERIMENTS:
        assert f" {name} " in shown


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_has_help_and_writes_json(name, capsys):
    assert run("evaluate", name, "--help") == 0
    shown = capsys.readouterr().out
    assert f"decision-diffuser evaluate {name}" in shown
    for option in ("--episodes", "--seed", "--json"):
        assert option in shown


def test_an_unknown_experiment_lists_the_known_ones(capsys):
    assert run("evaluate", "fly") == 2
    complaint = capsys.readouterr().err
    assert complaint == f"decision-diffuser: experiment 'fly' is not known; available: {', '.join(EXPERIMENTS)}\n"


def test_no_experiment_shows_the_help_and_no_complaint(capsys):
    assert run("evaluate") == 2
    captured = capsys.readouterr()
    assert "decision-diffuser evaluate" in captured.out + captured.err
    assert "decision-diffuser: " not in captured.err


@pytest.mark.parametrize(
    "delay, options, step", [("0.0003", ["--gaits-only"], "0.001"), ("0.003", [], "0.002"), ("0.0152", [], "0.001")]
)
def test_a_delay_that_the_physics_cannot_take_is_refused_in_one_line(delay, options, step, capsys):
    arguments = ("--episodes", "1", "--processes", "1", "--command-delay", delay, *options)
    assert run("evaluate", "quadruped_gaits", *arguments) == 2
    complaint = capsys.readouterr().err.splitlines()[-1]
    expected = f"the delay of a command must be a multiple of {step} s below 0.02 s. Got {delay} s"
    assert complaint == f"decision-diffuser: {expected}"


def test_the_tables_are_printed_even_where_the_numbers_cannot_be_written(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    table = TextTable("Gaits", ("gait", "share"), [("trot", "0.98")])
    with pytest.raises(OSError, match="file"):
        finish({}, [table], tmp_path / "file" / "scores.json")
    assert "trot" in capsys.readouterr().out


def test_scores_are_read_back_as_they_were_written(tmp_path):
    scores = {"gaits": {"trot": {"survived": 0.995}}, "seed": 1000}
    path = write_scores(scores, tmp_path / "new" / "scores.json")
    assert read_scores(path) == scores
    assert json.loads(path.read_text(encoding="utf-8")) == scores
