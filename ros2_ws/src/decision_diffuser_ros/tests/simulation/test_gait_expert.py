"""The scripted expert walks every gait, in the gait's own pattern, and changes from any to any."""

import itertools

import numpy as np
import pytest

from decision_diffuser_ros.errors import ConditionError
from decision_diffuser_ros.evaluation import gait_pattern
from decision_diffuser_ros.simulation.gait_expert import GaitExpert
from decision_diffuser_ros.simulation.gait_parameters import GAITS, blend
from decision_diffuser_ros.simulation.quadruped_world import QuadrupedWorld, QuadrupedWorldSettings


@pytest.fixture(scope="module")
def world():
    world = QuadrupedWorld(QuadrupedWorldSettings(time_step=0.002))
    yield world
    world.close()


def walk(world, expert, steps, *, switch=None):
    """Contacts (steps, 4) and forward speed (steps,) of a run; `switch` is (control step, gait)."""
    contacts, speeds = [], []
    for control_step in range(steps):
        if switch and control_step == switch[0]:
            expert.switch_to(switch[1])
        world.step(expert.targets(world))
        contacts.append(world.foot_contacts)
        speeds.append(world.linear_velocity_in_base[0])
    return np.array(contacts), np.array(speeds)


@pytest.mark.parametrize("gait", GAITS)
def test_every_gait_keeps_its_pattern_and_the_commanded_speed(world, gait):
    world.reset()
    contacts, speeds = walk(world, GaitExpert(skill=gait, forward_speed=0.6), 150)
    assert not world.fallen
    assert gait_pattern.pattern_share(contacts[25:], gait) > 0.95
    assert gait_pattern.gait_share(contacts[25:], gait) > 0.98
    assert speeds[50:].mean() == pytest.approx(0.6, abs=0.09)


@pytest.mark.parametrize(("old", "new"), list(itertools.permutations(GAITS, 2)))
def test_every_gait_follows_from_every_other_within_half_a_second(world, old, new):
    world.reset()
    contacts, _ = walk(world, GaitExpert(skill=old, forward_speed=0.6), 130, switch=(70, new))
    assert not world.fallen
    reached = gait_pattern.steps_to_reach(contacts, new, switch_step=70)
    assert reached is not None
    assert reached <= 25


def test_an_unknown_gait_is_refused_with_the_known_ones():
    with pytest.raises(ConditionError, match="gait 'galop' is not known; available: bound, pace, trot"):
        GaitExpert(skill="galop", forward_speed=0.5)


def test_blended_phases_go_the_shorter_way_round():
    halfway = blend(GAITS["trot"], GAITS["pace"], 0.5)
    distance = np.abs((np.array(halfway.phase_offsets) - GAITS["trot"].phase_offsets + 0.5) % 1 - 0.5)
    assert (distance <= 0.25 + 1e-12).all()
    assert halfway.period == pytest.approx((GAITS["trot"].period + GAITS["pace"].period) / 2)
