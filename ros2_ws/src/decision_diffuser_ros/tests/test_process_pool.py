"""Pools of processes: what they do, and that they are gone when their maker is."""

import os
import signal
import subprocess
import sys

import pytest

from decision_diffuser_ros.evaluation.process_facts import is_running
from decision_diffuser_ros.process_pool import process_pool
from tests.waiting import wait_until

_prepared_with: list[int] = []


def _prepare(number):
    _prepared_with.append(number)


def _prepared(_):
    return list(_prepared_with)


def test_each_process_is_prepared_once():
    with process_pool(1, prepare=_prepare, arguments=(7,)) as pool:
        assert list(pool.map(_prepared, range(3))) == [[7]] * 3


MAKER = """
import os, sys, time
from pathlib import Path
from decision_diffuser_ros.process_pool import process_pool

def work(seconds):
    Path(sys.argv[1], str(os.getpid())).touch()
    time.sleep(seconds)

if __name__ == "__main__":
    with process_pool(2) as pool:
        pool.submit(work, 0.0).result()
        list(pool.map(work, [600.0, 600.0]))
"""


@pytest.mark.parametrize("kill", [signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_a_maker_that_is_killed(tmp_path, kill):
    program, started = tmp_path / "maker.py", tmp_path / "started"
    program.write_text(MAKER, encoding="utf-8")
    started.mkdir()
    maker = subprocess.Popen([sys.executable, str(program), str(started)])
    wait_until(lambda: len(list(started.iterdir())) == 2)
    workers = [int(path.name) for path in started.iterdir()]
    os.kill(maker.pid, kill)
    maker.wait(timeout=30)
    wait_until(lambda: not any(map(is_running, workers)))
    assert not any(map(is_running, workers))
