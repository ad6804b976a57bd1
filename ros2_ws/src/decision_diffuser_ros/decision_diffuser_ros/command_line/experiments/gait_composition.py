"""`decision-diffuser evaluate gait_composition`: two gaits asked at once, and each alone."""

import os
from pathlib import Path
from typing import Annotated

import typer

from decision_diffuser_ros.command_line.gait_experiments import CHOOSE_EVERY
from decision_diffuser_ros.command_line.options import ScoresFile


def gait_composition(
    episodes: Annotated[int, typer.Option(min=1, help="Episodes of each gait and of each pair.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all episodes; never one that trained the model.")] = 2000,
    json_file: ScoresFile = None,
    bundle: Annotated[str, typer.Option(help="Bundle: a shipped model's name, or a directory.")] = (
        "quadruped_composition"
    ),
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
    """Each gait, each pair of gaits, and each pair as summed one-hots: which gaits a classifier sees, and how often."""
    from decision_diffuser_ros.command_line.gait_experiments import finish, open_experiment
    from decision_diffuser_ros.evaluation import gait_composition as experiment
    from decision_diffuser_ros.evaluation.gait_tables import composition_tables

    with open_experiment(
        bundle,
        seed=seed,
        classifier=classifier,
        choose_every=choose_every,
        replan_every=replan_every,
        time_step=time_step,
        processes=processes,
    ) as opened:
        scores, shown = experiment.evaluate(
            opened.with_sampling(guidance_weight=guidance_weight),
            episodes=episodes,
            baseline_episodes=max(1, episodes // 5),
            expert_episodes=max(1, min(episodes // 5, 50)),
        )
    finish(scores, composition_tables(scores), json_file)
    if json_file is not None:
        from decision_diffuser_ros.evaluation.gait_composition_plot import plot_composition

        title = f"Gaits of model '{opened.manifest.name}', {episodes} episodes each; the first of each is drawn"
        plot_composition(shown, scores, json_file.with_suffix(".png"), title=title)
