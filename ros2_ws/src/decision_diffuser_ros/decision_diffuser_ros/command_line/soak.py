"""`decision-diffuser soak`: whether the nodes take more and more when they run for long."""

from pathlib import Path
from typing import Annotated

import typer

from decision_diffuser_ros.command_line.options import LogDirectory, finite, writable_file
from decision_diffuser_ros.command_line.termination import ends_in_order


@ends_in_order()
def soak(
    minutes: Annotated[float, typer.Option(min=0.1, help="How long the robot walks.", callback=finite)] = 30.0,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Where to write figures and every sample.", callback=writable_file)
    ] = None,
    bundle: Annotated[str | None, typer.Option(help="Another bundle: a shipped model's name, or a directory.")] = None,
    simulated_time: Annotated[bool, typer.Option(help="In lockstep as fast as it goes, instead of real time.")] = False,
    output: LogDirectory = Path("out/soak"),
) -> int:
    """Let the robot walk for long, switching gaits; exit code 1 if memory, threads, files or plan times grow."""
    import dataclasses

    from rich.console import Console

    from decision_diffuser_ros.command_line.progress_bar import progress_bar
    from decision_diffuser_ros.evaluation.scores_file import write_scores
    from decision_diffuser_ros.evaluation.soak_report import soak_summary, soak_table
    from decision_diffuser_ros.nodes.soak_run import run_soak
    from decision_diffuser_ros.provenance import provenance

    seconds = 60.0 * minutes
    with progress_bar("walking") as progress:
        series, falls = run_soak(
            seconds=seconds,
            log_directory=output,
            bundle=bundle,
            simulated_time=simulated_time,
            show=lambda elapsed, bench: progress(min(elapsed, seconds), seconds),
        )
    summary = soak_summary(series) | {"stood_up_again": falls} | provenance()
    console = Console()
    soak_table(series).print(console)
    first, then = summary["plan_ms"]
    console.print(f"{summary['commands']} commands; a plan takes {first:.1f} ms (median), then {then:.1f} ms")
    for problem in summary["problems"]:
        console.print(problem, style="red")
    if json_file is not None:
        write_scores(summary | {"series": dataclasses.asdict(series)}, json_file)
    return 0 if summary["passed"] else 1
