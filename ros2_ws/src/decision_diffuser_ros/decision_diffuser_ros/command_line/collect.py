"""`decision-diffuser collect`: records the scripted expert's demonstrations."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from decision_diffuser_ros.command_line.options import (
    COLLECTION_SEED,
    default_directory,
    demonstrations_directory,
    writable_directory,
)

if TYPE_CHECKING:
    from decision_diffuser_ros.robots import Demonstrations


def collect(
    robot: Annotated[
        str, typer.Argument(help="What to demonstrate: quadruped_gaits, quadruped_composition or block_stacking.")
    ],
    episodes: Annotated[int, typer.Option(min=1, help="Number of demonstrations.")] = 1600,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the whole collection.")] = COLLECTION_SEED,
    output: Annotated[
        Path | None,
        typer.Option(
            help="Directory of the data set; out/demonstrations/ROBOT-seedS by default.", callback=writable_directory
        ),
    ] = None,
    processes: Annotated[int, typer.Option(min=1, help="Processes; all cores by default.")] = os.cpu_count() or 1,
    single_skill: Annotated[bool, typer.Option(help="One skill an episode: no switches.")] = False,
    command_delay: Annotated[
        float,
        typer.Option(
            min=0.0, help="Commands take hold up to so many seconds late, as on a robot; a multiple of 0.002."
        ),
    ] = 0.0,
    learner: Annotated[
        str | None, typer.Option(help="Bundle (name or directory) that drives the quadruped in some disturbances.")
    ] = None,
    learner_share: Annotated[float | None, typer.Option(help="Share of disturbances that are the learner's.")] = None,
) -> None:
    """Record demonstrations as a Minari data set (HDF5).

    Interrupted, the same command goes on where it stopped.
    """
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    from decision_diffuser_ros.data import collection
    from decision_diffuser_ros.provenance import provenance
    from decision_diffuser_ros.robots import Variety, demonstrations_of

    demonstrations = demonstrations_of(robot, Variety(single_skill=single_skill, command_delay=command_delay))
    if learner is not None or learner_share is not None:
        demonstrations = _with_learner(demonstrations, learner, learner_share)
    directory = output or default_directory(demonstrations_directory(robot, seed))
    planned = collection.Collection(
        directory=directory, episodes=episodes, seed=seed, attributes=demonstrations.attributes
    )
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task(f"demonstrations of {robot}", total=episodes)
        for recorded in collection.collect(
            planned, demonstrations.record, processes=processes, provenance=provenance()
        ):
            progress.update(task, completed=recorded)
    typer.echo(f"{episodes} demonstrations in {directory}")


def _with_learner(demonstrations: "Demonstrations", learner: str | None, share: float | None) -> "Demonstrations":
    """The demonstrations with turns of the bundle `learner`. Raises CommandLineError if an option is missing."""
    from decision_diffuser_ros.errors import CommandLineError
    from decision_diffuser_ros.evaluation.quadruped_learner import with_learner
    from decision_diffuser_ros.evaluation.quadruped_policies import QUADRUPED

    if learner is None or share is None:
        raise CommandLineError(
            f"--learner and --learner-share are given together, got --learner {learner} and --learner-share {share}"
        )
    return with_learner(demonstrations, QUADRUPED.model(learner), share=share)
