"""What several commands have alike: options, and checks of their values before the work begins."""

import math
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from decision_diffuser_ros.errors import CommandLineError
from decision_diffuser_ros.resources import share_directory


def writable_file(parameter: typer.CallbackParam, path: Path | None) -> Path | None:
    """The path, if a file can be written there; nothing is made.

    Raises:
        CommandLineError: it is a directory or a device, or its directory cannot be written to.
    """
    if path is not None:
        _require_writable(path.parent, f"{_name(parameter)} {path}")
        if path.exists() and not path.is_file():
            raise CommandLineError(f"{_name(parameter)} must be a file to write. Got {path}, a directory or a device")
    return path


def writable_directory(parameter: typer.CallbackParam, path: Path | None) -> Path | None:
    """The path, if it is a directory to write to, or can become one; nothing is made.

    Raises:
        CommandLineError: it is a file, or nothing can be written there.
    """
    if path is not None:
        _require_writable(path, f"{_name(parameter)} {path}")
    return path


def default_directory(path: Path) -> Path:
    """The directory that stands in for `--output` where that is not given. Raises CommandLineError, as if it were."""
    _require_writable(path, f"the default of --output, {path},")
    return path


def demonstrations_directory(robot: str, seed: int) -> Path:
    """Where `collect` leaves a robot's demonstrations unless it is told another place."""
    return Path("out") / "demonstrations" / f"{robot}-seed{seed}"


def configuration_of(robot: str, *, job: str) -> Path:
    """The file in `config/` that says how a job, `training` or `distillation`, is done for a robot.

    Raises:
        CommandLineError: there is none; the message lists the names that have one.
    """
    files = sorted((share_directory() / "config").glob(f"{job}_*.yaml"))
    names = [file.stem.removeprefix(f"{job}_") for file in files]
    if robot not in names:
        raise CommandLineError(
            f"'{robot}' has no {job} of its own; available: {', '.join(names)}; another needs `--configuration FILE`"
        )
    return files[names.index(robot)]


def finite(parameter: typer.CallbackParam, number: float) -> float:
    """The number. Raises CommandLineError for infinity and NaN."""
    if not math.isfinite(number):
        raise CommandLineError(f"{_name(parameter)} must be a finite number. Got {number}")
    return number


def _require_writable(directory: Path, what: str) -> None:
    """Raises CommandLineError unless a file can be made in the directory, or in the nearest there is above it."""
    nearest = directory.absolute()
    try:
        while not nearest.exists():
            nearest = nearest.parent
        with tempfile.TemporaryFile(dir=nearest):
            pass
    except OSError as error:
        reason = f"no file can be made in {nearest} ({error.strerror})"
        raise CommandLineError(f"{what} cannot be written: {reason}; give another place") from error


def _name(parameter: typer.CallbackParam) -> str:
    return str(parameter.opts[0])


COLLECTION_SEED = 1
"""Of `collect`, by default."""

ScoresFile = Annotated[
    Path | None,
    typer.Option("--json", help="Where to write the scores, a PNG of the same name beside.", callback=writable_file),
]
"""Option of an experiment that draws a picture, too."""

LogDirectory = Annotated[Path, typer.Option(help="Directory of the nodes' logs.", callback=writable_directory)]
"""Option of a command that runs nodes; its parameter is called `output`."""
