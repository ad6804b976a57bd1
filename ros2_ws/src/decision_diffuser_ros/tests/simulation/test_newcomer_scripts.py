"""The scripts in sim/ run as a newcomer runs them, for a few control steps."""

import os
import subprocess
import sys

import pytest

from decision_diffuser_ros.resources import share_directory

SCRIPTS = share_directory() / "sim"
LINES = 80
"""More than that is no story any more."""


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, "PYTHONPATH": str(share_directory()), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(SCRIPTS / script), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=variables, timeout=120)


def test_the_robot_walks_without_ros_and_changes_its_gait(quadruped_bundle):
    answer = run("walk_without_ros.py", "--model", str(quadruped_bundle), "--gaits", "trot", "pace", "--seconds", "0.5")
    assert answer.returncode == 0, answer.stderr
    lines = answer.stdout.splitlines()
    assert [line.split()[:2] for line in lines[:-1]] == [["asked", "trot"], ["asked", "pace"]]
    assert lines[-1] == "the robot stands on its feet"


def test_a_gait_that_the_model_does_not_know_is_named(quadruped_bundle):
    answer = run("walk_without_ros.py", "--model", str(quadruped_bundle), "--gaits", "galop")
    assert answer.returncode != 0
    assert "skill 'galop' is not in model 'quadruped_gaits'; available: bound, pace, trot" in answer.stderr


def test_the_feet_show_the_gait_of_the_expert():
    answer = run("watch_the_expert.py", "--gaits", "bound", "--seconds", "1")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines()[1].startswith("walks bound  the feet show bound")


def test_the_expert_is_drawn_without_a_screen(tmp_path):
    answer = run("watch_the_expert.py", "--gaits", "trot", "--seconds", "0.1", "--video", str(tmp_path / "expert.mp4"))
    assert answer.returncode == 0, answer.stderr
    assert b"ftyp" in (tmp_path / "expert.mp4").read_bytes()[:16]


def test_the_stacking_expert_tells_what_it_does_and_what_holds_at_the_end():
    answer = run("watch_the_stacking.py", "--piles", "blue red")
    assert answer.returncode == 0, answer.stderr
    told = answer.stdout.splitlines()
    assert [line.split()[2:] for line in told[:5]] == [
        ["approach", "red"], ["descend", "red"], ["close", "red"], ["lift", "red"], ["carry", "red"]
    ]  # fmt: skip
    assert told[-1] == "holds: red > green, red > blue, red > yellow"


def test_the_robot_does_what_an_expression_asks_and_keeps_to_its_alternative():
    answer = run("ask_for_conditions.py", "pace | bound", "trot & galop", "trot & !trot")
    assert answer.returncode == 0, answer.stderr
    followed, expression, caret, reason, contradiction = answer.stdout.splitlines()
    assert followed in {f"asked pace | bound   followed {gait}   the feet show {gait}" for gait in ("pace", "bound")}
    assert (expression, caret) == ("trot & galop", "       ^")
    assert reason.startswith("'galop' is not in model")
    assert contradiction.endswith("trot and !trot contradict each other")


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.py")), ids=lambda script: script.stem)
def test_a_script_is_short_enough_to_read(script):
    assert len(script.read_text().splitlines()) < LINES
