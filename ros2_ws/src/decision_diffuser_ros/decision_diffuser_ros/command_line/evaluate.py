"""`decision-diffuser evaluate`: closed-loop scores of a model bundle."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer


def evaluate(
    experiment: Annotated[str, typer.Argument(help="What to evaluate: quadruped_gaits.")],
    episodes: Annotated[int, typer.Option(min=1, help="Episodes of each gait; switches and pushes: a sixth.")] = 300,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all episodes; never one that trained the model.")] = 1000,
    json_file: Annotated[Path | None, typer.Option("--json", help="Where to write the scores.")] = None,
    bundle: Annotated[str | None, typer.Option(help="Bundle: a shipped model's name, or a directory.")] = None,
    gaits_only: Annotated[bool, typer.Option(help="Only planner and expert in each gait.")] = False,
    processes: Annotated[int, typer.Option(min=1, help="Processes; all cores by default.")] = os.cpu_count() or 1,
) -> None:
    """Run a bundle in closed loop, beside the expert and one-step baseline, and print a table of scores."""
    import json

    from rich.console import Console
    from rich.progress import Progress

    from decision_diffuser_ros.errors import ConfigurationError
    from decision_diffuser_ros.provenance import provenance
    from decision_diffuser_ros.resources import config_file, model_directory

    if experiment != "quadruped_gaits":
        raise ConfigurationError(f"experiment {experiment!r} is not known; available: quadruped_gaits")
    from decision_diffuser_ros.evaluation import quadruped_gaits, quadruped_report
    from decision_diffuser_ros.evaluation.quadruped_policies import DeploymentSettings
    from decision_diffuser_ros.evaluation.quadruped_workers import EvaluatedModel

    deployment = DeploymentSettings.from_parameter_file(config_file(experiment))
    model = EvaluatedModel(bundle=str(model_directory(bundle or experiment)), deployment=deployment)
    size = quadruped_gaits.EvaluationSize.for_episodes(episodes, gaits_only=gaits_only)
    with Progress(disable=not sys.stderr.isatty(), console=Console(stderr=True)) as bar:
        task = bar.add_task("episodes", total=None)
        scores: dict[str, Any] = quadruped_gaits.evaluate(
            model,
            size=size,
            seed=seed,
            processes=processes,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    scores |= provenance()
    if json_file is not None:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(json.dumps(scores, indent=2) + "\n", encoding="utf-8")
    quadruped_report.print_tables(scores, Console())
