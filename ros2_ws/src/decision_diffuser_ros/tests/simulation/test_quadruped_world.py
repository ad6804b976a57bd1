"""The simulated A1: states as a robot would measure them, contacts, pushes, and the same run twice."""

import numpy as np
import pytest

from decision_diffuser_ros.errors import ConfigurationError, StateError
from decision_diffuser_ros.evaluation import gait_pattern
from decision_diffuser_ros.simulation import quadruped_body
from decision_diffuser_ros.simulation import quadruped_model as model
from decision_diffuser_ros.simulation.gait_expert import GaitExpert
from decision_diffuser_ros.simulation.quadruped_world import QuadrupedWorld, QuadrupedWorldSettings


@pytest.fixture(scope="module")
def world():
    world = QuadrupedWorld(QuadrupedWorldSettings(time_step=0.002))
    yield world
    world.close()


def stand(world, seconds):
    for _ in range(round(seconds / 0.02)):
        world.step(model.STANDING_POSE)


def test_a_standing_robot_stands_level_on_four_feet(world):
    world.reset()
    stand(world, 0.5)
    assert world.foot_contacts.all()
    assert not world.fallen
    np.testing.assert_allclose(world.gravity_direction_in_base, [0, 0, -1], atol=0.05)
    assert world.base_position_in_world[2] == pytest.approx(model.STANDING_HEIGHT, abs=0.04)
    assert world.linear_acceleration_in_base[2] == pytest.approx(9.81, abs=0.5)


def test_the_state_is_joints_then_gravity_then_turning(world):
    world.reset(roll=0.3)
    state = world.state()
    np.testing.assert_allclose(state[:12], world.joint_position)
    np.testing.assert_allclose(state[12:24], world.joint_velocity)
    np.testing.assert_allclose(state[24:27], [0, -np.sin(0.3), -np.cos(0.3)], atol=1e-6)
    np.testing.assert_allclose(state[27:], 0)


@pytest.mark.parametrize("pose, tilt", [({"yaw": 1.0}, 0.0), ({"roll": -0.3}, 0.3), ({"pitch": 0.2, "yaw": 2.0}, 0.2)])
def test_the_tilt_is_the_angle_to_the_vertical(world, pose, tilt):
    world.reset(**pose)
    assert world.tilt == pytest.approx(tilt, abs=1e-6)


def test_there_is_no_stale_contact_after_a_reset(world):
    world.reset()
    stand(world, 0.2)
    world.reset(drop_height=0.1)
    assert not world.foot_contacts.any()


def test_efforts_stay_within_each_joints_limit(world):
    world.reset()
    for sign in (1, -1):
        world.step(np.where(sign > 0, model.JOINT_UPPER, model.JOINT_LOWER))
        assert (np.abs(world.joint_effort) <= model.MAX_EFFORT + 1e-9).all()


def test_a_push_changes_the_velocity_in_the_frame_of_the_body(world):
    world.reset(yaw=np.pi / 2)
    world.push([0.4, 0, 0])
    np.testing.assert_allclose(world.linear_velocity_in_world, [0, 0.4, 0], atol=1e-6)


@pytest.mark.parametrize("push", [[np.nan, 0.0, 0.0], [0.0, np.inf, 0.0]])
def test_a_push_that_is_not_finite_is_refused_and_changes_nothing(world, push):
    world.reset()
    with pytest.raises(StateError, match=r"the push must be finite \[m/s\]\. Got (nan|inf)"):
        world.push(push)
    world.step(model.STANDING_POSE)
    assert np.isfinite(world.state()).all()


@pytest.mark.parametrize("duration", [0.0, 0.0003, 0.003, 0.019])
def test_a_duration_that_is_no_whole_number_of_physics_steps_is_refused(world, duration):
    world.reset()
    with pytest.raises(ConfigurationError, match=rf"whole physics steps of 0.002 s, at least one. Got {duration:g} s"):
        world.step(model.STANDING_POSE, duration=duration)
    assert world.time == 0.0


def test_the_same_episode_comes_out_the_same_twice(world):
    states = []
    for _ in range(2):
        world.reset(drop_height=0.02)
        expert = GaitExpert(skill="trot", forward_speed=0.7)
        for _ in range(50):
            world.step(expert.targets(world))
        states.append(world.state())
    np.testing.assert_array_equal(*states)


def test_the_floor_has_no_end(world, monkeypatch):
    monkeypatch.setattr(quadruped_body, "FLOOR_REACH", 0.3)
    world.reset()
    expert = GaitExpert(skill="trot", forward_speed=0.7)
    contacts = []
    for _ in range(200):
        world.step(expert.targets(world))
        contacts.append(world.foot_contacts)
    assert not world.fallen
    assert world.base_position_in_world[0] > 2
    assert gait_pattern.pattern_share(np.array(contacts[25:]), "trot") > 0.95


def test_a_robot_beyond_where_the_floor_lay_stands_on_it_and_after_a_reset_at_the_origin(world):
    world.reset()
    world.base_position_in_world += [150.0, -330.4, 0.0]
    world._body.place(world.base_position_in_world, world.base_orientation, world.joint_position)
    for _ in range(2):
        stand(world, 0.3)
        assert world.foot_contacts.all()
        assert world.base_position_in_world[2] == pytest.approx(model.STANDING_HEIGHT, abs=0.04)
        world.reset()


def test_a_robot_on_its_back_has_fallen(world):
    world.reset(roll=np.pi)
    assert world.fallen


def test_settings_out_of_range_are_refused():
    with pytest.raises(ConfigurationError, match=r"`time_step` must be between 0.0001 and 0.005 s. Got 0.5."):
        QuadrupedWorldSettings(time_step=0.5)
