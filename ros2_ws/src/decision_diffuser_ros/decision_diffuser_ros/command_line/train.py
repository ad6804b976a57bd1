"""`decision-diffuser train`: trains the noise model and the inverse dynamics."""

from pathlib import Path
from typing import Annotated

import typer


def train(
    robot: Annotated[str, typer.Argument(help="What to train: quadruped_gaits.")],
    data: Annotated[Path, typer.Option(help="Directory of the demonstrations, made by `collect`.")],
    output: Annotated[Path, typer.Option(help="Directory of the training; the same one goes on where it stopped.")],
    steps: Annotated[int | None, typer.Option(min=1, help="Training steps of the noise model.")] = None,
    inverse_steps: Annotated[int | None, typer.Option(min=1, help="Training steps of the inverse dynamics.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of weights, batches and noise.")] = 1,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    threads: Annotated[int, typer.Option(min=1, help="Processor threads.")] = 1,
    configuration: Annotated[
        Path | None, typer.Option(help="YAML file; config/training_ROBOT.yaml by default.")
    ] = None,
    progress: Annotated[bool, typer.Option(help="Show a progress bar with the loss and the time left.")] = True,
) -> None:
    """Train the noise model and the inverse dynamics on demonstrations.

    Interrupted or killed, the same command goes on from the last checkpoint.
    """
    import logging

    from decision_diffuser_ros.provenance import provenance
    from decision_diffuser_ros.resources import config_file
    from decision_diffuser_ros.training.configuration import TrainingConfiguration
    from decision_diffuser_ros.training.fitting import Machine
    from decision_diffuser_ros.training.training_run import train as run_training

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    chosen = TrainingConfiguration.from_yaml(configuration or config_file(f"training_{robot}"))
    run_training(
        data,
        output,
        configuration=chosen.with_training_steps(steps, inverse_steps),
        seed=seed,
        machine=Machine(device=device, threads=threads, progress=progress),
        provenance=provenance(),
    )
    typer.echo(f"trained in {output}; next: decision-diffuser export {output} BUNDLE")
