"""What a planner sees through noisy sensors."""

from types import SimpleNamespace

import numpy as np

from decision_diffuser_ros.evaluation.quadruped_policies import ExpertPolicy, PlannerPolicy
from decision_diffuser_ros.evaluation.quadruped_rollout import GaitTask, run_episode
from decision_diffuser_ros.evaluation.sensor_noise import NoisyReadings
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.planner import Planner
from decision_diffuser_ros.resources import model_directory
from decision_diffuser_ros.simulation.quadruped_env import QuadrupedGaitsEnv

STATE = np.concatenate([np.arange(24.0), [0.0, 0.6, -0.8], [1.0, 2.0, 3.0]])
WORLD = SimpleNamespace(state=STATE.copy)


def test_the_noise_of_each_sensor_is_as_large_as_is_said():
    rng = np.random.default_rng(0)
    seen = np.array([NoisyReadings(WORLD, 2.0, rng).state() for _ in range(4000)])
    np.testing.assert_allclose(seen[:, :24].mean(axis=0), STATE[:24], atol=0.05)
    deviations = seen.std(axis=0)
    np.testing.assert_allclose(deviations[:12], 0.02, rtol=0.1)
    np.testing.assert_allclose(deviations[12:24], 0.6, rtol=0.1)
    np.testing.assert_allclose(deviations[27:], 0.1, rtol=0.1)
    np.testing.assert_allclose(np.linalg.norm(seen[:, 24:27], axis=1), 1.0)
    np.testing.assert_allclose(np.linalg.norm(seen[:, 24:27] - STATE[24:27], axis=1).mean(), 0.05, rtol=0.1)


def test_no_noise_is_the_truth_and_all_is_read_at_once():
    readings = NoisyReadings(WORLD, 0.0, np.random.default_rng(0))
    np.testing.assert_allclose(readings.state(), STATE)
    np.testing.assert_allclose(readings.tilt, np.arccos(0.8))
    noisy = NoisyReadings(WORLD, 1.0, np.random.default_rng(0))
    np.testing.assert_array_equal(noisy.joint_position, noisy.state()[:12])
    np.testing.assert_array_equal(noisy.state(), noisy.state())


def test_noise_is_what_the_planner_sees_in_its_episode_and_the_expert_does_not():
    env = QuadrupedGaitsEnv()
    planner = PlannerPolicy(Planner(Bundle.load(model_directory("quadruped_gaits"))))

    def speeds(policy, noise):
        return run_episode(GaitTask(seed=3, skills=("trot",), steps=15, sensor_noise=noise), policy, env).forward_speed

    truth = speeds(planner, 0.0)
    noisy = speeds(planner, 1.0)
    assert not np.array_equal(noisy, truth)
    np.testing.assert_array_equal(speeds(planner, 1.0), noisy)
    np.testing.assert_array_equal(speeds(planner, 0.0), truth)
    np.testing.assert_array_equal(speeds(ExpertPolicy(), 1.0), speeds(ExpertPolicy(), 0.0))
    env.close()
