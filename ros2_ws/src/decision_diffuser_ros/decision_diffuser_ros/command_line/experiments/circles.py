"""`decision-diffuser evaluate circles`: the paper's 2-D example, from demonstrations to scores in one command."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from decision_diffuser_ros.command_line.options import default_directory, writable_directory, writable_file


def circles(
    episodes: Annotated[int, typer.Option(min=1, help="Episodes of each question.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Seed of demonstrations, training and episodes.")] = 1000,
    json_file: Annotated[
        Path | None,
        typer.Option(
            "--json", help="Scores, with a picture beside; OUTPUT/scores.json by default.", callback=writable_file
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            help="Directory of data, training and bundle; out/circles-seedS by default.", callback=writable_directory
        ),
    ] = None,
    bundle: Annotated[
        Path | None, typer.Option(help="Evaluate this bundle, which an earlier run made, in place of training one.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="Processor threads of the training.")] = os.cpu_count() or 1,
) -> None:
    """The paper's 2-D example, trained in a few minutes: end inside a circle, outside one, in between.

    The model is trained with one constraint at a time and asked for both at once (AND), and for neither (NOT). The same
    command again evaluates without training; what it does is `collect`, `train` and `export` in one.
    """
    from rich.console import Console

    from decision_diffuser_ros.command_line.progress_bar import progress_bar
    from decision_diffuser_ros.evaluation import circles as experiment
    from decision_diffuser_ros.evaluation import circles_plot, circles_report
    from decision_diffuser_ros.evaluation.scores_file import write_scores
    from decision_diffuser_ros.planner.bundle import Bundle
    from decision_diffuser_ros.provenance import provenance

    directory = output or default_directory(Path("out") / f"circles-seed{seed}")
    model = Bundle.load(bundle or _trained_bundle(directory, seed, threads))
    with progress_bar("episodes") as progress:
        scores, ways = experiment.evaluate(model, episodes=episodes, seed=seed, progress=progress)
    scores |= provenance()
    circles_report.print_table(scores, Console())
    written = write_scores(scores, json_file or directory / "scores.json")
    picture = circles_plot.plot_ways(ways, written.with_suffix(".png"), title="Where the trajectories end")
    typer.echo(f"numbers in {written}, picture in {picture}")


def _trained_bundle(directory: Path, seed: int, threads: int) -> Path:
    """The bundle of a training in `directory`, all steps of it done that are not done yet."""
    import logging

    from decision_diffuser_ros.data import collection
    from decision_diffuser_ros.evaluation.circles import DEMONSTRATIONS
    from decision_diffuser_ros.provenance import provenance
    from decision_diffuser_ros.resources import config_file
    from decision_diffuser_ros.robots import demonstrations_of
    from decision_diffuser_ros.training.configuration import TrainingConfiguration
    from decision_diffuser_ros.training.export import export_bundle
    from decision_diffuser_ros.training.fitting import Machine
    from decision_diffuser_ros.training.training_run import train

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    demonstrations = demonstrations_of("circles")
    wanted = collection.Collection(
        directory=directory / "data",
        episodes=DEMONSTRATIONS,
        seed=seed,
        attributes=demonstrations.attributes,
        shard_episodes=DEMONSTRATIONS // 4,
    )
    for recorded in collection.collect(wanted, demonstrations.record, processes=threads, provenance=provenance()):
        logging.info("%d of %d demonstrations", recorded, DEMONSTRATIONS)
    train(
        directory / "data",
        directory / "training",
        configuration=TrainingConfiguration.from_yaml(config_file("training_circles")),
        seed=seed,
        machine=Machine(threads=threads, progress=sys.stderr.isatty()),
        provenance=provenance(),
    )
    export_bundle(directory / "training", directory / "bundle", provenance=provenance())
    return directory / "bundle"
