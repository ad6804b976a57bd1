"""What the table and the JSON say about faults."""

import json

from decision_diffuser_ros.evaluation.command_record import CommandFindings
from decision_diffuser_ros.evaluation.fault_report import (
    COLUMNS,
    FaultOutcome,
    outcome_row,
    outcome_table,
    refusals_of,
    verdict_of,
)

FINDINGS = CommandFindings(
    commands=50,
    not_finite=0,
    beyond_position=0,
    velocity_share=0.4,
    acceleration_share=0.5,
    starts=1,
    largest_start=0.0,
)


def outcome(**changes):
    values = {
        "name": "gap",
        "description": "no readings",
        "expected": "safe",
        "modes": [(0.0, "ACTIVE"), (0.25, "HOLD")],
        "seconds_to_safe": 0.25,
        "recovery": "by itself",
        "seconds_to_recover": 0.4,
        "findings": FINDINGS,
    }
    return FaultOutcome(**{**values, **changes})


def test_a_fault_that_must_be_noticed_and_is_not_is_a_problem():
    assert verdict_of("safe", [(0.0, "ACTIVE")], safe_within=1.0)
    assert verdict_of("safe", [(0.0, "ACTIVE"), (0.3, "HOLD")], safe_within=1.0) == []
    assert verdict_of("any", [(0.0, "ACTIVE")], safe_within=1.0) == []


def test_a_fault_that_is_noticed_late_is_a_problem():
    modes = [(0.0, "ACTIVE"), (1.2, "HOLD"), (1.5, "DAMPING")]
    assert verdict_of("safe", modes, safe_within=1.0) == ["the planner went on for 1.20 s; expected at most 1 s"]
    assert verdict_of("safe", modes, safe_within=1.5) == []


def test_a_robot_that_stops_for_what_it_must_bear_is_a_problem():
    stopped = [(0.0, "ACTIVE"), (0.3, "HOLD"), (1.0, "DAMPING")]
    said = ["the planner did not go on: HOLD after 0.30 s, DAMPING after 1.00 s"]
    assert verdict_of("active", stopped, safe_within=1.0) == said
    assert verdict_of("active", stopped[:2], safe_within=1.0) == ["the planner did not go on: HOLD after 0.30 s"]
    assert verdict_of("active", [*stopped, (1.2, "ACTIVE")], safe_within=1.0) == said
    assert verdict_of("active", [*stopped[:2], (0.6, "ACTIVE")], safe_within=1.0) == []
    assert verdict_of("active", [(0.0, "ACTIVE")], safe_within=1.0) == []
    assert verdict_of("any", stopped, safe_within=1.0) == []


def test_good_readings_that_are_refused_are_a_problem():
    before = {"refused_joint_states": 3, "refused_imus": 1, "refused_plans": 0}
    assert refusals_of(before, before) == []
    assert refusals_of(before, before | {"refused_plans": 2}) == []
    after = before | {"refused_joint_states": 10, "refused_imus": 2}
    assert refusals_of(before, after) == [
        "good readings were refused: refused_joint_states rose by 7",
        "good readings were refused: refused_imus rose by 1",
    ]
    assert refusals_of({}, {"refused_imus": 2})


def test_a_row_has_every_column():
    row = outcome_row(outcome())
    assert dict(zip(COLUMNS, row, strict=True)) == {
        "fault": "gap", "mode": "ACTIVE HOLD", "safe after s": "0.25", "recovered": "by itself", "after s": "0.40",
        "commands": "50", "velocity": "0.40", "accel.": "0.50", "verdict": "safe",
    }  # fmt: skip
    assert outcome_table([outcome()]).rows == [row]


def test_problems_and_skipped_faults_are_shown():
    assert outcome_row(outcome(problems=["a command jumped"]))[-1] == "a command jumped"
    assert not outcome(problems=["a command jumped"]).passed
    assert outcome_row(outcome(findings=None, skipped="no root"))[-1] == "skipped: no root"


def test_an_outcome_is_json():
    value = json.loads(json.dumps(outcome().to_json()))
    assert value["findings"]["velocity_share"] == 0.4
    assert value["passed"] is True
