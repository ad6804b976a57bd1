"""Unsafe commands are found in what a robot was sent, and safe ones are not taken for such."""

import numpy as np
import pytest

from decision_diffuser_ros.evaluation.command_record import CommandBounds, CommandRecord

BOUNDS = CommandBounds(
    lower=np.array([-1.0, -1.0]),
    upper=np.array([1.0, 1.0]),
    max_velocity=np.array([5.0, 5.0]),
    max_acceleration=np.array([100.0, 100.0]),
    step_duration=0.02,
)


def recorded(commands, *, pose=(0.0, 0.0), breaks=()):
    record = CommandRecord(breaks=list(breaks))
    for command in commands:
        record.add(np.array(command, dtype=float), np.array(pose))
    return record


def smooth(count=40, *, begin=0.0):
    """A slow swing: well within every limit."""
    angle = np.linspace(0.0, np.pi, count)
    return [(begin + 0.2 * value, 0.0) for value in np.sin(angle) ** 2]


def test_slow_commands_are_safe():
    findings = recorded(smooth()).findings(BOUNDS)
    assert findings.problems == []
    assert findings.commands == 40
    assert 0.0 < findings.velocity_share < 1.0
    assert 0.0 < findings.acceleration_share < 1.0


@pytest.mark.parametrize(
    "command, problem",
    [
        ((np.nan, 0.0), "1 commands were not finite"),
        ((np.inf, 0.0), "1 commands were not finite"),
        ((0.0, 1.1), "1 commands were beyond the position limits"),
        ((0.3, 0.0), "a command jumped by 3.00 of the velocity limit"),
        ((0.06, 0.0), "a command changed speed by 3.00 of the acceleration limit"),
    ],
)
def test_one_bad_command_is_found(command, problem):
    commands = [(0.0, 0.0)] * 20 + [command] + [(0.0, 0.0)] * 20
    assert problem in recorded(commands).findings(BOUNDS).problems


def test_commands_may_begin_anew_once_where_it_is_announced():
    commands = [(0.0, 0.0)] * 20 + [(0.5, 0.0)] * 20
    assert recorded(commands, pose=(0.5, 0.0)).findings(BOUNDS, begin=1).problems
    announced = recorded(commands, pose=(0.5, 0.0), breaks=[(15, 25)]).findings(BOUNDS, begin=1)
    assert announced.problems == []
    assert announced.starts == 1
    assert announced.largest_start == 0.0


def test_a_second_jump_in_the_same_place_is_found():
    commands = [(0.0, 0.0)] * 20 + [(0.5, 0.0)] * 2 + [(0.0, 0.0)] * 20
    assert recorded(commands, breaks=[(15, 25)]).findings(BOUNDS).problems


def test_commands_that_begin_away_from_the_measured_pose_are_found():
    commands = [(0.0, 0.0)] * 20 + [(0.9, 0.0)] * 20
    problems = recorded(commands, pose=(0.0, 0.0), breaks=[(15, 25)]).findings(BOUNDS).problems
    assert problems == ["commands began 0.90 rad away from the measured pose"]


def test_only_the_commands_asked_for_are_judged():
    commands = [(0.0, 0.0)] * 5 + [(0.5, 0.0)] + [(0.5, 0.0)] * 10
    assert recorded(commands).findings(BOUNDS, begin=6).problems == []


def test_bounds_are_those_of_the_parameter_file_at_the_rate_of_its_commands():
    limits = {"position_lower": [-1.0], "position_upper": [1.0], "velocity": [2.0], "acceleration": [30.0]}
    assert CommandBounds.from_parameters({"limits": limits, "step_duration": 0.02}).step_duration == 0.02
    twice = CommandBounds.from_parameters({"limits": limits, "step_duration": 0.02, "commands_per_step": 2})
    assert twice.step_duration == 0.01
    assert (twice.lower, twice.max_velocity, twice.max_acceleration) == ([-1.0], [2.0], [30.0])


def test_no_commands_are_safe():
    findings = recorded([]).findings(BOUNDS)
    assert (findings.commands, findings.problems) == (0, [])
