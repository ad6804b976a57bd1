"""`decision-diffuser export`: writes the bundle of a training, or scores into a bundle."""

from pathlib import Path
from typing import Annotated

import typer

from decision_diffuser_ros.command_line.options import writable_directory


def export(
    source: Annotated[Path, typer.Argument(help="Directory of a training; with --scores alone, a bundle.")],
    bundle: Annotated[
        Path | None, typer.Argument(help="Directory of the bundle to write.", callback=writable_directory)
    ] = None,
    scores: Annotated[
        Path | None, typer.Option(help="JSON of `evaluate --json` to put into the bundle's manifest.")
    ] = None,
    configuration: Annotated[
        Path | None, typer.Option(help="YAML file of a training whose `sampling` replaces the training's own.")
    ] = None,
    unfinished: Annotated[bool, typer.Option(help="Take checkpoints where training has not ended.")] = False,
) -> None:
    """Write the bundle of a training: ONNX graphs, manifest with checksums and provenance.

    It is refused when ONNX Runtime and torch differ by more than 1e-4. Later, once it is measured:
    `decision-diffuser export BUNDLE --scores FILE`.
    """
    from decision_diffuser_ros.errors import CommandLineError
    from decision_diffuser_ros.provenance import provenance
    from decision_diffuser_ros.training.bundle_scores import read_scores, record_scores

    if bundle is None and scores is None:
        raise CommandLineError("`export` needs a BUNDLE directory to write, or --scores FILE for the bundle given")
    measured = None if scores is None else read_scores(scores)
    target = source if bundle is None else bundle
    if bundle is not None:
        from decision_diffuser_ros.training.configuration import TrainingConfiguration
        from decision_diffuser_ros.training.export import export_bundle

        sampling = None if configuration is None else TrainingConfiguration.from_yaml(configuration).sampling
        export_bundle(source, bundle, unfinished=unfinished, sampling=sampling, provenance=provenance())
    if measured is not None:
        record_scores(target, measured)
    typer.echo(f"bundle in {target}")
