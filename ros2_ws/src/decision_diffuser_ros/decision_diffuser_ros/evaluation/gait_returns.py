"""Returns on the quadruped: does it walk as fast as it is asked, in each gait?

The return of a demonstration is its forward progress, as a share of a speed that the training sets. A model that is
conditioned on a commanded speed instead is asked for shares of its largest one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from decision_diffuser_ros.data.demonstration_set import DemonstrationSet
from decision_diffuser_ros.data.labels import NUMBER_EXTRAS, number_labels
from decision_diffuser_ros.data.windows import index_windows
from decision_diffuser_ros.errors import ConfigurationError, DataError
from decision_diffuser_ros.evaluation.asked_speed import number_kind, speed_of_one
from decision_diffuser_ros.evaluation.expression_rollout import ExpressionRollout
from decision_diffuser_ros.evaluation.gait_experiment import GaitExperiment, with_number
from decision_diffuser_ros.evaluation.gait_shares import GAITS, gait_shares, mean_speed, rank_correlation

SHARES = (0.2, 0.4, 0.6, 0.8, 1.0)
CORRELATION = 0.9
PERCENTILE = 90
LABEL_STEPS = 50
"""Control steps over which a demonstration's progress is averaged: 1 s."""
FASTEST = 10.0  # [m/s] more than any demonstration; so that no label is clipped


def evaluate(
    experiment: GaitExperiment,
    *,
    episodes: int,
    demonstrated: Mapping[str, float] | None = None,
    shares: Sequence[float] = SHARES,
) -> dict[str, Any]:
    """Asked against achieved for each gait, JSON-able.

    Args:
        experiment: the model and the means.
        episodes: of each gait at each share.
        demonstrated: the 90th percentile of the demonstrations' speed in each gait [m/s], see `demonstrated_speed`.
        shares: of the largest number, what is asked.

    Raises:
        ConfigurationError: the model takes no number beside the gait.
    """
    kind = number_kind(experiment.manifest)
    if kind is None:
        name = experiment.manifest.name
        raise ConfigurationError(f"model '{name}' has no condition that is a number, such as return")
    largest_speed = speed_of_one(experiment.manifest, kind)
    questions = {(gait, share): with_number(gait, kind, share) for gait in GAITS for share in shares}
    rollouts = experiment.run(
        {question: experiment.jobs(question, episodes, with_numbers=False) for question in questions.values()}
    )
    gaits = {
        gait: _scores_of(
            gait,
            {share: rollouts[questions[gait, share]] for share in shares},
            largest_speed,
            None if demonstrated is None else demonstrated[gait],
        )
        for gait in GAITS
    }
    return {
        "episodes": episodes,
        "seed": experiment.seed,
        **experiment.facts(with_numbers=False),
        "kind": kind.kind,
        "speed_of_1": largest_speed,
        "gaits": gaits,
        "bars": bars(gaits),
    }


def _scores_of(
    gait: str, rollouts: Mapping[float, list[ExpressionRollout]], largest_speed: float, demonstrated: float | None
) -> dict[str, Any]:
    speeds = {share: [mean_speed(rollout) for rollout in found] for share, found in rollouts.items()}
    asked = [share for share, found in speeds.items() for _ in found]
    return {
        "rank_correlation": rank_correlation(asked, [speed for found in speeds.values() for speed in found]),
        "demonstrated_p90": None if demonstrated is None else round(demonstrated, 4),
        "asked": {
            f"{share:g}": {
                "speed_asked": round(share * largest_speed, 4),
                "speed_mean": round(float(np.mean(speeds[share])), 4),
                "speed_p5": round(float(np.percentile(speeds[share], 5)), 4),
                "speed_p95": round(float(np.percentile(speeds[share], 95)), 4),
                **gait_shares(found, asked=(gait,)),
            }
            for share, found in rollouts.items()
        },
    }


def bars(gaits: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """What was to be reached, what was, and whether that is enough; by name."""
    rows: dict[str, dict[str, Any]] = {}
    for gait, scores in gaits.items():
        got = scores["rank_correlation"]
        rows[f"{gait}: rank correlation"] = {"at_least": CORRELATION, "got": got, "reached": got >= CORRELATION}
        if scores["demonstrated_p90"] is not None:
            fastest, bar = scores["asked"]["1"]["speed_mean"], scores["demonstrated_p90"]
            rows[f"{gait}: speed at 1 [m/s]"] = {"at_least": bar, "got": fastest, "reached": fastest >= bar}
    return rows


def demonstrated_speed(directory: str | Path, *, percentile: float = PERCENTILE) -> dict[str, float]:
    """A percentile of the demonstrations' forward speed over a second, in each gait [m/s].

    Raises:
        DataError: there are no demonstrations, or they lack what progress is computed from, or a gait.
    """
    demonstrations = DemonstrationSet.load(directory, extras=[*NUMBER_EXTRAS["return"], "disturbed"])
    windows = index_windows(
        demonstrations, history=LABEL_STEPS, plan_steps=LABEL_STEPS, disturbed=demonstrations.extras["disturbed"]
    )
    speed = FASTEST * number_labels(
        demonstrations, windows, kind="return", scale=FASTEST, averaging_steps=LABEL_STEPS, step_duration=0.02
    )
    settled = windows.available_history >= LABEL_STEPS
    skills = demonstrations.skills[windows.current_action]
    found = {gait: speed[settled & (skills == number)] for number, gait in enumerate(GAITS)}
    missing = [gait for gait, speeds in found.items() if not len(speeds)]
    if missing:
        raise DataError(
            f"expected in {directory} a second of each gait that nothing disturbs, after a second of the same; "
            f"got none of {', '.join(missing)}; collect more episodes"
        )
    return {gait: float(np.percentile(speeds, percentile)) for gait, speeds in found.items()}
