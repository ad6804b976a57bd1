"""`decision-diffuser bench`: how long plans take; `decision-diffuser bench ros`: how the running nodes keep time."""

import contextlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from decision_diffuser_ros.command_line.known_commands import KnownCommands
from decision_diffuser_ros.command_line.options import LogDirectory, finite, writable_file
from decision_diffuser_ros.command_line.termination import ends_in_order

if TYPE_CHECKING:
    from rich.console import Console

    from decision_diffuser_ros.evaluation.bench_plans import PlanBenchSettings

STEPS = (1, 2, 5, 10, 20, 100)
JSON_HELP = "Where to write the figures, with the names of processor and GPU."

bench = typer.Typer(
    cls=KnownCommands,
    invoke_without_command=True,
    subcommand_metavar="[ros] [ARGS]...",
    help="Measure how long plans take beside the paper's procedure, or, with `ros`, how the running nodes keep time.",
)


@bench.callback()
def bench_of_plans(
    context: typer.Context,
    robot: Annotated[list[str] | None, typer.Option(help="Shipped model or a bundle's directory.")] = None,
    steps: Annotated[
        str | None,
        typer.Option(help="Denoising steps, with commas; by default 1,2,5,10,20,100 and the first robot's own."),
    ] = None,
    threads: Annotated[str, typer.Option(help="Threads of the network on the CPU, with commas.")] = "1,2",
    plans: Annotated[int, typer.Option(min=1, help="Plans of each measurement.")] = 200,
    seconds: Annotated[float, typer.Option(min=0.0, help="A measurement ends after so long, with fewer plans.")] = 20.0,
    episodes: Annotated[
        int, typer.Option(min=0, help="Closed-loop episodes of each gait, or of stacking, for each step count.")
    ] = 3,
    baseline_plans: Annotated[int, typer.Option(min=0, help="Plans by the paper's procedure, each network.")] = 2,
    processes: Annotated[int, typer.Option(min=1, help="Processes of the episodes.")] = os.cpu_count() or 1,
    json_file: Annotated[Path | None, typer.Option("--json", help=JSON_HELP, callback=writable_file)] = None,
) -> int:
    """Time of a plan, closed-loop quality beside it, and the paper's procedure in the same run."""
    if context.invoked_subcommand is not None:
        return 0
    from rich.console import Console

    from decision_diffuser_ros.evaluation.bench_machine import machine_facts
    from decision_diffuser_ros.evaluation.bench_plans import PlanBenchSettings
    from decision_diffuser_ros.evaluation.bench_report import print_bench, summarise
    from decision_diffuser_ros.planner.manifest import Manifest
    from decision_diffuser_ros.resources import MANIFEST_NAME, model_directory

    machine = machine_facts()
    console = Console()
    with _announcing(console) as announce:
        directories = {name: model_directory(name) for name in robot or _shipped_robots()}
        manifests = {name: Manifest.read(path / MANIFEST_NAME) for name, path in directories.items()}
        deployed = next(iter(manifests.values()))
        deployed_steps = deployed.sampling.denoising_steps
        by_default = tuple(sorted({*STEPS, deployed_steps}))
        settings = PlanBenchSettings(
            denoising_steps=by_default if steps is None else _numbers("--steps", steps),
            threads=_numbers("--threads", threads),
            plans=plans,
            seconds=seconds,
        )
        latency = _latency(directories.values(), settings, announce)
        baseline, notes = _baseline(deployed, settings.threads, baseline_plans, announce)
        quality = _quality(manifests, settings.denoising_steps, episodes, processes, announce)
    summary = summarise(latency, quality, baseline, robot=deployed.name, deployed_steps=deployed_steps)
    results = {
        "machine": machine, "latency": latency, "quality": quality, "baseline": baseline, "notes": notes,
        "summary": summary,
    }  # fmt: skip
    return _finish(results, print_bench, json_file, console)


@bench.command()
@ends_in_order()
def ros(
    seconds: Annotated[
        float, typer.Option(min=1.0, help="How long the nodes are watched in each setting.", callback=finite)
    ] = 20.0,
    switches: Annotated[int, typer.Option(min=0, help="Skill switches in each setting.")] = 6,
    rates: Annotated[str, typer.Option(help="Rates of commands in real time in Hz, with commas.")] = "50,100",
    bundle: Annotated[str | None, typer.Option(help="Another bundle: a shipped model's name, or a directory.")] = None,
    output: LogDirectory = Path("out/bench_ros"),
    json_file: Annotated[Path | None, typer.Option("--json", help=JSON_HELP, callback=writable_file)] = None,
) -> int:
    """Jitter of commands, latency from joint state to command, skill switches and CPU shares of the running nodes."""
    from rich.console import Console

    from decision_diffuser_ros.evaluation.bench_machine import machine_facts
    from decision_diffuser_ros.nodes.bench_report import print_node_bench, summarise_nodes
    from decision_diffuser_ros.nodes.bench_run import NodeBenchSettings, bench_nodes

    machine = machine_facts()
    console = Console()
    settings = NodeBenchSettings(
        seconds=seconds, switches=switches, rates=_numbers("--rates", rates), bundle=bundle, output=output
    )
    with _announcing(console) as announce:
        rows = list(bench_nodes(settings, progress=announce))
    summary = summarise_nodes(rows)
    results = {"machine": machine, "settings": rows, "summary": summary}
    return _finish(results, print_node_bench, json_file, console)


@contextlib.contextmanager
def _announcing(console: "Console") -> Iterator[Callable[[str], None]]:
    """Tells what is measured: in a line that changes, or, where there is no terminal, in lines of stderr."""
    if not console.is_terminal:
        yield lambda what: print(f"measuring {what}", file=sys.stderr)
        return
    with console.status("measuring") as status:
        yield status.update


def _finish(
    results: dict[str, Any],
    print_results: Callable[[dict[str, Any], "Console"], None],
    json_file: Path | None,
    console: "Console",
) -> int:
    """Prints and writes the results; returns the exit code, 0 if all bars are met."""
    from decision_diffuser_ros.evaluation.scores_file import write_scores

    print_results(results, console)
    if json_file is not None:
        write_scores(results, json_file)
    return 0 if all(bar["met"] for bar in results["summary"]["bars"]) else 1


def _latency(
    directories: Iterable[Path], settings: "PlanBenchSettings", progress: Callable[[str], None]
) -> list[dict[str, Any]]:
    """How long plans of each model take, with each execution provider."""
    from decision_diffuser_ros.evaluation.bench_plans import bench_plans, providers_present

    return [
        row
        for directory in directories
        for row in bench_plans(str(directory), settings, providers=providers_present(), progress=progress)
    ]


def _baseline(
    manifest: Any, threads: Sequence[int], plans: int, progress: Callable[[str], None]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows of the paper's procedure, and what there is to say where there are none."""
    if plans == 0:
        return [], ["The paper's procedure was not asked for."]
    if importlib.util.find_spec("torch") is None:
        return [], ["The paper's procedure was not measured: torch is not installed (requirements/train.txt)."]
    from decision_diffuser_ros.evaluation.bench_machine import percentiles_ms
    from decision_diffuser_ros.training.paper_procedure import OUR_NETWORK, PAPER_NETWORK, time_paper_procedure

    rows = []
    for count in threads:
        for planner in (OUR_NETWORK, PAPER_NETWORK):
            progress(f"the paper's procedure with {planner.name}, {count} threads")
            timing = time_paper_procedure(
                planner,
                state_dim=manifest.state_dim,
                action_dim=manifest.action_dim,
                kind_sizes=[kind.dimension for kind in manifest.conditions],
                plans=plans,
                threads=count,
            )
            rows.append(
                {
                    "network": planner.name,
                    "parameters": timing.parameters,
                    "threads": count,
                    "plans": plans,
                    "plan_ms": percentiles_ms(timing.seconds),
                }
            )
    return rows, []


def _quality(
    manifests: dict[str, Any], steps: Iterable[int], episodes: int, processes: int, progress: Callable[[str], None]
) -> list[dict[str, Any]]:
    """Closed-loop scores of each step count, for the robots whose gaits or stacking can be scored."""
    if episodes == 0:
        return []
    if importlib.util.find_spec("pybullet") is None:
        progress("no closed loop: pybullet is not installed")
        return []
    from decision_diffuser_ros.evaluation.bench_quality import (
        gait_quality,
        has_gaits,
        stacking_quality,
        stacks_blocks,
    )

    return [
        measure(name, denoising_steps=count, episodes=episodes, processes=processes, progress=progress)
        for name, manifest in manifests.items()
        for measure, can_be_measured in ((gait_quality, has_gaits), (stacking_quality, stacks_blocks))
        if can_be_measured(manifest)
        for count in steps
        if count <= manifest.schedule.denoising_steps
    ]


def _shipped_robots() -> list[str]:
    """Names of all shipped models, the quadruped's gaits first."""
    from decision_diffuser_ros.resources import MANIFEST_NAME, share_directory

    names = [manifest.parent.name for manifest in (share_directory() / "models").glob(f"*/{MANIFEST_NAME}")]
    return sorted(names, key=lambda name: (name != "quadruped_gaits", name))


def _numbers(option: str, text: str) -> tuple[int, ...]:
    """Positive integers with commas between them."""
    from decision_diffuser_ros.errors import CommandLineError

    try:
        numbers = tuple(int(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if not numbers or min(numbers) < 1:
        raise CommandLineError(f"{option} must be whole numbers above 0 with commas between them, got '{text}'")
    return numbers


if __name__ == "__main__":
    sys.exit(bench())
