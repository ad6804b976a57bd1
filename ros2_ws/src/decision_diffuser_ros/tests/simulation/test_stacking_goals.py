"""What is built and how it is labelled."""

import collections
import dataclasses
import itertools

import numpy as np

from decision_diffuser_ros.planner.piles import moves_between
from decision_diffuser_ros.simulation.block_arrangement import SCATTERED, from_piles, piles_of
from decision_diffuser_ros.simulation.block_constraints import constraint_index
from decision_diffuser_ros.simulation.stacking_goals import FROM_PILES, FROM_TABLE, constraints_of

TOWER = from_piles([[0, 1, 2, 3]])


def draws(preference, start, count=600):
    random = np.random.default_rng(0)
    return [preference.draw(random, start) for _ in range(count)]


def test_the_label_always_holds_in_the_goal_and_every_label_comes():
    for preference, start in ((FROM_TABLE, SCATTERED), (FROM_PILES, TOWER)):
        drawn = draws(preference, start)
        assert all(constraints_of(goal)[label] for goal, label in drawn)
        labels = collections.Counter(label for _, label in drawn)
        assert len(labels) == 12
        if start == SCATTERED:
            assert min(labels.values()) > 25


def test_a_label_is_shown_by_every_kind_of_arrangement():
    """What two constraints have in common must be among the demonstrations of each."""
    label = constraint_index("red > blue")
    goals = {goal for goal, drawn in draws(FROM_TABLE, SCATTERED, 2500) if drawn == label}
    kinds = collections.Counter(len(piles_of(goal)) for goal in goals)
    assert kinds[1] >= 10  # of 12, half of all towers of four
    assert kinds[2] >= 10
    assert kinds[3] == 3  # red on any other block


def test_labels_that_hold_already_are_the_minority():
    drawn = draws(FROM_PILES, TOWER)
    new = np.mean([not constraints_of(TOWER)[label] for _, label in drawn])
    assert 0.7 < new < 0.9
    assert any(goal == TOWER for goal, _ in drawn)


def test_no_goal_is_further_away_than_the_preference_says():
    near = dataclasses.replace(FROM_PILES, most_moves=4)
    for preference in (FROM_PILES, near):
        moves = [moves_between(TOWER, goal) for goal, _ in draws(preference, TOWER)]
        assert max(moves) == preference.most_moves


def test_the_further_a_goal_is_the_rarer_it_is():
    """Of the towers that one label allows, as they differ in nothing else that counts."""
    label = constraint_index("red > green")
    towers = [from_piles([list(order)]) for order in itertools.permutations(range(4))]
    towers = [goal for goal in towers if constraints_of(goal)[label]]
    drawn = collections.Counter(goal for goal, of in draws(FROM_PILES, TOWER, 6000) if of == label)
    by_moves = collections.defaultdict(list)
    for goal in towers:
        by_moves[moves_between(TOWER, goal)].append(drawn[goal])
    means = [np.mean(by_moves[moves]) for moves in sorted(by_moves)]
    assert len(means) >= 2
    assert all(near > far > 0 for near, far in itertools.pairwise(means))
