"""The nodes of a robot as processes: their command lines, and what becomes of one that ends."""

import signal
import subprocess
import sys
import time

import pytest

from decision_diffuser_ros.command_line.termination import ends_in_order
from decision_diffuser_ros.nodes.robot_processes import ProcessError, RobotProcesses, parameter_arguments


def test_parameters_stand_on_the_command_line_as_ros_reads_them():
    parameters = {"gui": False, "lockstep": True, "seed": 3, "real_time_factor": 0.0, "skill": "trot"}
    arguments = parameter_arguments(parameters)
    assert arguments[::2] == ["-p"] * len(parameters)
    assert arguments[1::2] == ["gui:=false", "lockstep:=true", "seed:=3", "real_time_factor:=0.0", "skill:=trot"]


def test_a_process_that_ends_is_told_of_with_its_last_words(tmp_path):
    commands = {"sleeper": ["sleep", "60"], "speaker": [sys.executable, "-c", "print('farewell'); raise SystemExit(3)"]}
    with RobotProcesses(commands, log_directory=tmp_path) as processes:
        processes.process("speaker").wait()
        with pytest.raises(ProcessError, match=r"speaker has ended with exit code 3; .*\n    farewell"):
            processes.check()
        sleeper = processes.process("sleeper")
        assert sleeper.poll() is None
    assert sleeper.poll() is not None


def test_a_process_in_whose_start_a_signal_arrives_is_not_left_behind(tmp_path, monkeypatch):
    started = []

    class SignalledPopen(subprocess.Popen):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            started.append(self)
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(subprocess, "Popen", SignalledPopen)
    commands = {"first": ["sleep", "60"], "second": ["sleep", "60"]}
    with ends_in_order(), pytest.raises(SystemExit), RobotProcesses(commands, log_directory=tmp_path):
        pytest.fail("it has started")
    (first,) = started
    assert first.returncode is not None


def test_who_will_not_wait_for_nodes_to_leave_ends_them_at_once(tmp_path, monkeypatch):
    names, stubborn = ("first", "second"), ["sh", "-c", "trap '' INT; echo ready; exec sleep 60"]
    processes = RobotProcesses(dict.fromkeys(names, stubborn), log_directory=tmp_path)
    for name in names:
        processes.start(name)
    while not all((tmp_path / f"{name}.log").read_text() == "ready\n" for name in names):
        time.sleep(0.05)

    def interrupted(process, timeout=None):
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess.Popen, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        processes.stop()
    assert [processes.process(name).returncode for name in names] == [-signal.SIGKILL] * 2
