"""`decision-diffuser convert`: a robot's own recordings as demonstrations."""

from pathlib import Path
from typing import Annotated

import typer

from decision_diffuser_ros.command_line.options import default_directory, writable_directory


def convert(
    description: Annotated[
        Path, typer.Argument(help="YAML file that says what was recorded; config/recordings.yaml is a sample.")
    ],
    bags: Annotated[list[Path], typer.Argument(help="Directories made by `ros2 bag record`.")],
    output: Annotated[
        Path | None,
        typer.Option(
            help="Directory of the data set; out/demonstrations/NAME by default.", callback=writable_directory
        ),
    ] = None,
) -> None:
    """Make demonstrations of rosbag2 recordings of a robot, to train a model for it.

    Control steps are made of the messages as the planner node makes them. Where readings, commands or a skill are
    missing, an episode ends. Neither ROS nor a simulator is needed.
    """
    from decision_diffuser_ros.data.conversion import convert_recordings
    from decision_diffuser_ros.data.recording_description import RecordingDescription
    from decision_diffuser_ros.provenance import provenance

    described = RecordingDescription.from_yaml(description)
    directory = output or default_directory(Path("out") / "demonstrations" / described.name)
    for converted in convert_recordings(bags, described, directory, provenance=provenance()):
        typer.echo(f"{converted.bag}: {converted.seconds:.1f} s in {converted.episodes} episode(s)")
        for topic, refusals in converted.refused.items():
            typer.echo(f"  {refusals.count} message(s) of {topic} refused, the first because {refusals.first_reason}")
    typer.echo(f"demonstrations in {directory}; next: decision-diffuser train recordings --data {directory}")
