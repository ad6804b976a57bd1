"""The set-up: which Python it takes, what it refuses in one line, what it does again and what not."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import machine
import workspace
from machine import Interpreter
from report import SetupError, run_logged
from stamps import Stamp
from virtual_environment import VirtualEnvironment, variables_with

SCRIPT = Path(__file__).parents[1] / "setup"

COMPLETE = Interpreter(
    executable="/usr/bin/python3.11",
    version=(3, 11),
    has_venv=True,
    has_headers=True,
    has_ros=False,
    numpy_version="",
)


def version(minor: int, **changes: object) -> Interpreter:
    """A Python 3.`minor`, complete but for `changes`."""
    return replace(COMPLETE, executable=f"/usr/bin/python3.{minor}", version=(3, minor), **changes)


@pytest.fixture
def pythons(monkeypatch):
    """Makes the machine have just the given interpreters."""

    def have(*interpreters: Interpreter) -> None:
        by_name = {f"python3.{interpreter.version[1]}": interpreter for interpreter in interpreters}
        monkeypatch.setattr(machine, "probe", by_name.get)

    return have


@pytest.mark.parametrize(
    ("present", "chosen"),
    [((10, 11, 12), 11), ((10, 12), 10), ((12,), 12), ((9, 12, 13), 12)],
)
def test_a_python_with_a_pybullet_wheel_is_preferred(pythons, monkeypatch, present, chosen):
    monkeypatch.setattr(machine.sys, "executable", f"python3.{present[-1]}")
    pythons(*map(version, present))
    assert machine.choose_interpreter(ros_is_sourced=False).version == (3, chosen)


def test_a_complete_python_is_preferred_to_one_without_headers(pythons):
    pythons(version(11, has_headers=False), version(12))
    assert machine.choose_interpreter(ros_is_sourced=False).version == (3, 12)


def test_no_fitting_python_is_refused_with_the_remedy(pythons):
    pythons(version(9))
    with pytest.raises(SetupError, match=r"no Python 3.10, 3.11 or 3.12 .*install one.*PYTHON=") as refusal:
        machine.choose_interpreter(ros_is_sourced=False)
    assert "\n" not in str(refusal.value)


def test_a_python_without_venv_is_refused_with_the_package_to_install(pythons):
    pythons(version(11, has_venv=False))
    with pytest.raises(SetupError, match="sudo apt install python3.11-venv'"):
        machine.choose_interpreter(ros_is_sourced=False)


def test_a_sourced_ros_decides_which_python_it_is(pythons):
    pythons(version(11), version(12, has_ros=True))
    assert machine.choose_interpreter(ros_is_sourced=True).version == (3, 12)


def test_a_sourced_ros_that_no_python_can_import_is_refused(pythons):
    pythons(version(11))
    with pytest.raises(SetupError, match="unset ROS_DISTRO"):
        machine.choose_interpreter(ros_is_sourced=True)


def test_this_very_python_is_recognised():
    found = machine.probe(sys.executable)
    assert found is not None
    assert found.version == sys.version_info[:2]


def test_a_missing_compiler_is_one_line_with_the_remedy(tmp_path):
    (tmp_path / "make").symlink_to("/bin/true")
    environment = {"PATH": str(tmp_path), "HOME": str(tmp_path)}
    answer = subprocess.run([sys.executable, str(SCRIPT)], env=environment, capture_output=True, text=True)
    assert answer.returncode == 1
    assert answer.stderr == (
        "set-up: no C compiler and no C++ compiler found; install it: 'sudo apt install build-essential'\n"
    )


def test_a_stamp_is_current_until_an_input_changes(tmp_path):
    source = tmp_path / "source.txt"
    source.write_text("one")

    def stamp(fact: str = "same") -> Stamp:
        return Stamp(tmp_path / "made" / "stamp", files=[source], facts=[fact])

    assert not stamp().is_current()
    stamp().write()
    assert stamp().is_current()
    assert not stamp("another").is_current()
    source.write_text("two")
    assert not stamp().is_current()


def environment_of(tmp_path: Path, *, gpu: bool = False, ros: bool = False) -> VirtualEnvironment:
    """An environment whose requirements are two small files."""
    folder = tmp_path / "requirements"
    folder.mkdir()
    (folder / "deploy.txt").write_text("# what a robot needs\nnumpy==2.4.6\nonnxruntime==1.32.0\n")
    (folder / "demo.txt").write_text("-r deploy.txt\npybullet==3.2.7  # physics\n")
    (folder / "gpu.txt").write_text("onnxruntime-gpu==1.31.1\n")
    interpreter = replace(COMPLETE, numpy_version="1.26.4")
    return VirtualEnvironment(tmp_path, interpreter=interpreter, with_system_packages=ros, with_gpu=gpu)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["numpy==2.4.6", "onnxruntime==1.32.0", "pybullet==3.2.7"]),
        ({"gpu": True}, ["numpy==2.4.6", "onnxruntime-gpu==1.31.1", "pybullet==3.2.7"]),
        ({"ros": True}, ["numpy==1.26.4", "onnxruntime==1.32.0", "pybullet==3.2.7"]),
    ],
    ids=["plain", "with a GPU", "with a sourced ROS"],
)
def test_requirements_are_made_fit_for_the_machine(tmp_path, options, expected):
    assert environment_of(tmp_path, **options).requirements("demo.txt") == expected


def test_headers_of_the_wheels_build_machine_are_replaced():
    text = (
        'a "/opt/python/cp310-cp310/include/python3.10" '
        'b "/opt/python/cp310-cp310/lib/python3.10/site-packages/numpy/_core/include"'
    )
    adapted = workspace.replace_headers(text, python_headers="/P", numpy_headers="/N")
    assert adapted == 'a "/P" b "/N"'


def test_a_search_path_gets_its_first_entry_once():
    variables = {"CMAKE_PREFIX_PATH": "/a:/venv:/b", "HOME": "/h"}
    changed = variables_with(variables, "CMAKE_PREFIX_PATH", "/venv")
    assert changed == {"CMAKE_PREFIX_PATH": "/venv:/a:/b", "HOME": "/h"}
    assert variables["CMAKE_PREFIX_PATH"] == "/a:/venv:/b"


def test_a_command_that_fails_shows_the_end_of_what_it_said(tmp_path, capsys):
    command = [sys.executable, "-c", "print('the reason'); raise SystemExit(3)"]
    with pytest.raises(SetupError, match="exit code 3"):
        run_logged(command, tmp_path / "log.txt", {}, tmp_path)
    assert "the reason" in capsys.readouterr().err
