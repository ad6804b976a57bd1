"""How often the check of sampled plans refuses what a model can do, and what it cannot.

Every name of the model by itself is feasible, for the model was trained with it: what is refused of those is a false
alarm. So is what is refused of combinations that are given as feasible, because the robot is known to do them.

Histories are imagined by the model: the last states of a plan for one of its names, from its mean state. So the check
can be tried on any bundle, without its robot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.evaluation.text_table import TextTable
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.conditions import Branch, Condition
from decision_diffuser_ros.planner.expression import ConditionExpression, alternative_text, branch_of, spelled
from decision_diffuser_ros.planner.expression_parser import parse
from decision_diffuser_ros.planner.feasibility import contradiction
from decision_diffuser_ros.planner.plan_agreement import AgreementCheck, AgreementSettings
from decision_diffuser_ros.planner.planner import Planner

COLUMNS = ("condition", "feasible", "refused", "plans that fail", "spread", "margin [nats]")


@dataclass(frozen=True)
class FeasibilityRow:
    """What the check says of one alternative of an expression.

    Attributes:
        condition: the alternative.
        refused: share of the histories from which it is refused, 0 to 1; 1 for a contradiction.
        violation: mean share of sampled plans that fail a condition.
        disagreement: mean spread of the samples, in spreads of the widest single condition.
        margin: by how much the condition that is fulfilled worst is fulfilled, median [nats]; None without conditions.
        reason: why logic refuses it; empty if it does not.
    """

    condition: str
    refused: float
    violation: float = 0.0
    disagreement: float = 0.0
    margin: float | None = None
    reason: str = ""


def feasibility_report(
    bundle: Bundle,
    expressions: Sequence[str],
    *,
    feasible: Sequence[str] = (),
    cases: int,
    seed: int,
    settings: AgreementSettings | None = None,
) -> dict[str, Any]:
    """The check's answers for every name of the model and every alternative of the expressions, ready for JSON.

    A NOT without a weight of its own has that of the model's manifest.

    Args:
        bundle: the model.
        expressions: see `expression_parser.parse`.
        feasible: expressions each alternative of which is known to be fulfilled when it is asked: what is refused of
            these is a false alarm and part of `false_alarm_rate`, as it is of the names.
        cases: histories from which each is tried, at least 1.
        seed: of histories and samples.
        settings: of the check.

    Raises:
        ConditionError: an expression cannot be read.
        ConfigurationError: the model has no names, or `cases` is below 1.
    """
    manifest = bundle.manifest
    names = [spelled(name) for kind in manifest.conditions for name in kind.names]
    if not names or cases < 1:
        raise ConfigurationError(f"expected a model with names and at least 1 case, got {len(names)} and {cases}")
    asked, known = ([parse(text, manifest) for text in texts] for texts in (expressions, feasible))
    check = AgreementCheck(bundle, settings)
    rng = np.random.default_rng(seed)
    histories = [_imagined_history(Planner(bundle), rng) for _ in range(cases)]

    def row(text: str, branch: Branch) -> FeasibilityRow:
        measured = [check.measure(history, branch, rng=rng) for history in histories]
        worst = [min(agreement.margins) for agreement in measured if agreement.margins]
        return FeasibilityRow(
            condition=text,
            refused=float(np.mean([check.reason_against(agreement) is not None for agreement in measured])),
            violation=float(np.mean([agreement.violation for agreement in measured])),
            disagreement=float(np.mean([agreement.disagreement for agreement in measured])),
            margin=float(np.median(worst)) if worst else None,
        )

    def rows(parsed: Sequence[ConditionExpression]) -> list[FeasibilityRow]:
        found = []
        for expression in parsed:
            for alternative in expression.alternatives:
                text, reason = alternative_text(alternative), contradiction(alternative)
                branch = branch_of(alternative, manifest.sampling.negation_weight)
                found.append(row(text, branch) if reason is None else FeasibilityRow(text, 1.0, reason=reason))
            found += [
                FeasibilityRow(alternative_text(each.alternative), 1.0, reason=each.reason)
                for each in expression.dropped
            ]
        return found

    of_names = rows([parse(name, manifest) for name in names])
    of_feasible, of_expressions = rows(known), rows(asked)
    return {
        "model": manifest.name,
        "cases": cases,
        "seed": seed,
        "settings": asdict(check.settings),
        "false_alarm_rate": float(np.mean([each.refused for each in [*of_names, *of_feasible]])),
        "names": [asdict(each) for each in of_names],
        "feasible": [asdict(each) for each in of_feasible],
        "expressions": [asdict(each) for each in of_expressions],
    }


def feasibility_table(report: Mapping[str, Any]) -> TextTable:
    """What `feasibility_report` returned, for people: a reason of logic stands where the margin would.

    `feasible` are the names and what was given as such; of these the rate of false alarms is the mean.
    """
    known, rows = [*report["names"], *report["feasible"]], []
    for number, row in enumerate([*known, *report["expressions"]]):
        measured = ["", "", row["reason"]]
        if not row["reason"]:
            margin = "" if row["margin"] is None else f"{row['margin']:.1f}"
            measured = [f"{row['violation']:.0%}", f"{row['disagreement']:.2f}", margin]
        rows.append([row["condition"], "yes" if number < len(known) else "", f"{row['refused']:.0%}", *measured])
    return TextTable("Asked from imagined histories", COLUMNS, rows, word_columns=("feasible", "margin [nats]"))


def _imagined_history(planner: Planner, rng: np.random.Generator) -> NDArray[np.float32]:
    """The last states of a plan for a random name, from the mean state."""
    manifest = planner.bundle.manifest
    names = [(kind.kind, name) for kind in manifest.conditions for name in kind.names]
    kind, name = names[rng.integers(len(names))]
    plan = planner.plan([manifest.normaliser.mean], [Condition({kind: name})], rng=rng)
    return plan.states[-manifest.history :]
