"""`decision-diffuser faults`: what the nodes do when things go wrong, tried on the simulated robot."""

from pathlib import Path
from typing import Annotated

import typer

from decision_diffuser_ros.command_line.options import LogDirectory, writable_file
from decision_diffuser_ros.command_line.termination import ends_in_order


@ends_in_order()
def faults(
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Where to write all outcomes.", callback=writable_file)
    ] = None,
    only: Annotated[list[str] | None, typer.Option(help="Name of a fault; may be given several times.")] = None,
    short: Annotated[bool, typer.Option(help="Only the few most telling faults.")] = False,
    bundle: Annotated[str | None, typer.Option(help="Another bundle: a shipped model's name, or a directory.")] = None,
    output: LogDirectory = Path("out/faults"),
) -> int:
    """Inject faults into the running nodes, one at a time and combined; exit code 1 if anything unsafe was seen.

    Sensors that lie or fall silent, processes that are killed or stopped, clocks that jump, services that are abused,
    damaged bundles, a full disk. For each: mode, time to the safe state, recovery, and every command checked.
    """
    from rich.console import Console

    from decision_diffuser_ros.evaluation.fault_report import outcome_row, outcome_table
    from decision_diffuser_ros.evaluation.scores_file import write_scores
    from decision_diffuser_ros.nodes.fault_run import chosen_scenarios, outcomes_to_json, run_faults
    from decision_diffuser_ros.provenance import provenance

    console = Console()
    outcomes = run_faults(
        chosen_scenarios(only or [], short=short),
        log_directory=output,
        bundle=bundle,
        show=lambda outcome: console.print("  ".join(filter(None, outcome_row(outcome))), highlight=False),
    )
    if console.is_terminal:
        outcome_table(outcomes).print(console)
    if json_file is not None:
        write_scores(outcomes_to_json(outcomes) | provenance(), json_file)
    return 0 if all(outcome.passed for outcome in outcomes) else 1
