"""`decision-diffuser train`: trains a planner's networks, or what the evaluations hold it against."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from decision_diffuser_ros.command_line.options import (
    COLLECTION_SEED,
    configuration_of,
    default_directory,
    demonstrations_directory,
    writable_directory,
)
from decision_diffuser_ros.errors import CommandLineError

if TYPE_CHECKING:
    from decision_diffuser_ros.training.fitting import Machine

GAIT_CLASSIFIER, BEHAVIOUR_CLONING = "gait_classifier", "behaviour_cloning"


def train(
    robot: Annotated[str, typer.Argument(help="A name that `collect` knows, gait_classifier or behaviour_cloning.")],
    data: Annotated[
        Path | None,
        typer.Option(help="Directory of the demonstrations; by default where `collect` leaves those of ROBOT."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            help="Directory of the training, which goes on where it stopped; out/training/ROBOT-seedS by default.",
            callback=writable_directory,
        ),
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Training steps of the noise model.")] = None,
    inverse_steps: Annotated[int | None, typer.Option(min=1, help="Training steps of the inverse dynamics.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of weights, batches and noise.")] = 1,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    threads: Annotated[int, typer.Option(min=1, help="Processor threads.")] = 1,
    configuration: Annotated[
        Path | None, typer.Option(help="YAML file; config/training_ROBOT.yaml by default.")
    ] = None,
    diffuse_actions: Annotated[
        bool, typer.Option(help="Plan actions with the states, the baseline to inverse dynamics.")
    ] = False,
    progress: Annotated[bool, typer.Option(help="Show a progress bar with the loss and the time left.")] = True,
) -> None:
    """Train the noise model and the inverse dynamics on demonstrations.

    Interrupted or killed, the same command goes on from the last checkpoint. The gait classifier, which the evaluations
    use, and the cloned expert, which planning is held against, are trained and exported at once.
    """
    import logging

    from decision_diffuser_ros.provenance import provenance
    from decision_diffuser_ros.training.configuration import TrainingConfiguration
    from decision_diffuser_ros.training.fitting import Machine
    from decision_diffuser_ros.training.training_run import train as run_training

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    chosen_file = configuration or configuration_of(robot, job="training")
    data = data or _collected(robot)
    output = output or default_directory(Path("out") / "training" / f"{robot}-seed{seed}")
    machine = Machine(device=device, threads=threads, progress=progress)
    others = {GAIT_CLASSIFIER: _train_gait_classifier, BEHAVIOUR_CLONING: _clone}
    if robot in others:
        if inverse_steps is not None:
            raise CommandLineError(f"`--inverse-steps` has no meaning for {robot}; leave it out")
        others[robot](data, output, chosen_file, steps=steps, seed=seed, machine=machine)
        return
    chosen = TrainingConfiguration.from_yaml(chosen_file)
    if diffuse_actions:
        chosen = dataclasses.replace(chosen, data=dataclasses.replace(chosen.data, diffuse_actions=True))
    run_training(
        data,
        output,
        configuration=chosen.with_training_steps(steps, inverse_steps),
        seed=seed,
        machine=machine,
        provenance=provenance(),
    )
    typer.echo(f"trained in {output}; next: decision-diffuser export {output} BUNDLE")


def _collected(robot: str) -> Path:
    """Where the robot's demonstrations are by default. Raises CommandLineError if it has none of its own."""
    from decision_diffuser_ros.robots import ROBOTS

    if robot not in ROBOTS:
        raise CommandLineError(f"`--data` must be given for {robot}: the directory of demonstrations made by `collect`")
    return demonstrations_directory(robot, COLLECTION_SEED)


def _train_gait_classifier(
    data: Path, output: Path, configuration: Path, *, steps: int | None, seed: int, machine: "Machine"
) -> None:
    from decision_diffuser_ros.provenance import provenance
    from decision_diffuser_ros.training.gait_classifier import GaitClassifierConfiguration, train_gait_classifier

    chosen = GaitClassifierConfiguration.from_yaml(configuration).with_training_steps(steps)
    record = train_gait_classifier(
        data, output, configuration=chosen, seed=seed, machine=machine, provenance=provenance()
    )
    for name, value in record.scores.items():
        typer.echo(f"{name.replace('_', ' ')}: {value}")


def _clone(data: Path, output: Path, configuration: Path, *, steps: int | None, seed: int, machine: "Machine") -> None:
    from decision_diffuser_ros.provenance import provenance
    from decision_diffuser_ros.training.behaviour_cloning import CloningConfiguration, train_behaviour_cloning

    chosen = CloningConfiguration.from_yaml(configuration).with_training_steps(steps)
    record = train_behaviour_cloning(
        data, output, configuration=chosen, seed=seed, machine=machine, provenance=provenance()
    )
    error, parameters = record.scores["action_rmse"], record.provenance["parameters"]
    typer.echo(f"{parameters} parameters; root mean square error of the actions: {error:.4f}")
