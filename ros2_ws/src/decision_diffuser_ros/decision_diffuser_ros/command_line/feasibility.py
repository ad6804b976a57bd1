"""`decision-diffuser feasibility`: what a model can be asked for, as far as logic and samples of its plans tell."""

from pathlib import Path
from typing import Annotated

import typer

from decision_diffuser_ros.command_line.options import writable_file


def feasibility(
    model: Annotated[str, typer.Argument(help="Name of a shipped model, or directory of a bundle.")],
    expressions: Annotated[list[str] | None, typer.Argument(help="Conditions, e.g. 'trot & !bound'.")] = None,
    feasible: Annotated[
        list[str] | None,
        typer.Option(help="Conditions that are known to be feasible; what is refused of them is a false alarm, too."),
    ] = None,
    cases: Annotated[int, typer.Option(min=1, help="Histories from which each is tried.")] = 20,
    samples: Annotated[int, typer.Option(min=2, help="Plans sampled for each.")] = 16,
    seed: Annotated[int, typer.Option(min=0, help="Seed of histories and plans.")] = 0,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="File for the numbers.", callback=writable_file)
    ] = None,
) -> None:
    """Say which conditions are refused because sampled plans fail them or disagree, and how often wrongly.

    Every name of the model by itself is tried, too: what is refused of those is a false alarm, and so it is with what
    --feasible names, once or several times. The histories are imagined by the model, so no robot is needed.
    """
    from rich.console import Console

    from decision_diffuser_ros.evaluation.feasibility_report import feasibility_report, feasibility_table
    from decision_diffuser_ros.evaluation.scores_file import write_scores
    from decision_diffuser_ros.planner.bundle import Bundle
    from decision_diffuser_ros.planner.plan_agreement import AgreementSettings
    from decision_diffuser_ros.resources import model_directory

    bundle = Bundle.load(model_directory(model))
    settings = AgreementSettings(samples=samples)
    report = feasibility_report(
        bundle, expressions or [], feasible=feasible or [], cases=cases, seed=seed, settings=settings
    )
    console = Console()
    feasibility_table(report).print(console)
    asked = "single names and combinations known to be feasible" if feasible else "single names"
    tried = cases * (len(report["names"]) + len(report["feasible"]))
    console.print(f"false alarms, on {asked}: {report['false_alarm_rate']:.1%} of {tried}")
    if json_file is not None:
        write_scores(report, json_file)
