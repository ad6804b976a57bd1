"""`decision-diffuser evaluate EXPERIMENT`: measures what the planner does, one subcommand an experiment.

Each experiment is a function, in a module of `experiments/` that bears its name, and is named in `EXPERIMENTS` too.
It prints a table and, with `--json`, writes its numbers; heavy imports stand inside the function, as for any command.
"""

import importlib
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from decision_diffuser_ros.errors import CommandLineError

EXPERIMENTS: tuple[str, ...] = (
    "block_stacking",
    "circles",
    "gait_ablations",
    "gait_composition",
    "gait_conditions",
    "gait_returns",
    "gait_slider",
    "quadruped_gaits",
)
"""Modules of `experiments/`, each with a function of the same name, in the order of the help."""


class Experiments(TyperGroup):
    """The experiments, listed where another name is given."""

    def resolve_command(self, context: Any, arguments: list[str]) -> Any:
        """The experiment that the first argument names. Raises CommandLineError."""
        if arguments[0] not in self.commands and not arguments[0].startswith("-"):
            raise CommandLineError(f"experiment '{arguments[0]}' is not known; available: {', '.join(self.commands)}")
        return super().resolve_command(context, arguments)


def build_evaluate(experiments: Sequence[str] = EXPERIMENTS) -> typer.Typer:
    """The typer application with all experiments registered."""
    application = typer.Typer(
        cls=Experiments,
        no_args_is_help=True,
        subcommand_metavar="EXPERIMENT [ARGS]...",
        help="Run an experiment, print its table of scores and write its numbers.",
    )
    for name in experiments:
        module = importlib.import_module(f"decision_diffuser_ros.command_line.experiments.{name}")
        application.command(name)(getattr(module, name))
    return application


evaluate = build_evaluate()
