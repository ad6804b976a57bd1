"""What grows over a long run is found, and what only settles is not."""

import json
import os

import numpy as np
import pytest

from decision_diffuser_ros.evaluation.process_facts import ProcessFacts, descendants, is_running, process_facts
from decision_diffuser_ros.evaluation.soak_report import SoakSeries, growth_of, soak_summary, soak_table

MEBIBYTE = 2**20


def series_of(count=100, *, memory=lambda sample: 80.0, threads=lambda sample: 6, plan=lambda sample: 0.01, children=2):
    series = SoakSeries()
    for sample in range(count):
        facts = ProcessFacts(
            resident_memory=int(memory(sample) * MEBIBYTE),
            threads=threads(sample),
            open_files=20,
            processor_time=0.4 * sample,
        )
        series.add(
            float(sample), {"planner node": facts}, plan_seconds=plan(sample), commands=50 * sample, children=children
        )
    return series


def test_a_steady_run_passes():
    summary = soak_summary(series_of())
    assert summary["passed"]
    assert summary["commands"] == 50 * 99
    assert summary["processes"][0]["processor_share"] == pytest.approx(0.4)


def test_memory_that_settles_in_the_beginning_is_no_growth():
    assert soak_summary(series_of(memory=lambda sample: 60.0 + min(sample, 15)))["passed"]


@pytest.mark.parametrize(
    "change, problem",
    [
        ({"memory": lambda sample: 80.0 + 0.2 * sample}, "planner node: memory has grown from 87.9 to 95.9 MiB"),
        ({"threads": lambda sample: 6 + sample // 20}, "planner node: threads have grown from"),
        ({"plan": lambda sample: 0.01 + 0.001 * sample}, "the time for a plan has grown from"),
    ],
)
def test_what_grows_is_found(change, problem):
    summary = soak_summary(series_of(**change))
    assert not summary["passed"]
    assert any(found.startswith(problem) for found in summary["problems"]), summary["problems"]


def test_a_child_that_stays_is_found():
    series = series_of()
    series.children[-1] = 3
    assert soak_summary(series)["problems"] == ["the planner has 3 child processes, and had 2"]


def test_the_slope_is_that_of_a_line():
    growth = growth_of(series_of(memory=lambda sample: 80.0 + 0.01 * sample), "planner node")
    assert growth.memory_slope / MEBIBYTE == pytest.approx(36.0, rel=0.01)


def test_a_process_that_is_away_for_a_while_is_left_out():
    series = series_of()
    series.processes["planner node"][50] = None
    assert soak_summary(series)["passed"]
    assert np.isfinite(growth_of(series, "planner node").memory_slope)


def test_the_summary_is_json_and_the_table_has_a_row_a_process():
    series = series_of()
    json.dumps(soak_summary(series))
    assert len(soak_table(series).rows) == 1


def test_facts_of_this_process_are_those_of_the_operating_system():
    facts = process_facts(os.getpid())
    assert facts.resident_memory > MEBIBYTE
    assert facts.threads >= 1
    assert facts.open_files >= 3
    assert is_running(os.getpid())
    assert os.getpid() in descendants(os.getppid())
    assert process_facts(2**22 + 1) is None
