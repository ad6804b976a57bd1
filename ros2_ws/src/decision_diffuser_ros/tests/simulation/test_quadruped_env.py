"""The environment keeps Gymnasium's contract."""

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.simulation import quadruped_model as model
from decision_diffuser_ros.simulation.quadruped_env import ENVIRONMENT_ID, STANDING_START, register


@pytest.fixture
def env():
    register()
    register()
    env = gymnasium.make(ENVIRONMENT_ID)
    yield env
    env.close()


def test_it_passes_gymnasiums_own_checker(env, recwarn):
    check_env(env.unwrapped, skip_render_check=True)
    complaints = [str(w.message) for w in recwarn if "gymnasium" in str(w.filename)]
    assert not [text for text in complaints if "symmetric" not in text and "normalized" not in text.lower()]


def test_the_same_seed_gives_the_same_episode_and_another_seed_another(env):
    def run(seed):
        states = [env.reset(seed=seed)[0]]
        states += [env.step(model.STANDING_POSE.astype(np.float32))[0] for _ in range(10)]
        return np.array(states)

    np.testing.assert_array_equal(run(3), run(3))
    assert not np.array_equal(run(3), run(4))


def test_an_episode_is_cut_after_250_steps_and_ends_with_a_fall(env):
    env.reset(seed=0, options={"start": STANDING_START})
    outcomes = [env.step(model.STANDING_POSE.astype(np.float32))[2:4] for _ in range(250)]
    assert outcomes[-1] == (False, True)
    assert not any(terminated or truncated for terminated, truncated in outcomes[:-1])
    env.reset(seed=0)
    env.unwrapped.world.reset(roll=2.0)
    assert env.step(model.STANDING_POSE.astype(np.float32))[2]


@pytest.mark.parametrize("delay", [-0.001, 0.0003, 0.0015, 0.02, float("nan")])
def test_a_delay_that_is_no_multiple_of_the_physics_step_below_a_control_step_is_refused(env, delay):
    with pytest.raises(ConfigurationError, match=r"the delay of a command must be a multiple of 0.001 s below 0.02 s"):
        env.reset(options={"command_delay": delay})


def test_a_standing_start_is_exactly_standing(env):
    state, info = env.reset(seed=5, options={"start": STANDING_START})
    np.testing.assert_allclose(state[:12], model.STANDING_POSE, atol=1e-6)
    assert info["heading"] == pytest.approx(0)


def test_a_picture_shows_the_robot_on_the_floor():
    register()
    env = gymnasium.make(ENVIRONMENT_ID, render_mode="rgb_array")
    env.reset(seed=0)
    picture = env.render()
    env.close()
    assert picture.dtype == np.uint8
    assert picture.ndim == 3
    assert picture.shape[2] == 3
    middle = picture[picture.shape[0] // 3 : -picture.shape[0] // 4, picture.shape[1] // 3 : -picture.shape[1] // 3]
    assert middle.std() > 20  # a robot, not an empty sky


def test_a_late_command_takes_hold_after_its_delay(env):
    def joints_after(actions, delay):
        env.reset(seed=4, options={"command_delay": delay})
        first = env.unwrapped.world.joint_position
        for targets in actions:
            env.step(first + targets)
        return env.unwrapped.world.joint_position - first

    prompt, late = joints_after([0.1], 0.0), joints_after([0.1], 0.008)
    assert np.abs(late).max() < np.abs(prompt).max()
    np.testing.assert_allclose(joints_after([0.0, 0.0], 0.008), joints_after([0.0, 0.0], 0.0), atol=1e-6)
