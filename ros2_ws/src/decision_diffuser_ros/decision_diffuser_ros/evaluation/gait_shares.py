"""Which gaits were seen, as shares of the time: the classifier's verdicts of many episodes in a few numbers.

Counted are the frames after the first half second, in which the robot finds its feet, until the end or a fall.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from decision_diffuser_ros.evaluation.expression_rollout import ExpressionRollout
from decision_diffuser_ros.evaluation.gait_pattern import PAIRS, leading_gait
from decision_diffuser_ros.evaluation.quadruped_gaits import SETTLING_STEPS
from decision_diffuser_ros.simulation.quadruped_model import CONTROL_STEP

GAITS = tuple(PAIRS)
"""What can be seen, in the order of the classifier's probabilities."""
SEEN_SHARE = 0.1
"""Share of an episode's frames from which a gait counts as seen in it."""
COUNTED_FRAMES = f"frames after the first {SETTLING_STEPS * CONTROL_STEP:g} s, until a fall"
"""What shares of gaits are shares of, for tables and pictures."""


def frames(rollout: ExpressionRollout) -> np.ndarray:
    """The likeliest gait of every window that counts, see `COUNTED_FRAMES`, (windows,) names."""
    settled = rollout.window_centre >= SETTLING_STEPS
    return np.asarray(GAITS)[np.argmax(rollout.gait_probability[settled], axis=1)]


def gait_shares(rollouts: Sequence[ExpressionRollout], *, asked: Collection[str] = GAITS) -> dict[str, Any]:
    """Shares of the frames of all episodes, survival, and whether the asked gaits are seen in each episode.

    Args:
        rollouts: of the same question.
        asked: the gaits of the question.

    Returns:
        `episodes`, `survived`, a share of frames for each gait, `all_asked_seen`, the share of the episodes in which
        every asked gait has at least a tenth of the frames, and `changes_per_second` from one gait to another.
    """
    seen = [frames(rollout) for rollout in rollouts]
    together = np.concatenate(seen) if seen else np.array([], dtype=str)
    in_each = [all(np.mean(each == gait) >= SEEN_SHARE for gait in asked) if len(each) else False for each in seen]
    changes = sum(int(np.count_nonzero(each[1:] != each[:-1])) for each in seen)
    count = max(1, len(together))
    return {
        "episodes": len(rollouts),
        "survived": _rounded(np.mean([rollout.survived for rollout in rollouts])),
        "shares": {gait: _rounded(np.count_nonzero(together == gait) / count) for gait in GAITS},
        "all_asked_seen": _rounded(np.mean(in_each)),
        "changes_per_second": _rounded(changes / (count * CONTROL_STEP)),
    }


def mean_speed(rollout: ExpressionRollout, *, from_step: int = 50) -> float:
    """Mean forward speed after the robot has sped up [m/s]; 0 where it fell before."""
    speeds = rollout.forward_speed[from_step:]
    return float(speeds.mean()) if len(speeds) else 0.0


def agreement_with_contacts(rollouts: Sequence[ExpressionRollout]) -> float:
    """Share of the frames in which the feet's contacts show the gait that the classifier sees."""
    agreeing = []
    for rollout in rollouts:
        settled = rollout.window_centre >= SETTLING_STEPS
        agreeing.append(frames(rollout) == leading_gait(rollout.foot_contacts)[rollout.window_centre[settled]])
    return _rounded(np.mean(np.concatenate(agreeing)))


def rank_correlation(asked: Sequence[float], achieved: Sequence[float]) -> float:
    """Spearman's: the correlation of the ranks, equal values sharing theirs; 0 where one of the two is constant."""
    first, second = (_ranks(np.asarray(values, dtype=float)) for values in (asked, achieved))
    if np.ptp(first) == 0.0 or np.ptp(second) == 0.0:
        return 0.0
    return _rounded(np.corrcoef(first, second)[0, 1])


def _ranks(values: np.ndarray) -> np.ndarray:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - 0.5 * (counts - 1))[inverse]


def _rounded(value: float | np.floating) -> float:
    return round(float(value), 4)
