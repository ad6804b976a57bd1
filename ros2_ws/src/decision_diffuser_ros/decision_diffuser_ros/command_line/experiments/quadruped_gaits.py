"""`decision-diffuser evaluate quadruped_gaits`: closed-loop scores of a quadruped's model bundle."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from decision_diffuser_ros.command_line.options import writable_file


def quadruped_gaits(
    episodes: Annotated[int, typer.Option(min=1, help="Episodes of each gait; switches and pushes: a sixth.")] = 300,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all episodes; never one that trained the model.")] = 1000,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Where to write the scores.", callback=writable_file)
    ] = None,
    bundle: Annotated[str | None, typer.Option(help="Bundle: a shipped model's name, or a directory.")] = None,
    gaits_only: Annotated[bool, typer.Option(help="Only planner and expert in each gait.")] = False,
    command_delay: Annotated[
        float, typer.Option(min=0.0, max=0.019, help="Commands take hold so many seconds late, as they do on a robot.")
    ] = 0.0,
    sensor_noise: Annotated[
        float,
        typer.Option(
            min=0.0, max=10.0, help="Noise of what the planner sees, in multiples of ordinary encoders' and IMUs'."
        ),
    ] = 0.0,
    processes: Annotated[int, typer.Option(min=1, help="Processes; all cores by default.")] = os.cpu_count() or 1,
) -> None:
    """Gaits, switches and pushes in closed loop, beside the expert and the one-step baseline."""
    from rich.console import Console

    from decision_diffuser_ros.command_line.progress_bar import progress_bar
    from decision_diffuser_ros.evaluation import quadruped_gaits as experiment
    from decision_diffuser_ros.evaluation import quadruped_report
    from decision_diffuser_ros.evaluation.quadruped_policies import QUADRUPED
    from decision_diffuser_ros.evaluation.scores_file import write_scores
    from decision_diffuser_ros.provenance import provenance

    model = QUADRUPED.model(bundle or "quadruped_gaits")
    size = experiment.EvaluationSize.for_episodes(episodes, gaits_only=gaits_only)
    with progress_bar("episodes") as progress:
        scores: dict[str, Any] = experiment.evaluate(
            model,
            size=size,
            seed=seed,
            processes=processes,
            command_delay=command_delay,
            sensor_noise=sensor_noise,
            progress=progress,
        )
    scores |= provenance()
    quadruped_report.print_tables(scores, Console())
    if json_file is not None:
        write_scores(scores, json_file)
