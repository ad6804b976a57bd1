"""`decision-diffuser evaluate gait_conditions`: NOT and OR of gaits."""

import os
from pathlib import Path
from typing import Annotated

import typer

from decision_diffuser_ros.command_line.options import ScoresFile


def gait_conditions(
    episodes: Annotated[int, typer.Option(min=1, help="Episodes of each question.")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all episodes; never one that trained the model.")] = 3000,
    json_file: ScoresFile = None,
    bundle: Annotated[str, typer.Option(help="Bundle: a shipped model's name, or a directory.")] = "quadruped_gaits",
    classifier: Annotated[Path | None, typer.Option(help="Gait classifier, by default the one that ships.")] = None,
    time_step: Annotated[float, typer.Option(min=0.0005, help="Time step of the physics in seconds.")] = 0.001,
    processes: Annotated[int, typer.Option(min=1, help="Processes; all cores by default.")] = os.cpu_count() or 1,
) -> None:
    """NOT and OR: how often what is walked is what the expression allows."""
    from decision_diffuser_ros.command_line.gait_experiments import finish, open_experiment
    from decision_diffuser_ros.evaluation import gait_conditions as experiment
    from decision_diffuser_ros.evaluation.gait_tables import condition_tables

    with open_experiment(bundle, seed=seed, classifier=classifier, time_step=time_step, processes=processes) as opened:
        scores = experiment.evaluate(opened, episodes=episodes)
    finish(scores, condition_tables(scores), json_file)
    if json_file is not None:
        from decision_diffuser_ros.evaluation.success_bars_plot import plot_conditions

        title = f"NOT and OR, model '{opened.manifest.name}', {episodes} episodes each"
        plot_conditions(scores, json_file.with_suffix(".png"), title=title)
