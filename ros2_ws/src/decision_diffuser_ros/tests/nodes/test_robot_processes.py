"""The nodes of a robot as processes: their command lines, and what becomes of one that ends."""

import sys

import pytest

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
