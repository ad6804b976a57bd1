"""The expert fulfils requests in closed loop, and an episode ends when it has."""

import pytest

from decision_diffuser_ros.evaluation.stacking_policies import ExpertPolicy
from decision_diffuser_ros.evaluation.stacking_rollout import run_episode
from decision_diffuser_ros.evaluation.stacking_trace import SETTLING_STEPS, Failure
from decision_diffuser_ros.simulation.stacking_env import BlockStackingEnv


@pytest.fixture(scope="module")
def env():
    env = BlockStackingEnv()
    yield env
    env.close()


class Idle:
    """Stays where it is."""

    plan_seconds: tuple = ()

    def start(self, request, world, rng):
        """Nothing to do."""

    def targets(self, world):
        return world.targets


def test_the_expert_stacks_one_block_and_the_episode_ends(env):
    looks = []
    rollout = run_episode("single_stacking", 4, ExpertPolicy(), env, watch=lambda world: looks.append(world.time))
    assert rollout.is_success
    assert rollout.failure is None
    assert rollout.credit == 1.0
    assert 30 < rollout.steps < 120
    assert len(looks) == rollout.steps + SETTLING_STEPS + 1


def test_who_does_nothing_runs_out_of_time_without_a_grasp(env):
    rollout = run_episode("multi_stacking", 4, Idle(), env, most_steps=15)
    assert rollout.steps == 15
    assert not rollout.is_success
    assert rollout.failure is Failure.NEVER_GRASPED
    assert rollout.credit == 0.0


def test_the_same_seed_asks_everybody_for_the_same(env):
    requests = [run_episode("not", 9, Idle(), env, most_steps=1).request for _ in range(2)]
    assert requests[0] == requests[1]
    assert len(requests[0].refused) == 1
