"""`decision-diffuser distil`: a trained planner's sampler in one network pass."""

from pathlib import Path
from typing import Annotated

import typer

from decision_diffuser_ros.command_line.options import configuration_of, writable_directory


def distil(
    robot: Annotated[str, typer.Argument(help="Whose config/distillation_ROBOT.yaml says how, e.g. quadruped_gaits.")],
    training: Annotated[Path, typer.Option(help="Directory of the trained networks, made by `train`: the teacher.")],
    data: Annotated[Path, typer.Option(help="Directory of the demonstrations that plans are made from.")],
    output: Annotated[
        Path,
        typer.Option(
            help="Directory of the student; the same one goes on where it stopped.", callback=writable_directory
        ),
    ],
    training_steps: Annotated[int | None, typer.Option(min=1, help="Training steps of the student.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of batches and noise.")] = 1,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    threads: Annotated[int, typer.Option(min=1, help="Processor threads.")] = 1,
    configuration: Annotated[
        Path | None, typer.Option(help="YAML file; config/distillation_ROBOT.yaml by default.")
    ] = None,
    progress: Annotated[bool, typer.Option(help="Show a progress bar with the loss and the time left.")] = True,
) -> None:
    """Train a student that plans in one pass as its teacher does in several guided ones.

    Interrupted or killed, the same command goes on from the last checkpoint. What it leaves is exported as any training
    is; whether the robot still does what it should is for `evaluate` to say.
    """
    import logging

    from decision_diffuser_ros.provenance import provenance
    from decision_diffuser_ros.training.distillation import DistillationConfiguration
    from decision_diffuser_ros.training.distillation import distil as run_distillation
    from decision_diffuser_ros.training.fitting import Machine

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    chosen = DistillationConfiguration.from_yaml(configuration or configuration_of(robot, job="distillation"))
    run_distillation(
        training,
        data,
        output,
        configuration=chosen.with_training_steps(training_steps),
        seed=seed,
        machine=Machine(device=device, threads=threads, progress=progress),
        provenance=provenance(),
    )
    typer.echo(f"distilled in {output}; next: decision-diffuser export {output} BUNDLE")
