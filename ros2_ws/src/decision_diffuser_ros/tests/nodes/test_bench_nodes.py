"""The bench of the running nodes: what it reads from its timeline, its bars, and one short real run."""

import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from decision_diffuser_ros.nodes.bench_report import print_node_bench, summarise_nodes

pytest.importorskip("decision_diffuser_msgs")

from decision_diffuser_msgs.msg import PlannerStatus
from rclpy.context import Context
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.nodes.bench_monitor import BenchMonitor, Timeline
from decision_diffuser_ros.nodes.bench_run import (
    NodeBenchSettings,
    TimeSetting,
    bench_nodes,
    time_settings,
)


def node_row(**changes) -> dict:
    times = {"p50": 0.5, "p95": 1.0, "p99": 1.5, "max": 3.0}
    row = {"setting": "real time, 50 Hz", "lockstep": False, "rate": 50, "jitter_ms": times, "state_age_ms": times}
    row |= {"switch_ms": times, "switches": 3, "failed_switches": 0, "late_plans": 0, "stayed_active": True}
    return {**row, "cpu_share": {"planner node": 0.2, "simulator": 0.7}, **changes}


def verdicts(**changes) -> list[bool]:
    return [bar["met"] for bar in summarise_nodes([node_row(**changes)])["bars"]]


def test_the_age_of_a_state_is_counted_from_the_newest_before_the_command() -> None:
    timeline = Timeline(joint_states=[10.0, 10.005, 10.010], commands=[9.9, 10.001, 10.009, 10.012])
    np.testing.assert_allclose(timeline.state_ages(), [0.001, 0.004, 0.002], atol=1e-9)
    np.testing.assert_allclose(timeline.command_periods(), [0.101, 0.008, 0.003], atol=1e-9)


def test_commands_run_at_multiples_of_the_models_rate() -> None:
    assert time_settings(0.02, (50, 100)) == (
        TimeSetting(rate=50, commands_per_step=1, lockstep=False),
        TimeSetting(rate=100, commands_per_step=2, lockstep=False),
        TimeSetting(rate=50, commands_per_step=1, lockstep=True),
    )
    with pytest.raises(ConfigurationError, match="a multiple of the model's 50 Hz. Got 75"):
        time_settings(0.02, (75,))


def test_bars_are_met_or_not() -> None:
    slow = {"p50": 1.0, "p95": 61.0, "p99": 61.0, "max": 61.0}
    assert verdicts() == [True, True]
    assert verdicts(jitter_ms=slow) == [False, True]
    assert verdicts(switch_ms=slow) == [True, False]
    assert verdicts(failed_switches=1) == [True, False]
    assert verdicts(jitter_ms=None, switch_ms=None) == [False, False]
    assert verdicts(stayed_active=False) == [False, False]
    assert verdicts(lockstep=True, jitter_ms=slow) == [True, True]
    assert verdicts(lockstep=True, state_age_ms=slow) == [False, True]
    assert verdicts(switch_ms=None, switches=0) == [True]


def test_the_tables_are_printed(capsys) -> None:
    rows = [node_row(), node_row(switch_ms=None, lockstep=True)]
    machine = {"processor": "A", "processors": 2, "load_average_1_min": 0.5}
    results = {"machine": machine, "settings": rows, "summary": summarise_nodes(rows)}
    print_node_bench(results, Console(width=160))
    shown = capsys.readouterr().out
    for part in ("real time, 50 Hz", "0.70", "simulator", "met: real time, 50 Hz: jitter of commands p99 [ms]"):
        assert part in shown


@pytest.mark.ros
def test_nothing_is_measured_before_commands_and_joint_states_are_heard() -> None:
    context = Context()
    context.init(args=[])
    monitor = BenchMonitor(context=context, namespace="bench")
    info = {"source_timestamp": 0}
    try:
        monitor._take_status(PlannerStatus(mode=PlannerStatus.ACTIVE, plan_condition="trot"), info)
        monitor._take_joint_state(JointState(), info)
        assert not monitor.is_walking
        monitor._take_command(Float64MultiArray(), info)
        assert monitor.is_walking
        monitor._take_status(PlannerStatus(mode=PlannerStatus.HOLD, plan_condition="trot"), info)
        assert not monitor.is_walking
    finally:
        monitor.destroy_node()
        context.try_shutdown()


@pytest.mark.ros
@pytest.mark.slow
def test_the_running_nodes_are_measured(tmp_path: Path, quadruped_bundle: Path) -> None:
    settings = NodeBenchSettings(seconds=2.0, switches=1, rates=(100,), bundle=str(quadruped_bundle), output=tmp_path)
    rows = list(bench_nodes(settings))
    assert [(row["setting"], row["rate"]) for row in rows] == [("real time, 100 Hz", 100), ("lockstep, 50 Hz", 50)]
    for row in rows:
        assert row["commands"] > 2
        assert row["joint_states"] > 2
        assert {"planner node", "planning process", "simulator"} <= set(row["cpu_share"])
        assert row["switches"] == 1
        assert 0.0 < row["switch_ms"]["p50"] < 5000.0
    json.dumps(rows)
