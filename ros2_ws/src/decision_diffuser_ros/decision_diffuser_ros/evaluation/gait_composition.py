"""Two gaits at once (Ajay 2023, Sec. 4.3): what share of the time each is seen, beside what the paper says cannot work.

The planner composes the estimates for two gaits at every denoising step (Eq. 9). In the stride of one gait the estimate
without condition is that same gait, so that their sum asks for a change to the other one, and once there for a change
back: with a guidance weight of 1, just for that. See `planner.composition_follower` for how such a change is carried
through.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from decision_diffuser_ros.evaluation.expression_rollout import EXPERT, SUMMED, ExpressionRollout
from decision_diffuser_ros.evaluation.gait_experiment import GaitExperiment
from decision_diffuser_ros.evaluation.gait_shares import GAITS, agreement_with_contacts, gait_shares

PAIRS = tuple(itertools.combinations(GAITS, 2))
SINGLE_SHARE, PAIR_SHARE, THIRD_SHARE, PAIR_SURVIVAL, AGREEMENT = 0.985, 0.35, 0.01, 0.97, 0.99
"""What is to be reached: see `bars`."""


def single_name(gait: str) -> str:
    """The group of a gait asked alone."""
    return f"only {gait}"


def pair_name(pair: Sequence[str]) -> str:
    """The group of two gaits asked together."""
    return " & ".join(pair)


def summed_name(pair: Sequence[str]) -> str:
    """The group of two gaits told to the network as one condition."""
    return " + ".join(pair)


def evaluate(
    experiment: GaitExperiment, *, episodes: int, baseline_episodes: int, expert_episodes: int
) -> tuple[dict[str, Any], dict[str, ExpressionRollout]]:
    """Scores, JSON-able, and one episode of each question for the plot.

    Args:
        experiment: the model and the means.
        episodes: of each gait and of each pair.
        baseline_episodes: of each pair with summed one-hot conditions.
        expert_episodes: of each gait, driven by the expert, on which the classifier is held to the feet's contacts.
    """
    groups = {single_name(gait): experiment.jobs(gait, episodes) for gait in GAITS}
    groups |= {pair_name(pair): experiment.jobs(pair_name(pair), episodes) for pair in PAIRS}
    groups |= {summed_name(pair): experiment.jobs(pair_name(pair), baseline_episodes, driver=SUMMED) for pair in PAIRS}
    groups |= {f"expert {gait}": experiment.jobs(gait, expert_episodes, driver=EXPERT) for gait in GAITS}
    rollouts = experiment.run(groups)
    scores: dict[str, Any] = {
        "episodes": episodes,
        "seed": experiment.seed,
        **experiment.facts(),
        "single": {gait: gait_shares(rollouts[single_name(gait)], asked=(gait,)) for gait in GAITS},
        "pairs": {pair_name(pair): gait_shares(rollouts[pair_name(pair)], asked=pair) for pair in PAIRS},
        "summed": {
            summed_name(pair): gait_shares(rollouts[summed_name(pair)], asked=pair)
            for pair in PAIRS
            if baseline_episodes
        },
        "classifier_agreement": agreement_with_contacts(
            [rollout for gait in GAITS for rollout in rollouts[f"expert {gait}"]]
        ),
    }
    shown = {name: found[0] for name, found in rollouts.items() if found and not name.startswith("expert")}
    return scores | {"bars": bars(scores)}, shown


def bars(scores: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What was to be reached, what was, and whether that is enough; by name.

    The worst of all gaits or pairs counts. In a pair, that is the smaller share of the two gaits asked and the largest
    share of the third.
    """
    asked = {name: row["shares"] for name, row in scores["pairs"].items()}
    wanted = [min(share for gait, share in shares.items() if gait in name) for name, shares in asked.items()]
    third = [max(share for gait, share in shares.items() if gait not in name) for name, shares in asked.items()]
    alone = [row["shares"][gait] for gait, row in scores["single"].items()]
    least = {
        "share of a gait asked alone": (min(alone), SINGLE_SHARE),
        "share of each of two gaits": (min(wanted), PAIR_SHARE),
        "survival of pairs": (min(row["survived"] for row in scores["pairs"].values()), PAIR_SURVIVAL),
        "agreement of classifier and contacts": (scores["classifier_agreement"], AGREEMENT),
    }
    rows = {name: {"at_least": bar, "got": got, "reached": bool(got >= bar)} for name, (got, bar) in least.items()}
    got = max(third)
    return rows | {"share of the third gait": {"below": THIRD_SHARE, "got": got, "reached": bool(got < THIRD_SHARE)}}


def probability_over_time(rollout: ExpressionRollout, *, step_duration: float) -> tuple[np.ndarray, np.ndarray]:
    """Time [s] and probability (windows, gaits) of each gait in an episode."""
    return (rollout.window_centre + 1) * step_duration, rollout.gait_probability
