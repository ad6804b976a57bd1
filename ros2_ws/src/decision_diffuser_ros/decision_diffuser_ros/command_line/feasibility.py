"""`decision-diffuser feasibility`: what a model can be asked for, as far as logic and samples of its plans tell."""

from pathlib import Path
from typing import Annotated

import typer


def feasibility(
    model: Annotated[str, typer.Argument(help="Name of a shipped model, or directory of a bundle.")],
    expressions: Annotated[list[str] | None, typer.Argument(help="Conditions, e.g. 'trot & !bound'.")] = None,
    cases: Annotated[int, typer.Option(min=1, help="Histories from which each is tried.")] = 20,
    samples: Annotated[int, typer.Option(min=2, help="Plans sampled for each.")] = 16,
    seed: Annotated[int, typer.Option(min=0, help="Seed of histories and plans.")] = 0,
    json: Annotated[Path | None, typer.Option(help="File for the numbers.")] = None,
) -> None:
    """Say which conditions are refused because sampled plans fail them or disagree, and how often wrongly.

    Every name of the model by itself is tried, too: what is refused of those is a false alarm. The histories are
    imagined by the model, so no robot is needed.
    """
    import json as json_format

    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from decision_diffuser_ros.evaluation.feasibility_report import feasibility_report
    from decision_diffuser_ros.planner.bundle import Bundle
    from decision_diffuser_ros.planner.plan_agreement import AgreementSettings
    from decision_diffuser_ros.resources import model_directory

    bundle = Bundle.load(model_directory(model))
    report = feasibility_report(
        bundle, expressions or [], cases=cases, seed=seed, settings=AgreementSettings(samples=samples)
    )
    table = Table("condition", "refused", "plans that fail", "spread", "margin [nats]")
    for row in [*report["names"], *report["expressions"]]:
        measured = ("", "", row["reason"])
        if not row["reason"]:
            margin = "" if row["margin"] is None else f"{row['margin']:.1f}"
            measured = (f"{row['violation']:.0%}", f"{row['disagreement']:.2f}", margin)
        table.add_row(escape(row["condition"]), f"{row['refused']:.0%}", *map(escape, measured))
    console = Console()
    console.print(table)
    console.print(f"false alarms, on single names: {report['false_alarm_rate']:.1%} of {cases * len(report['names'])}")
    if json is not None:
        json.parent.mkdir(parents=True, exist_ok=True)
        json.write_text(json_format.dumps(report, indent=1) + "\n", encoding="utf-8")
