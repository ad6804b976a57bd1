"""Scores count what they say: falls against the pattern, switches never reached as infinitely late."""

import numpy as np
import pytest

from decision_diffuser_ros.evaluation.quadruped_gaits import (
    EvaluationSize,
    episode_jobs,
    gait_scores,
    switch_scores,
)
from decision_diffuser_ros.evaluation.quadruped_rollout import GaitRollout, GaitTask
from tests.evaluation.test_gait_pattern import contacts_of


def rollout(contacts, *, steps=None, skills=("trot",), switch_steps=(), speed=0.5):
    """A rollout with these contacts; it ended in a fall where it is shorter than `steps`."""
    steps = len(contacts) if steps is None else steps
    return GaitRollout(
        task=GaitTask(seed=0, skills=skills, switch_steps=switch_steps, steps=steps),
        survived=len(contacts) == steps,
        forward_speed_command=0.5,
        foot_contacts=contacts,
        forward_speed=np.full(len(contacts), speed),
        plan_seconds=np.array([0.004]),
    )


def test_a_perfect_gait_scores_full_marks():
    scores = gait_scores([rollout(contacts_of("trot", 225))])
    assert scores == {"episodes": 1, "survived": 1.0, "pattern_share": 1.0, "gait_share": 1.0, "speed_mean": 0.5}


def test_the_time_after_a_fall_counts_as_time_outside_the_pattern():
    scores = gait_scores([rollout(contacts_of("trot", 125), steps=225)])
    assert scores["survived"] == 0.0
    assert scores["pattern_share"] == pytest.approx(0.5)
    assert scores["gait_share"] == pytest.approx(0.5)


def test_a_robot_that_stands_still_survives_without_a_gait():
    scores = gait_scores([rollout(np.ones((225, 4), dtype=bool), speed=0.0)])
    assert scores["survived"] == 1.0
    assert scores["gait_share"] == 0.0
    assert scores["speed_mean"] == 0.0


def test_a_switch_that_is_never_reached_makes_the_time_to_reach_infinite():
    good = np.concatenate([contacts_of("trot", 110), contacts_of("pace", 100)])
    bad = contacts_of("trot", 210)
    asked = {"skills": ("trot", "pace"), "switch_steps": (100,)}
    scores = switch_scores([rollout(good, **asked)] * 9 + [rollout(bad, **asked)])
    assert scores["switches"] == 10
    assert scores["reached"] == pytest.approx(0.9)
    assert scores["seconds_to_reach_p95"] is None
    assert switch_scores([rollout(good, **asked)])["seconds_to_reach_p95"] == pytest.approx(0.2, abs=0.05)


def test_there_is_a_seed_for_every_episode_and_more_episodes_begin_with_those_of_fewer():
    few, many = (episode_jobs(EvaluationSize.for_episodes(episodes), 1000) for episodes in (6, 30_000))
    assert [job.task.seed for job in few["planner trot"]] == [job.task.seed for job in many["planner trot"][:6]]
    assert len(many["push bound"]) == len(many["switch bound pace"]) == 5_000


def test_switches_and_pushes_are_a_sixth_of_the_episodes():
    assert EvaluationSize.for_episodes(300) == EvaluationSize(
        gait=300, baseline=100, switch=50, push=50, coarse=50, timed=4
    )
    assert EvaluationSize.for_episodes(9, gaits_only=True) == EvaluationSize(
        gait=9, baseline=0, switch=0, push=0, coarse=0, timed=4
    )
    assert EvaluationSize.for_episodes(1) == EvaluationSize(gait=1, baseline=1, switch=1, push=1, coarse=1, timed=1)
