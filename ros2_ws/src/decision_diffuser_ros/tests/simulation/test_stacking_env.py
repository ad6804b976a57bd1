"""The environment keeps Gymnasium's contract."""

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from decision_diffuser_ros.simulation import stacking_model as model
from decision_diffuser_ros.simulation.block_arrangement import arrangement_of, from_piles, piles_of
from decision_diffuser_ros.simulation.block_constraints import CONSTRAINT_NAMES, constraint_index
from decision_diffuser_ros.simulation.block_orientation import yaw_of
from decision_diffuser_ros.simulation.stacking_env import ENVIRONMENT_ID, register
from decision_diffuser_ros.simulation.stacking_start import STACKED_START, StackingStart
from decision_diffuser_ros.simulation.table_places import AZIMUTH_RANGE, RADIUS_RANGE

TWO_TOWERS = StackingStart((((2, 2), 1.0),))


@pytest.fixture(scope="module")
def env():
    register()
    register()
    env = gymnasium.make(ENVIRONMENT_ID)
    yield env
    env.close()


def standing_still(env):
    return env.unwrapped.world.targets.astype(np.float32)


def test_it_passes_gymnasiums_own_checker(recwarn):
    register()
    env = gymnasium.make(ENVIRONMENT_ID)
    check_env(env.unwrapped, skip_render_check=True)
    env.close()
    complaints = [str(w.message) for w in recwarn if "gymnasium" in str(w.filename)]
    assert not [text for text in complaints if "symmetric" not in text and "normalized" not in text.lower()]


def test_the_same_seed_gives_the_same_episode_and_another_seed_another(env):
    def run(seed):
        states = [env.reset(seed=seed)[0]]
        states += [env.step(standing_still(env))[0] for _ in range(3)]
        return np.array(states)

    np.testing.assert_array_equal(run(3), run(3))
    assert not np.array_equal(run(3), run(4))


def test_an_episode_is_cut_after_384_steps(env):
    assert env.spec.max_episode_steps == 384


def test_blocks_start_within_reach_and_with_a_yaw_that_says_which_faces_to_grip(env):
    for seed in range(10):
        state, _ = env.reset(seed=seed, options={"start": STACKED_START})
        blocks = state[8:].reshape(4, 7)
        assert (np.abs(yaw_of(blocks[:, 3:])) < np.pi / 4 - 0.05).all()
        radius = np.hypot(blocks[:, 0], blocks[:, 1])
        assert radius.min() > RADIUS_RANGE[0] - 0.02
        assert radius.max() < RADIUS_RANGE[1] + 0.02
        assert np.abs(np.arctan2(blocks[:, 1], blocks[:, 0])).max() < AZIMUTH_RANGE[1] + 0.05
        assert (np.abs(state[:7]) <= model.ACTION_UPPER[:7]).all()


def test_piles_stand_as_they_were_drawn(env):
    env.reset(seed=1, options={"start": TWO_TOWERS})
    arrangement = arrangement_of(env.unwrapped.world.block_position)
    assert sorted(map(len, piles_of(arrangement))) == [2, 2]
    for _ in range(10):
        state, *_ = env.step(standing_still(env))
    assert arrangement_of(state[8:].reshape(4, 7)[:, :3]) == arrangement


def test_the_reward_is_the_share_of_the_asked_constraints_that_hold(env):
    pile = from_piles([[0, 1], [2, 3]])
    asked = [constraint_index(name) for name in ("green > red", "green > blue", "red > green", "green > yellow")]
    for seed in range(100):
        env.reset(seed=seed, options={"start": TWO_TOWERS, "asked": asked})
        if arrangement_of(env.unwrapped.world.block_position) == pile:
            break
    _, reward, terminated, truncated, info = env.step(standing_still(env))
    assert reward == pytest.approx(0.5)
    assert not terminated
    assert not truncated
    assert info["asked"][0] == "green > red"
    assert {CONSTRAINT_NAMES[index] for index in np.flatnonzero(info["constraints_hold"])} == {
        "green > red", "green > blue", "yellow > red", "yellow > blue"
    }  # fmt: skip


def test_a_picture_shows_the_arm_and_the_blocks():
    register()
    env = gymnasium.make(ENVIRONMENT_ID, render_mode="rgb_array")
    env.reset(seed=0)
    picture = env.render()
    env.close()
    assert picture.dtype == np.uint8
    assert picture.ndim == 3
    red = (picture[..., 0] > 100) & (picture[..., 1] < 70) & (picture[..., 2] < 70)
    assert red.sum() > 30
    assert picture.std() > 20  # an arm on a table, not an empty sky
