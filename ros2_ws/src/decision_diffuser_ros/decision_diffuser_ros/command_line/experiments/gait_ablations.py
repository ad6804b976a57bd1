"""`decision-diffuser evaluate gait_ablations`: what each setting of a plan does."""

import os
from pathlib import Path
from typing import Annotated

import typer

from decision_diffuser_ros.command_line.options import ScoresFile


def gait_ablations(
    episodes: Annotated[int, typer.Option(min=1, help="Episodes of each gait at each value.")] = 30,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all episodes; never one that trained the model.")] = 7000,
    json_file: ScoresFile = None,
    bundle: Annotated[str, typer.Option(help="Bundle: a shipped model's name, or a directory.")] = "quadruped_gaits",
    diffused_actions: Annotated[
        str | None, typer.Option(help="Bundle that diffuses actions too, to compare with inverse dynamics.")
    ] = None,
    classifier: Annotated[Path | None, typer.Option(help="Gait classifier, by default the one that ships.")] = None,
    time_step: Annotated[float, typer.Option(min=0.0005, help="Time step of the physics in seconds.")] = 0.001,
    processes: Annotated[int, typer.Option(min=1, help="Processes; all cores by default.")] = os.cpu_count() or 1,
) -> None:
    """Guidance weight, temperature, history and denoising steps, one at a time, and actions diffused too.

    The temperature is that of the start, as the bundle is sampled, and with fresh noise that of every denoising step.
    """
    from decision_diffuser_ros.command_line.gait_experiments import finish, open_experiment
    from decision_diffuser_ros.evaluation import gait_ablations as experiment
    from decision_diffuser_ros.evaluation.gait_tables import ablation_tables
    from decision_diffuser_ros.resources import model_directory

    with open_experiment(bundle, seed=seed, classifier=classifier, time_step=time_step, processes=processes) as opened:
        diffused = None if diffused_actions is None else opened.of_bundle(model_directory(diffused_actions))
        scores = experiment.evaluate(opened, episodes=episodes, diffused=diffused)
    finish(scores, ablation_tables(scores), json_file)
    if json_file is not None:
        from decision_diffuser_ros.evaluation.gait_curves_plot import plot_ablations

        title = f"Settings of a plan, model '{opened.manifest.name}', {episodes} episodes of each gait at each value"
        plot_ablations(scores, json_file.with_suffix(".png"), title=title)
