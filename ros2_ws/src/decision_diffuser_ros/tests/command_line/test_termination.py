"""Commands that start nodes leave none behind, whichever signal ends them."""

import os
import signal
import subprocess
import sys
import time

import pytest

from decision_diffuser_ros.command_line.main import EXIT_INTERRUPTED
from decision_diffuser_ros.command_line.termination import EXIT_TERMINATED, ends_in_order
from decision_diffuser_ros.evaluation.process_facts import descendants, is_running
from tests.nodes.processes import command_line
from tests.waiting import TIMEOUT

START_TIMEOUT = 90.0  # [s], generous: no test waits for it unless something is wrong


@pytest.fixture
def environment(tmp_path):
    """A workspace whose nodes do nothing, in front of the others."""
    folder = tmp_path / "prefix" / "lib" / "decision_diffuser_ros"
    folder.mkdir(parents=True)
    for name in ("quadruped_sim_node", "planner_node"):
        (folder / name).write_text("#!/bin/sh\nexec sleep 300\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    prefixes = [str(tmp_path / "prefix"), *os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)]
    return os.environ | {"AMENT_PREFIX_PATH": os.pathsep.join(filter(None, prefixes))}


def nodes_of(process: subprocess.Popen) -> list[int]:
    """Process ids of its two nodes, as soon as both run."""
    deadline = time.monotonic() + START_TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        nodes = [pid for pid in descendants(process.pid) if command_line(pid).startswith("sleep")]
        if len(nodes) == 2:
            return nodes
        time.sleep(0.1)
    raise TimeoutError(f"two nodes did not run within {START_TIMEOUT:g} s; exit code {process.poll()}")


@pytest.mark.ros
@pytest.mark.parametrize(
    "command, number, code",
    [
        (["bench", "ros"], signal.SIGTERM, EXIT_TERMINATED),
        (["faults", "--only", "gap_0.5"], signal.SIGTERM, EXIT_TERMINATED),
        (["soak"], signal.SIGTERM, EXIT_TERMINATED),
        (["soak"], signal.SIGINT, EXIT_INTERRUPTED),
        (["demo"], signal.SIGTERM, EXIT_TERMINATED),
        (["demo"], signal.SIGINT, EXIT_INTERRUPTED),
    ],
)
def test_a_command_that_is_ended_takes_its_nodes_with_it(environment, tmp_path, command, number, code):
    pytest.importorskip("rclpy", reason="needs ROS 2")
    pytest.importorskip("decision_diffuser_msgs", reason="needs the workspace built and sourced")
    process = subprocess.Popen(
        [sys.executable, "-m", "decision_diffuser_ros.command_line.main", *command, "--output", str(tmp_path)],
        env=environment,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # whoever runs the tests may ignore it
    )
    try:
        nodes = nodes_of(process)
        process.send_signal(number)
        assert process.wait(TIMEOUT) == code
        assert not any(is_running(pid) for pid in nodes)
    finally:
        for pid in [*descendants(process.pid), process.pid]:
            if is_running(pid):
                os.kill(pid, signal.SIGKILL)
        process.wait()


def test_sigterm_means_what_it_meant_before_when_a_command_has_ended():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as ending, ends_in_order():
        signal.raise_signal(signal.SIGTERM)
    assert ending.value.code == EXIT_TERMINATED == 143
    assert signal.getsignal(signal.SIGTERM) == before
