"""`decision-diffuser evaluate EXPERIMENT`: measures what the planner does, one subcommand an experiment.

Each experiment is a function, in a module of `experiments/` that bears its name, and is named in `EXPERIMENTS` too.
It prints a table and, with `--json`, writes its numbers; heavy imports stand inside the function, as for any command.
"""

import importlib
from collections.abc import Sequence

import typer

from decision_diffuser_ros.command_line.known_commands import KnownCommands

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


class Experiments(KnownCommands):
    """The experiments."""

    what = "experiment"


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
