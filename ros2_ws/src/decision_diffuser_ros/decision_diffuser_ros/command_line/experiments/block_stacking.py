"""`decision-diffuser evaluate block_stacking`: closed-loop scores of a block stacking model bundle."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from decision_diffuser_ros.command_line.options import ScoresFile
from decision_diffuser_ros.errors import CommandLineError

if TYPE_CHECKING:
    from decision_diffuser_ros.evaluation.deployment import EvaluatedModel
    from decision_diffuser_ros.evaluation.stacking_workers import Drivers


def block_stacking(
    task: Annotated[
        list[str] | None,
        typer.Option(
            help="single_stacking, single_rearrangement, multi_stacking, multi_rearrangement, not, not_alone or or; "
            "all by default."
        ),
    ] = None,
    episodes: Annotated[int, typer.Option(min=1, help="Episodes of each task, by planner and expert each.")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all episodes; never one that trained the model.")] = 1000,
    json_file: ScoresFile = None,
    bundle: Annotated[str | None, typer.Option(help="Bundle: a shipped model's name, or a directory.")] = None,
    cloning: Annotated[
        Path | None, typer.Option(help="Directory of a cloned expert, made by `train behaviour_cloning`; the floor.")
    ] = None,
    expert_only: Annotated[bool, typer.Option(help="No planner: the expert, and the cloned one if given.")] = False,
    replan_every: Annotated[int | None, typer.Option(min=1, help="Control steps between plans; as deployed.")] = None,
    commit_prefix: Annotated[
        bool | None, typer.Option(help="Begin plans with what the one before leads through meanwhile; as deployed.")
    ] = None,
    denoising_steps: Annotated[int | None, typer.Option(min=1, help="Of a plan; as deployed.")] = None,
    guidance_weight: Annotated[float | None, typer.Option(help="Of a plan; as deployed.")] = None,
    temperature: Annotated[float | None, typer.Option(help="Of a plan; as deployed.")] = None,
    diagnose: Annotated[
        Path | None, typer.Option(help="Directory of demonstrations: measure the plans against them instead.")
    ] = None,
    processes: Annotated[int, typer.Option(min=1, help="Processes; all cores by default.")] = os.cpu_count() or 1,
) -> None:
    """Constraints fulfilled in closed loop, one or several at once, beside the expert and behaviour cloning."""
    from decision_diffuser_ros.evaluation.stacking_deployment import stacking_model
    from decision_diffuser_ros.evaluation.stacking_workers import Drivers

    model = None
    if not expert_only:
        model = stacking_model(
            bundle,
            replan_every=replan_every,
            commits_prefix=commit_prefix,
            denoising_steps=denoising_steps,
            guidance_weight=guidance_weight,
            temperature=temperature,
        )
    if diagnose is not None:
        if model is None:
            raise CommandLineError(
                "`--diagnose` measures the planner, and `--expert-only` leaves it out; give one of them"
            )
        _diagnose(model, diagnose, json_file, seed=seed)
        return
    drivers = Drivers(planner=model, cloning=None if cloning is None else str(cloning))
    _evaluate(drivers, task, json_file, episodes=episodes, seed=seed, processes=processes)


def _evaluate(
    drivers: "Drivers", tasks: list[str] | None, json_file: Path | None, *, episodes: int, seed: int, processes: int
) -> None:
    """Prints, and writes if asked, how well tasks are done by whoever there is to drive."""
    from rich.console import Console

    from decision_diffuser_ros.command_line.progress_bar import progress_bar
    from decision_diffuser_ros.evaluation import block_stacking as experiment
    from decision_diffuser_ros.evaluation import stacking_report
    from decision_diffuser_ros.evaluation.scores_file import write_scores
    from decision_diffuser_ros.provenance import provenance

    with progress_bar("episodes") as progress:
        scores = experiment.evaluate(
            drivers,
            tasks=tasks or tuple(experiment.TASKS),
            episodes=episodes,
            seed=seed,
            processes=processes,
            progress=progress,
        )
    scores |= provenance()
    stacking_report.print_table(scores, Console())
    if json_file is not None:
        from decision_diffuser_ros.evaluation.success_bars_plot import plot_stacking

        write_scores(experiment.with_only_task_on_top(scores), json_file)
        title = f"Block stacking, {episodes} episodes of each task"
        plot_stacking(scores, json_file.with_suffix(".png"), title=title)


def _diagnose(model: "EvaluatedModel", demonstrations: Path, json_file: Path | None, *, seed: int) -> None:
    """Prints, and writes if asked, how far plans and inverse dynamics are from the expert."""
    from rich.console import Console

    from decision_diffuser_ros.evaluation import stacking_diagnosis
    from decision_diffuser_ros.evaluation.scores_file import write_scores

    errors = stacking_diagnosis.diagnose(model, demonstrations, seed=seed)
    stacking_diagnosis.print_tables(errors, Console())
    if json_file is not None:
        write_scores(errors, json_file)
