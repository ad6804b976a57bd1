"""What the check of sampled plans refuses, on a model whose densities are known."""

import json
from pathlib import Path

import pytest

from decision_diffuser_ros.command_line import main
from decision_diffuser_ros.errors import ConditionError, ConfigurationError
from decision_diffuser_ros.evaluation.feasibility_report import feasibility_report, feasibility_table
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.manifest_records import ConditionKind
from decision_diffuser_ros.planner.plan_agreement import AgreementCheck
from tests.bundles import make_tiny_bundle, rewrite_manifest
from tests.planner.two_modes import load_two_modes


def test_names_alone_raise_no_false_alarm_and_what_excludes_itself_is_refused(tiny_bundle: Path) -> None:
    bundle = load_two_modes(tiny_bundle)
    report = feasibility_report(bundle, ["wave & rest | wave & !rest", "wave & !wave"], cases=3, seed=0)
    assert report["false_alarm_rate"] == 0.0
    assert [row["condition"] for row in report["names"]] == ["wave", "rest"]
    both, one, contradiction = report["expressions"]
    assert (both["condition"], both["refused"]) == ("wave & rest", 1.0)
    assert both["margin"] < -10.0 < one["margin"]
    assert (one["condition"], one["refused"], one["violation"]) == ("wave & !rest", 0.0, 0.0)
    assert (contradiction["refused"], contradiction["reason"]) == (1.0, "wave and !wave contradict each other")


def test_what_is_known_to_be_feasible_enters_the_rate_alternative_by_alternative(tiny_bundle: Path) -> None:
    bundle = load_two_modes(tiny_bundle)
    report = feasibility_report(bundle, ["!wave"], feasible=["wave & rest | wave & !rest"], cases=3, seed=0)
    assert [(row["condition"], row["refused"]) for row in report["feasible"]] == [
        ("wave & rest", 1.0),
        ("wave & !rest", 0.0),
    ]
    assert report["false_alarm_rate"] == 0.25  # one of two names and two combinations
    assert [row["condition"] for row in report["expressions"]] == ["rest"]


def test_what_logic_refuses_of_what_is_feasible_is_a_false_alarm_too(tiny_bundle: Path) -> None:
    bundle = load_two_modes(tiny_bundle)
    report = feasibility_report(bundle, [], feasible=["wave & !wave", "wave | !wave & !rest"], cases=1, seed=0)
    assert [row["refused"] for row in report["feasible"]] == [1.0, 0.0, 1.0]
    assert report["feasible"][2]["reason"].startswith("avoids every skill")
    assert report["false_alarm_rate"] == 0.4


def test_a_not_has_the_weight_of_the_models_manifest(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rewrite_manifest(tiny_bundle, lambda value: value["sampling"].update(negation_weight=0.25))
    measured = []
    measure = AgreementCheck.measure

    def watched(self, history, branch, **options):
        measured.append(branch)
        return measure(self, history, branch, **options)

    monkeypatch.setattr(AgreementCheck, "measure", watched)
    bundle = load_two_modes(tiny_bundle)
    feasibility_report(bundle, ["wave & !rest", "wave & 0.7*!rest"], cases=1, seed=0)
    assert [[condition.weight for condition in branch] for branch in measured] == [[1], [1], [1, -0.25], [1, -0.7]]


def test_the_same_seed_gives_the_same_report(tiny_bundle: Path) -> None:
    bundle = load_two_modes(tiny_bundle)
    first, again = (feasibility_report(bundle, ["!wave"], cases=2, seed=4) for _ in range(2))
    assert first == again
    assert first["expressions"] != feasibility_report(bundle, ["!wave"], cases=2, seed=5)["expressions"]


def test_the_table_tells_the_margin_or_the_reason() -> None:
    numbers = {"refused": 0.25, "violation": 0.5, "disagreement": 1.0, "margin": -2.0}
    measured = {"condition": "wave", **numbers, "reason": ""}
    excluded = measured | {"condition": "wave & !wave", "refused": 1.0, "reason": "they contradict each other"}
    both = measured | {"condition": "wave & rest"}
    report = {"names": [measured], "feasible": [both], "expressions": [excluded]}
    assert feasibility_table(report).rows == [
        ["wave", "yes", "25%", "50%", "1.00", "-2.0"],
        ["wave & rest", "yes", "25%", "50%", "1.00", "-2.0"],
        ["wave & !wave", "", "100%", "", "", "they contradict each other"],
    ]


def test_what_cannot_be_tried_is_refused(tiny_bundle: Path, tmp_path: Path) -> None:
    bundle = Bundle.load(tiny_bundle)
    with pytest.raises(ConditionError, match="'galop' is not in model"):
        feasibility_report(bundle, ["galop"], cases=1, seed=0)
    with pytest.raises(ConfigurationError, match="at least 1 case, got 2 and 0"):
        feasibility_report(bundle, [], cases=0, seed=0)
    numbers = make_tiny_bundle(tmp_path / "numbers", conditions=(ConditionKind("return", scale=1.0, unit="1"),))
    with pytest.raises(ConfigurationError, match="a model with names"):
        feasibility_report(Bundle.load(numbers), [], cases=1, seed=0)


@pytest.mark.parametrize(
    "feasible, told_of",
    [
        ([], "false alarms, on single names: "),
        (
            ["--feasible", "wave & return=1", "--feasible", "rest & !wave"],
            "false alarms, on single names and combinations known to be feasible: ",
        ),
    ],
)
def test_the_command_prints_a_table_and_writes_the_numbers(
    tiny_bundle: Path, tmp_path: Path, capsys, feasible: list[str], told_of: str
) -> None:
    file = tmp_path / "out" / "feasibility.json"
    arguments = ["feasibility", str(tiny_bundle), "wave & !wave", "--cases", "2", "--samples", "3", "--json", str(file)]
    arguments += feasible
    assert main.run(arguments, application=main.build_application()) == 0
    told = capsys.readouterr().out
    assert told_of in told.replace("\n", " ")
    assert f"of {4 + len(feasible)}" in told
    report = json.loads(file.read_text())
    assert (report["model"], report["cases"], report["settings"]["samples"]) == ("tiny", 2, 3)
    assert report["expressions"][0]["reason"] == "wave and !wave contradict each other"
    assert [row["condition"] for row in report["feasible"]] == feasible[1::2]


def test_an_expression_that_cannot_be_read_is_one_line_and_exit_code_2(tiny_bundle: Path, capsys) -> None:
    assert main.run(["feasibility", str(tiny_bundle), "wave &"], application=main.build_application()) == 2
    assert "at character 7 of 'wave &': it ends where more is expected" in capsys.readouterr().err
