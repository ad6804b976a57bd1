"""How long plans take is told the same way by every evaluation."""

import numpy as np

from decision_diffuser_ros.evaluation.plan_times import plan_sentence, plan_times


def test_percentiles_leave_out_what_was_no_plan():
    assert plan_times([np.nan, *range(101)]) == {"plan_ms_p50": 50.0, "plan_ms_p95": 95.0, "plan_ms_p99": 99.0}
    assert plan_times([1.0, 2.0049], shares=(50,), digits=2) == {"plan_ms_p50": 1.5}


def test_without_plans_there_are_no_times():
    assert plan_times([], shares=(50, 95)) == {"plan_ms_p50": None, "plan_ms_p95": None}


def test_the_sentence_tells_the_percentiles_that_there_are():
    scores = plan_times(np.arange(101.0)) | {"processor": "a processor"}
    assert plan_sentence(scores, digits=1) == (
        "One plan: 50.0 ms median, 95.0 ms p95, 99.0 ms p99 on one thread of a processor."
    )
    del scores["plan_ms_p99"]
    assert plan_sentence(scores) == "One plan: 50 ms median, 95 ms p95 on one thread of a processor."
