"""What the experiments on composed gaits share on the command line: opening the model, writing and printing scores."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from decision_diffuser_ros.evaluation.gait_experiment import GaitExperiment
    from decision_diffuser_ros.evaluation.text_table import TextTable

CHOOSE_EVERY = 22
"""Plans from one composed plan to the next, as in `config/quadruped_gaits.yaml`."""


@contextlib.contextmanager
def open_experiment(
    bundle: str,
    *,
    seed: int,
    processes: int,
    classifier: Path | None = None,
    choose_every: int = 1,
    replan_every: int | None = None,
    time_step: float = 0.001,
) -> Iterator[GaitExperiment]:
    """An experiment on a bundle, run as the parameter file says, with a progress bar on a terminal.

    Args:
        bundle: a shipped model's name, or a directory.
        seed: of all episodes.
        processes: to share the work.
        classifier: directory of the gait classifier; None for the one that ships.
        choose_every: plans from one composed plan to the next; in between follow plans for what it chose.
        replan_every: control steps that a plan is followed; None for the parameter file's.
        time_step: of the physics [s].
    """
    from decision_diffuser_ros.command_line.progress_bar import progress_bar
    from decision_diffuser_ros.evaluation.gait_experiment import GaitExperiment
    from decision_diffuser_ros.evaluation.quadruped_policies import QUADRUPED
    from decision_diffuser_ros.planner.manifest import Manifest
    from decision_diffuser_ros.resources import MANIFEST_NAME

    model = QUADRUPED.model(bundle)
    if replan_every is not None:
        horizon = replace(model.deployment.receding_horizon, replan_every=replan_every)
        model = replace(model, deployment=replace(model.deployment, receding_horizon=horizon))
    with progress_bar("episodes") as progress:
        yield GaitExperiment(
            model=model,
            manifest=Manifest.read(Path(model.bundle) / MANIFEST_NAME),
            seed=seed,
            choose_every=choose_every,
            processes=processes,
            time_step=time_step,
            classifier=None if classifier is None else str(classifier),
            progress=progress,
        )


def finish(scores: dict[str, Any], tables: Sequence[TextTable], json_file: Path | None) -> None:
    """Prints the tables and writes the scores, with how they were made."""
    from rich.console import Console

    from decision_diffuser_ros.evaluation.scores_file import write_scores
    from decision_diffuser_ros.provenance import provenance

    console = Console()
    for table in tables:
        table.print(console)
    if json_file is not None:
        write_scores(scores | provenance(), json_file)
