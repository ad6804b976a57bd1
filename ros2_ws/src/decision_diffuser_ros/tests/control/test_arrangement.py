"""What is asked of blocks, whether it holds, and what the arm does about it."""

from types import SimpleNamespace

import numpy as np
import pytest

from decision_diffuser_ros.control.arrangement import ArrangementMonitor, ArrangementSettings, Phase, relations_of
from decision_diffuser_ros.errors import ConditionError
from decision_diffuser_ros.planner.expression_parser import parse
from decision_diffuser_ros.planner.manifest_records import ConditionKind
from decision_diffuser_ros.simulation.block_constraints import CONSTRAINT_NAMES

BLOCKS = ("block_red", "block_green", "block_blue", "block_yellow")
OPEN, CLOSED = 0.08, 0.05


class Manifest(SimpleNamespace):
    """The part of a manifest that an expression needs."""

    def kind(self, name):
        return next((kind for kind in self.conditions if kind.kind == name), None)


MANIFEST = Manifest(
    name="test",
    conditions=(ConditionKind("constraint", names=CONSTRAINT_NAMES), ConditionKind("skill", names=("trot",))),
)


def monitor_of(text):
    return ArrangementMonitor(relations_of(parse(text, MANIFEST), BLOCKS), ArrangementSettings())


def place(*heights):
    """Blocks in one pile, by the levels they stand on."""
    return np.array([[0.5, 0.0, 0.025 + 0.05 * level] for level in heights])


def watch(monitor, position, *, begin=0.0, seconds=0.0, opening=OPEN, told=None):
    for time in begin + np.arange(0.0, seconds + 0.05, 0.1):
        monitor.observe(time, position, opening=opening, commanded_opening=opening if told is None else told)


def test_a_tower_counts_once_the_gripper_is_open_and_nothing_has_moved_for_a_second():
    monitor = monitor_of("red > green & green > blue")
    tower = place(2, 1, 0, 0)
    watch(monitor, tower, seconds=2.0, opening=CLOSED)
    assert monitor.is_fulfilled
    assert not monitor.is_built
    watch(monitor, tower, begin=2.0, seconds=0.8)
    assert monitor.phase is Phase.SETTLING
    assert not monitor.is_built
    swayed = tower + np.array([0.0, 0.003, 0.0])
    watch(monitor, swayed, begin=2.9, seconds=0.8)
    assert not monitor.is_built
    watch(monitor, swayed, begin=3.8, seconds=0.3)
    assert monitor.is_built
    assert monitor.placed == 2


def test_what_holds_and_what_fails_is_told_as_it_was_asked():
    monitor = monitor_of("red > green & green > blue & !(blue > red)")
    watch(monitor, place(1, 0, 0, 0))
    assert monitor.holding == ("red > green", "!(blue > red)")
    assert monitor.failing == ("green > blue",)
    assert not monitor.is_fulfilled


def test_of_alternatives_one_is_enough():
    monitor = monitor_of("red > green & green > blue | yellow > blue")
    watch(monitor, place(0, 0, 0, 1), seconds=1.0)
    assert monitor.is_built
    assert monitor.holding == ("yellow > blue",)


def test_less_than_half_a_block_higher_is_not_above():
    monitor = monitor_of("red > green")
    watch(monitor, place(0.48, 0, 0, 0))
    assert not monitor.is_fulfilled
    watch(monitor, place(0.52, 0, 0, 0))
    assert monitor.is_fulfilled


def test_phases_follow_the_gripper():
    monitor = monitor_of("red > green")
    assert monitor.phase is Phase.WAITING
    apart = place(0, 0, 0, 0) + np.arange(4)[:, None] * [0.2, 0.0, 0.0]
    lifted = apart + np.array([[0.0, 0.0, 0.06], [0, 0, 0], [0, 0, 0], [0, 0, 0]])
    seen = []
    for position, opening, told in (
        (apart, OPEN, OPEN),
        (apart, OPEN, 0.04),
        (apart, CLOSED, 0.04),
        (lifted, CLOSED, 0.04),
        (lifted, CLOSED, OPEN),
    ):
        watch(monitor, position, opening=opening, told=told)
        seen.append(monitor.phase)
    assert seen == [Phase.REACHING, Phase.GRASPING, Phase.GRASPING, Phase.CARRYING, Phase.RELEASING]


def test_a_block_in_the_gripper_is_not_placed():
    monitor = monitor_of("red > green")
    watch(monitor, place(0, 0, 0, 1), opening=CLOSED)
    held = place(0, 0, 0, 1)
    held[3, 2] += 0.02
    assert monitor.placed == 1
    watch(monitor, held, opening=CLOSED)
    assert monitor.placed == 0


def test_what_is_no_relation_between_objects_is_refused():
    with pytest.raises(ConditionError, match="a relation between two objects.* got 'trot'; objects: red, green"):
        monitor_of("trot")
    with pytest.raises(ConditionError, match="objects: none, this model does not see any"):
        relations_of(parse("red > green", MANIFEST), ())
