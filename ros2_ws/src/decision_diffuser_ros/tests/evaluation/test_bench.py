"""The bench: what it times, what it says of the times, and the paper's procedure beside it."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from decision_diffuser_ros.command_line import main
from decision_diffuser_ros.evaluation import bench_machine, bench_plans
from decision_diffuser_ros.evaluation.bench_machine import percentiles_ms
from decision_diffuser_ros.evaluation.bench_plans import PlanBenchSettings, providers_present, typical_condition
from decision_diffuser_ros.evaluation.bench_report import deployed_row, print_bench, quality_rows, summarise
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.manifest import Manifest
from decision_diffuser_ros.planner.planner import Planner
from decision_diffuser_ros.resources import MANIFEST_NAME, model_directory

pytest.importorskip("pybullet", reason="needs PyBullet")

from decision_diffuser_ros.evaluation.bench_quality import has_gaits, stacks_blocks

CPU = "CPUExecutionProvider"
SHIPPED = ("quadruped_gaits", "quadruped_composition", "block_stacking")


def latency_row(milliseconds: float, **changes) -> dict:
    share = {"p50": milliseconds, "p95": milliseconds, "p99": 2.0 * milliseconds, "max": 3.0 * milliseconds}
    row = {"robot": "gaits", "provider": CPU, "threads": 1, "denoising_steps": 2, "one_call": False, "plans": 9}
    return {**row, "plan_ms": share, **changes}


def baseline_row(network: str, milliseconds: float, threads: int = 1) -> dict:
    times = {"p50": milliseconds, "p95": milliseconds, "p99": milliseconds, "max": milliseconds}
    return {"network": network, "parameters": 2_000_000, "threads": threads, "plans": 1, "plan_ms": times}


def quality_row(steps: int, gait_share: float) -> dict:
    shares = {"survived": 1.0, "gait_share": gait_share, "pattern_share": 0.9}
    return {"robot": "gaits", "denoising_steps": steps, "episodes": 3, **shares}


BASELINE = [baseline_row("our network", 900.0), baseline_row("the paper's network", 20_000.0, threads=2)]


def summary_of(latency, quality=(), baseline=()) -> dict:
    return summarise(latency, quality, baseline, robot="gaits", deployed_steps=2)


def test_every_combination_is_timed_both_ways(tiny_bundle: Path) -> None:
    settings = PlanBenchSettings(denoising_steps=(1, 3, 101), threads=(1, 2), plans=6)
    rows = list(bench_plans.bench_plans(str(tiny_bundle), settings))
    assert [(row["threads"], row["denoising_steps"], row["one_call"]) for row in rows] == [
        (threads, steps, one_call) for threads in (1, 2) for steps in (1, 3) for one_call in (False, True)
    ]
    for row in rows:
        assert row["plans"] == 6
        assert 0.0 < row["plan_ms"]["p50"] <= row["plan_ms"]["p99"] <= row["plan_ms"]["max"]


def test_the_warm_up_is_not_counted(tiny_bundle: Path, monkeypatch) -> None:
    plan = Planner.plan
    durations = iter([9.0] * bench_plans.WARM_UP_PLANS + [0.001] * 10)

    def timed_plan(*inputs, **options):
        return dataclasses.replace(plan(*inputs, **options), seconds=next(durations))

    monkeypatch.setattr(Planner, "plan", timed_plan)
    settings = PlanBenchSettings(plans=10)
    seconds = bench_plans.time_plans(Bundle.load(tiny_bundle), settings, denoising_steps=1, in_one_call=False)
    assert seconds == [0.001] * 10


def test_a_slow_measurement_ends_with_fewer_plans(tiny_bundle: Path) -> None:
    settings = PlanBenchSettings(plans=10_000, seconds=0.0)
    seconds = bench_plans.time_plans(Bundle.load(tiny_bundle), settings, denoising_steps=1, in_one_call=False)
    assert len(seconds) == bench_plans.FEWEST_PLANS


def test_the_condition_has_a_value_for_every_kind(tiny_bundle: Path) -> None:
    assert typical_condition(Bundle.load(tiny_bundle).manifest).values == {"skill": "wave", "return": 0.5}


def test_only_providers_that_are_there_are_timed(monkeypatch) -> None:
    available = ["CUDAExecutionProvider", "AzureExecutionProvider", CPU]
    monkeypatch.setattr(bench_plans.onnxruntime, "get_available_providers", lambda: available)
    assert providers_present() == ("CUDAExecutionProvider", CPU)


def test_percentiles_are_in_milliseconds() -> None:
    assert percentiles_ms(np.arange(101) / 1000.0) == {"p50": 50.0, "p95": 95.0, "p99": 99.0, "max": 100.0}


def test_the_machine_is_named(monkeypatch) -> None:
    facts = bench_machine.machine_facts()
    assert facts["processor"]
    assert facts["gpu"] == bench_machine.gpu_name()

    class Answer:
        stdout = "NVIDIA T4\nNVIDIA T4\n"

    monkeypatch.setattr(bench_machine.subprocess, "run", lambda *inputs, **options: Answer())
    assert bench_machine.gpu_name() == "NVIDIA T4"


def test_the_slower_way_of_sampling_is_what_is_claimed() -> None:
    others = [latency_row(99.0, threads=2), latency_row(1.0, robot="another")]
    rows = [latency_row(5.0, one_call=True), latency_row(8.0), *others]
    assert deployed_row(rows, robot="gaits", deployed_steps=2)["plan_ms"]["p50"] == 8.0
    assert deployed_row(rows, robot="gaits", deployed_steps=3) is None


def test_ratios_compare_equal_numbers_of_threads() -> None:
    summary = summary_of([latency_row(9.0)], baseline=BASELINE)
    assert summary["ratios"] == [{"procedure": "our network", "times_slower": 100.0}]


@pytest.mark.parametrize(
    "milliseconds, baseline, quality, met",
    [
        (9.0, 91.0, (0.991, 1.0), [True, True, True]),
        (11.0, 91.0, (0.989, 1.0), [False, False, False]),
        (10.0, 100.0, (1.0, 0.9), [True, True, True]),
    ],
)
def test_bars_are_met_or_not(milliseconds, baseline, quality, met) -> None:
    rows = [quality_row(steps, share) for steps, share in zip((2, 100), quality, strict=True)]
    summary = summary_of([latency_row(milliseconds)], rows, [baseline_row("our network", baseline)])
    assert [bar["met"] for bar in summary["bars"]] == met


def test_the_tables_are_printed(capsys) -> None:
    latency, quality = [latency_row(9.0)], [quality_row(2, 1.0), quality_row(100, 1.0)]
    machine = {"processor": "A", "processors": 2, "gpu": None, "onnxruntime": "1", "load_average_1_min": 0.5}
    results = {"machine": machine, "latency": latency, "quality": quality, "baseline": BASELINE, "notes": ["a note"]}
    print_bench(results | {"summary": summary_of(latency, quality, BASELINE)}, Console(width=120))
    shown = capsys.readouterr().out
    for part in ("no GPU", "Time of a plan: gaits", "step by step", "2.0 M", "100", "a note", "met: gaits: plan p99"):
        assert part in shown


def test_what_is_not_scored_of_a_robot_is_left_out() -> None:
    stacked = {"robot": "arm", "denoising_steps": 3, "episodes": 4, "success_strict": 0.75}
    assert quality_rows([stacked]) == [["arm", "3", "4", "", "", "", "0.750"]]
    assert summary_of([latency_row(9.0)], [stacked | {"robot": "gaits"}])["bars"][1:] == []


def test_each_shipped_robot_is_scored_at_what_it_does() -> None:
    manifests = {name: Manifest.read(model_directory(name) / MANIFEST_NAME) for name in SHIPPED}
    assert [name for name in SHIPPED if has_gaits(manifests[name])] == ["quadruped_gaits", "quadruped_composition"]
    assert [name for name in SHIPPED if stacks_blocks(manifests[name])] == ["block_stacking"]


def test_the_command_writes_its_figures(tiny_bundle: Path, tmp_path: Path, capsys) -> None:
    file = tmp_path / "out" / "bench.json"
    command = ["bench", "--robot", str(tiny_bundle), "--steps", "1,2", "--threads", "1", "--plans", "5"]
    command += ["--episodes", "0", "--baseline-plans", "0", "--json", str(file)]
    code = main.run(command, application=main.build_application())
    results = json.loads(file.read_text())
    assert code == (0 if all(bar["met"] for bar in results["summary"]["bars"]) else 1)
    assert {row["denoising_steps"] for row in results["latency"]} == {1, 2}
    assert results["machine"]["processor"]
    shown = capsys.readouterr()
    assert "The paper's procedure was not asked for." in shown.out
    told = shown.err.splitlines()  # there is no terminal
    assert told[0].startswith("measuring ")
    assert told[0].endswith(", CPUExecutionProvider, 1 threads, 1 steps")


@pytest.mark.parametrize("steps", ["", "two", "1,0", "1;2"])
def test_steps_that_are_no_numbers_are_refused(steps: str, capsys) -> None:
    assert main.run(["bench", "--steps", steps], application=main.build_application()) == 2
    assert "--steps must be whole numbers above 0" in capsys.readouterr().err
