"""The planner drives the arm as deployed, and a diagnosis tells its errors; with a tiny model that stands still."""

import json

import numpy as np
import pytest
import yaml

from decision_diffuser_ros.command_line import main
from decision_diffuser_ros.data.demonstrations import merge_shards, shard_path, write_shard
from decision_diffuser_ros.data.episode import Episode
from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.evaluation.deployment import OF_A_GRIPPER, EvaluatedModel
from decision_diffuser_ros.evaluation.stacking_deployment import stacking_model
from decision_diffuser_ros.evaluation.stacking_diagnosis import decided_moments, diagnose
from decision_diffuser_ros.evaluation.stacking_policies import LIMITS
from decision_diffuser_ros.evaluation.stacking_rollout import run_episode
from decision_diffuser_ros.evaluation.stacking_workers import EXPERT, PLANNER, Drivers, policy_named
from decision_diffuser_ros.resources import config_file
from decision_diffuser_ros.simulation.stacking_env import BlockStackingEnv
from decision_diffuser_ros.simulation.stacking_expert import Phase
from decision_diffuser_ros.simulation.stacking_model import CONTROL_STEP
from tests.bundles import ARM_POSE, STACKING_STATE, make_stacking_bundle


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return make_stacking_bundle(tmp_path_factory.mktemp("models") / "stacking")


def test_the_planner_brings_the_arm_where_its_plans_are_and_within_its_limits(bundle):
    env, targets = BlockStackingEnv(), []
    policy = policy_named(PLANNER, Drivers(planner=stacking_model(str(bundle))))
    rollout = run_episode(
        "multi_stacking", 3, policy, env, most_steps=25, watch=lambda world: targets.append(world.targets)
    )
    assert not rollout.is_success
    np.testing.assert_allclose(env.world.joint_position, ARM_POSE, atol=0.05)
    assert 2 <= len(rollout.plan_seconds) <= 25
    speed = np.abs(np.diff(targets, axis=0)) / CONTROL_STEP
    assert (speed <= LIMITS.max_velocity + 1e-6).all()
    acceleration = np.abs(np.diff(targets, n=2, axis=0)) / CONTROL_STEP**2
    assert (acceleration <= stacking_model(str(bundle)).deployment.command_limits(LIMITS).max_acceleration + 1e-6).all()
    env.close()


def test_what_is_set_for_a_comparison_is_what_is_evaluated(bundle):
    model = stacking_model(str(bundle), replan_every=3, commits_prefix=False, denoising_steps=7, temperature=0.25)
    assert not model.deployment.receding_horizon.commits_prefix
    assert model.deployment.receding_horizon.replan_every == 3
    assert model.sampling.denoising_steps == 7
    assert model.sampling.temperature == 0.25
    assert model.sampling.guidance_weight == stacking_model(str(bundle)).sampling.guidance_weight
    with pytest.raises(ConfigurationError, match="denoising_steps"):
        stacking_model(str(bundle), denoising_steps=0)


def test_commands_are_limited_as_the_node_limits_them():
    parameters = yaml.safe_load(config_file("block_stacking").read_text())["/**/planner"]["ros__parameters"]
    limits, gripper = parameters["limits"], parameters["gripper"]
    np.testing.assert_allclose(LIMITS.max_velocity, [*limits["velocity"], gripper["velocity"]])
    all_limits = stacking_model(None).deployment.command_limits(LIMITS)
    max_acceleration = [*limits["acceleration"], OF_A_GRIPPER["max_acceleration"]]
    np.testing.assert_array_equal(all_limits.max_acceleration, max_acceleration)
    np.testing.assert_allclose(LIMITS.lower, [*limits["position_lower"], gripper["opening_lower"]], atol=1e-6)
    np.testing.assert_allclose(LIMITS.upper, [*limits["position_upper"], gripper["opening_upper"]], atol=1e-6)


def still_episode(steps=40, *, moved_block=1, disturbed_from=None):
    """The arm stands where the tiny model wants it, and is said to be on its way to a block."""
    states = np.tile(np.array(STACKING_STATE, np.float32), (steps + 1, 1))
    disturbed = np.zeros(steps, dtype=bool)
    if disturbed_from is not None:
        disturbed[disturbed_from:] = True
    extras = {
        "phase": np.full(steps, Phase.APPROACH, np.int8),
        "moved_block": np.full(steps, moved_block, np.int8),
        "disturbed": disturbed,
    }
    return Episode(states=states, actions=states[1:, :8], skills=np.zeros(steps, np.int8), extras=extras)


def test_only_moments_are_taken_at_which_the_way_on_is_clear():
    assert decided_moments([still_episode()], 12) == [(0, step) for step in range(1, 29)]
    assert decided_moments([still_episode(moved_block=-1)], 12) == []
    assert decided_moments([still_episode(disturbed_from=20)], 12) == [(0, step) for step in range(1, 9)]


def test_the_diagnosis_tells_how_far_plans_and_targets_are_off(bundle, tmp_path):
    near, off = still_episode(), still_episode()
    off.states[:, 0] += 0.1  # the first joint, by which the tiny model's plans are wrong
    for name, episode in (("near", near), ("off", off)):
        write_shard(shard_path(tmp_path / name, 0), [episode], {"description": {}})
        merge_shards(tmp_path / name, provenance={})
    model = EvaluatedModel(bundle=str(bundle))
    errors = {name: diagnose(model, tmp_path / name, seed=1, plans=3) for name in ("near", "off")}
    assert errors["near"]["plan_error"]["1"]["joints_mrad"] < 20.0
    assert errors["off"]["plan_error"]["1"]["joints_mrad"] == pytest.approx(100 / np.sqrt(7), abs=12.0)
    assert errors["off"]["plan_error"]["1"]["tool_mm"] > 40.0
    assert list(errors["off"]["plan_error_at_step_2_by_phase"]) == ["approach"]
    assert errors["near"]["inverse_dynamics_error"]["joints_mrad"] == pytest.approx(0.0, abs=0.1)


def test_the_command_writes_what_it_measured(tmp_path, capsys):
    application, file = main.build_application(["evaluate"]), tmp_path / "scores.json"
    options = ["--expert-only", "--task", "single_stacking", "--episodes", "1", "--processes", "1", "--json", str(file)]
    assert main.run(["evaluate", "block_stacking", *options], application=application) == 0
    scores = json.loads(file.read_text(encoding="utf-8"))
    assert scores["driver"] == EXPERT
    assert scores["task"] == "single_stacking"
    assert scores["episodes"] == 1
    assert {"success_strict", "score_partial", "steps_mean", "failures"} <= set(scores)
    assert "Block stacking" in capsys.readouterr().out


def test_an_unknown_task_is_one_line_and_exit_code_2(capsys):
    application = main.build_application(["evaluate"])
    arguments = ["evaluate", "block_stacking", "--expert-only", "--task", "juggling", "--processes", "1"]
    assert main.run(arguments, application=application) == 2
    assert "task 'juggling' is not known" in capsys.readouterr().err
