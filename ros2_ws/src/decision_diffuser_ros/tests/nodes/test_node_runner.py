"""What a node does not accept at its start is one fatal line and exit code 1, for every node alike."""

import re
import subprocess
import sys

import pytest

from tests.waiting import TIMEOUT

pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("decision_diffuser_msgs", reason="needs the workspace built and sourced")

pytestmark = pytest.mark.ros


@pytest.mark.parametrize(
    "module, arguments, reason",
    [
        ("planner_node", ["-p", "threads:=0"], "Parameter threads out of range. Min: 1, Max: 64, value: 0"),
        ("planner_node", ["-p", "threads:=abc"], "'threads' to 'abc' of type 'STRING', expecting type 'INTEGER'"),
        ("planner_node", ["-p", "limits.velocity:=[1, 2]"], "expecting type 'DOUBLE_ARRAY'"),
        ("planner_node", ["--params-file", "/nowhere.yaml"], "are not accepted: .*--params-file /nowhere.yaml"),
        ("planner_node", ["-p", "threads:=[1"], r"are not accepted: .*-p threads:=\[1"),
        ("planner_node", ["--fly"], "unknown arguments after --ros-args: .*--fly"),
        ("quadruped_sim_node", ["-p", "time_step:=1.0"], "time_step out of range"),
        ("quadruped_sim_node", ["-p", "initial_pose:=[10.0]"], "each value of `initial_pose` must be from -6.3 to 6.3"),
        ("stacking_sim_node", ["-p", "seed:=-1"], "seed out of range"),
        ("stacking_sim_node", ["-p", "start:=upside_down"], "`start` must be one of scattered, stacked. Got 'upside"),
    ],
)
def test_what_is_not_accepted_is_one_fatal_line_and_exit_code_1(module, arguments, reason):
    command = [sys.executable, "-m", f"decision_diffuser_ros.nodes.{module}", "--ros-args", *arguments]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)
    said = answer.stdout + answer.stderr
    assert answer.returncode == 1, said
    assert "Traceback" not in said
    (line,) = [line for line in said.splitlines() if "[FATAL]" in line]
    assert re.search(reason, line), line
