"""One closed-loop episode of the gaits: what the world is told."""

import numpy as np

from decision_diffuser_ros.evaluation.quadruped_policies import ExpertPolicy
from decision_diffuser_ros.evaluation.quadruped_rollout import GaitTask, run_episode
from decision_diffuser_ros.simulation.quadruped_env import QuadrupedGaitsEnv


def test_late_commands_change_how_the_robot_walks_and_nothing_else_about_the_episode():
    env = QuadrupedGaitsEnv()
    prompt, late = (
        run_episode(GaitTask(seed=2, skills=("trot",), steps=25, command_delay=delay), ExpertPolicy(), env)
        for delay in (0.0, 0.008)
    )
    env.close()
    assert prompt.forward_speed_command == late.forward_speed_command
    assert len(prompt.forward_speed) == len(late.forward_speed) == 25
    assert not np.array_equal(prompt.forward_speed, late.forward_speed)


def test_the_speed_that_is_asked_tells_nothing_about_the_floor(monkeypatch):
    env, frictions = QuadrupedGaitsEnv(), []
    monkeypatch.setattr(env.world, "set_friction", frictions.append)
    speeds = [
        run_episode(GaitTask(seed=seed, skills=("trot",), steps=1), ExpertPolicy(), env).forward_speed_command
        for seed in range(100)
    ]
    env.close()
    assert abs(np.corrcoef(frictions, speeds)[0, 1]) < 0.3
