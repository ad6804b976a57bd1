"""`decision-diffuser evaluate gait_returns`: the speed that is asked, and the speed that is walked."""

import os
from pathlib import Path
from typing import Annotated

import typer

from decision_diffuser_ros.command_line.options import ScoresFile


def gait_returns(
    episodes: Annotated[int, typer.Option(min=1, help="Episodes of each gait at each return.")] = 50,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all episodes; never one that trained the model.")] = 6000,
    json_file: ScoresFile = None,
    bundle: Annotated[str, typer.Option(help="Bundle: a shipped model's name, or a directory.")] = (
        "quadruped_composition"
    ),
    data: Annotated[
        Path | None, typer.Option(help="Demonstrations, to compare a return of 1 with the fastest of them.")
    ] = None,
    classifier: Annotated[Path | None, typer.Option(help="Gait classifier, by default the one that ships.")] = None,
    time_step: Annotated[float, typer.Option(min=0.0005, help="Time step of the physics in seconds.")] = 0.001,
    processes: Annotated[int, typer.Option(min=1, help="Processes; all cores by default.")] = os.cpu_count() or 1,
) -> None:
    """Each gait with returns from 0.2 to 1: asked against achieved."""
    from decision_diffuser_ros.command_line.gait_experiments import finish, open_experiment
    from decision_diffuser_ros.evaluation import gait_returns as experiment
    from decision_diffuser_ros.evaluation.gait_tables import return_tables

    demonstrated = None if data is None else experiment.demonstrated_speed(data)
    with open_experiment(bundle, seed=seed, classifier=classifier, time_step=time_step, processes=processes) as opened:
        scores = experiment.evaluate(opened, episodes=episodes, demonstrated=demonstrated)
    finish(scores, return_tables(scores), json_file)
    if json_file is not None:
        from decision_diffuser_ros.evaluation.gait_curves_plot import plot_returns

        title = f"Speed asked and achieved, model '{opened.manifest.name}'"
        plot_returns(scores, json_file.with_suffix(".png"), title=title)
