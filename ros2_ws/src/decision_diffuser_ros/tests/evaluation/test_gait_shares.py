"""Shares of gaits count frames, falls and changes as they say; ranks correlate as SciPy's do."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from decision_diffuser_ros.evaluation.expression_rollout import ExpressionRollout, ExpressionTask
from decision_diffuser_ros.evaluation.gait_composition import bars
from decision_diffuser_ros.evaluation.gait_shares import (
    GAITS,
    agreement_with_contacts,
    frames,
    gait_shares,
    mean_speed,
    rank_correlation,
)
from tests.evaluation.test_gait_pattern import contacts_of

WINDOW = 10


def rollout(*stretches, survived=True, contacts=None, speed=0.5, steps=None):
    """An episode in which a classifier is sure of (gait, windows) one after the other; its first centre is step 5."""
    likeliest = [GAITS.index(gait) for gait, windows in stretches for _ in range(windows)]
    length = len(likeliest) + WINDOW - 1 if steps is None else steps
    return ExpressionRollout(
        task=ExpressionTask(seed=0, expression="trot"),
        survived=survived,
        gait_probability=np.eye(len(GAITS))[likeliest] if likeliest else np.empty((0, len(GAITS))),
        window_centre=np.arange(len(likeliest)) + WINDOW // 2,
        foot_contacts=np.zeros((length, 4), bool) if contacts is None else contacts,
        forward_speed=np.full(length, speed),
    )


def test_the_first_half_second_is_no_frame():
    assert frames(rollout(("trot", 20), ("pace", 80))).tolist() == ["pace"] * 80


def test_shares_are_of_all_frames_and_add_up_to_one():
    scores = gait_shares([rollout(("trot", 20 + 60), ("pace", 20)), rollout(("pace", 20 + 80))], asked=("trot", "pace"))
    assert scores["shares"] == {"trot": 0.375, "pace": 0.625, "bound": 0.0}
    assert scores["all_asked_seen"] == 0.5  # the second episode has no trot
    assert scores["changes_per_second"] == pytest.approx(1 / (160 * 0.02), abs=1e-4)
    assert scores["survived"] == 1.0


def test_a_fall_before_the_first_frame_leaves_no_frames_and_counts_as_a_fall():
    scores = gait_shares([rollout(survived=False, steps=5), rollout(("bound", 120))], asked=("bound",))
    assert scores["survived"] == 0.5
    assert scores["shares"]["bound"] == 1.0
    assert scores["all_asked_seen"] == 0.5
    assert gait_shares([rollout(survived=False, steps=5)])["shares"] == dict.fromkeys(GAITS, 0.0)


def test_agreement_compares_each_frame_with_the_contacts_around_its_centre():
    contacts = np.concatenate([contacts_of("trot", 129)])
    assert agreement_with_contacts([rollout(("trot", 120), contacts=contacts)]) == 1.0
    assert agreement_with_contacts([rollout(("trot", 70), ("pace", 50), contacts=contacts)]) == 0.5


def test_the_mean_speed_leaves_out_the_first_second():
    fast = rollout(("trot", 120))
    fast.forward_speed[:50] = 0.0
    assert mean_speed(fast) == pytest.approx(0.5)
    assert mean_speed(rollout(steps=30)) == 0.0


def test_rank_correlation_is_spearmans_with_ties():
    rng = np.random.default_rng(0)
    asked = rng.integers(5, size=200) / 5
    achieved = asked + rng.normal(size=200)
    assert rank_correlation(asked, achieved) == pytest.approx(spearmanr(asked, achieved).statistic, abs=1e-4)
    assert rank_correlation([0.1, 0.2, 0.3], [1.0, 8.0, 9.0]) == 1.0
    assert rank_correlation([0.1, 0.2, 0.3], [1.0, 1.0, 1.0]) == 0.0


def test_bars_take_the_worst_gait_and_the_worst_pair():
    def row(trot, pace, bound, survived=1.0):
        return {"shares": {"trot": trot, "pace": pace, "bound": bound}, "survived": survived}

    scores = {
        "single": {"trot": row(0.99, 0.01, 0.0), "pace": row(0.0, 1.0, 0.0), "bound": row(0.0, 0.0, 1.0)},
        "pairs": {
            "trot & pace": row(0.60, 0.40, 0.0),
            "trot & bound": row(0.34, 0.0, 0.66, survived=0.96),
            "pace & bound": row(0.02, 0.49, 0.49),
        },
        "classifier_agreement": 0.995,
    }
    judged = {name: (bar["got"], bar["reached"]) for name, bar in bars(scores).items()}
    assert judged == {
        "share of a gait asked alone": (0.99, True),
        "share of each of two gaits": (0.34, False),
        "survival of pairs": (0.96, False),
        "agreement of classifier and contacts": (0.995, True),
        "share of the third gait": (0.02, False),
    }
