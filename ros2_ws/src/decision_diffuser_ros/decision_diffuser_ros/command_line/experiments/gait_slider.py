"""`decision-diffuser evaluate gait_slider`: from one gait to another, weight by weight."""

import os
from pathlib import Path
from typing import Annotated

import typer

from decision_diffuser_ros.command_line.gait_experiments import CHOOSE_EVERY
from decision_diffuser_ros.command_line.options import ScoresFile


def gait_slider(
    episodes: Annotated[int, typer.Option(min=1, help="Episodes of each weight.")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all episodes; never one that trained the model.")] = 4000,
    json_file: ScoresFile = None,
    bundle: Annotated[str, typer.Option(help="Bundle: a shipped model's name, or a directory.")] = (
        "quadruped_composition"
    ),
    first: Annotated[str, typer.Option(help="Gait at w = 1.")] = "trot",
    second: Annotated[str, typer.Option(help="Gait at w = 0.")] = "pace",
    classifier: Annotated[Path | None, typer.Option(help="Gait classifier, by default the one that ships.")] = None,
    choose_every: Annotated[
        int, typer.Option(min=1, help="Plans from one composed plan to the next; between them, what it chose.")
    ] = CHOOSE_EVERY,
    replan_every: Annotated[
        int | None, typer.Option(min=1, help="Control steps from plan to plan; by default as the robot is deployed.")
    ] = None,
    guidance_weight: Annotated[float, typer.Option(help="Weight of each gait against no condition.")] = 1.0,
    time_step: Annotated[float, typer.Option(min=0.0005, help="Time step of the physics in seconds.")] = 0.001,
    processes: Annotated[int, typer.Option(min=1, help="Processes; all cores by default.")] = os.cpu_count() or 1,
) -> None:
    """`w*trot & (1-w)*pace` for w from 0 to 1: how the share of each gait moves."""
    from decision_diffuser_ros.command_line.gait_experiments import finish, open_experiment
    from decision_diffuser_ros.evaluation import gait_slider as experiment
    from decision_diffuser_ros.evaluation.gait_tables import slider_tables

    with open_experiment(
        bundle,
        seed=seed,
        classifier=classifier,
        choose_every=choose_every,
        replan_every=replan_every,
        time_step=time_step,
        processes=processes,
    ) as opened:
        guided = opened.with_sampling(guidance_weight=guidance_weight)
        scores = experiment.evaluate(guided, episodes=episodes, first=first, second=second)
    finish(scores, slider_tables(scores), json_file)
    if json_file is not None:
        from decision_diffuser_ros.evaluation.gait_curves_plot import plot_slider

        title = f"From {second} to {first}, model '{opened.manifest.name}'"
        plot_slider(scores, json_file.with_suffix(".png"), title=title)
