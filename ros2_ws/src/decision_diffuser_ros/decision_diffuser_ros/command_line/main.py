"""The `decision-diffuser` command.

Each command is one function, in a module of this folder that bears its name, and is named once more in `COMMANDS`.
Its signature and docstring are the help text, in which rich takes what stands in square brackets for markup: units are
written out. A command with commands of its own (`evaluate`) is a typer application instead. Such a module imports
nothing heavy at its top (no torch, PyBullet, h5py, matplotlib, rclpy): those imports stand inside the function, so that
`--help` is quick and each command needs only what it uses.

Exit codes: 0 done; 1 the command ran and its answer is no; 2 a value that is not accepted, said in one line on stderr;
130 interrupted; 143 terminated, by the commands that start nodes, which they end first.
"""

import importlib
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from decision_diffuser_ros.command_line.known_commands import KnownCommands
from decision_diffuser_ros.errors import DecisionDiffuserError
from decision_diffuser_ros.resources import package_version

PROGRAM = "decision-diffuser"

COMMANDS: tuple[str, ...] = (
    "demo",
    "collect",
    "convert",
    "train",
    "distil",
    "export",
    "evaluate",
    "bench",
    "faults",
    "soak",
    "feasibility",
)
"""Modules of this folder, each with a function (or application) of the same name, in the order of the help."""

EXIT_REFUSED = 2
EXIT_INTERRUPTED = 130


def build_application(commands: Sequence[str] = COMMANDS) -> typer.Typer:
    """The typer application with all commands registered."""
    application = typer.Typer(
        cls=KnownCommands,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    application.callback()(_common_options)
    for name in commands:
        module = importlib.import_module(f"decision_diffuser_ros.command_line.{name}")
        command = getattr(module, name)
        if isinstance(command, typer.Typer):
            application.add_typer(command, name=name)
        else:
            application.command(name)(command)
    return application


def run(arguments: Sequence[str], *, application: typer.Typer) -> int:
    """The exit code of the command line given by `arguments`; what goes wrong is one line on stderr."""
    try:
        answer = application(args=list(arguments), prog_name=PROGRAM, standalone_mode=False)
    except typer.TyperException as error:
        return _refuse(error.format_message())
    except DecisionDiffuserError as error:
        return _refuse(str(error))
    except (KeyboardInterrupt, typer.Abort):
        print(f"{PROGRAM}: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    return answer if isinstance(answer, int) else 0


def main() -> None:
    """Entry point of the executable."""
    sys.exit(run(sys.argv[1:], application=build_application()))


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"{PROGRAM} {package_version()}")
        raise typer.Exit


def _common_options(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_show_version),
    ] = False,
) -> None:
    """Conditional diffusion planning for robots on ROS 2: see it walk, collect, train, export, evaluate."""


def _refuse(message: str) -> int:
    """Prints `message` as one line on stderr; returns the exit code that goes with it."""
    if message:  # empty where the help has been shown already, because no command was given
        print(f"{PROGRAM}: {' '.join(message.split())}", file=sys.stderr)
    return EXIT_REFUSED


if __name__ == "__main__":
    main()
