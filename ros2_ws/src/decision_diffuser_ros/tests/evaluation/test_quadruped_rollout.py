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
