"""Features of an arm's states are those of its kinematics, and reach the noise model's direct path."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from decision_diffuser_ros.data.normalisation import Normaliser
from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.simulation import stacking_model as model
from decision_diffuser_ros.simulation.iiwa_kinematics import JOINT_LOWER, JOINT_UPPER, tool_pose
from decision_diffuser_ros.simulation.kinematic_chain import KUKA_IIWA, chain_of
from decision_diffuser_ros.simulation.stacking_demonstrations import DESCRIPTION as STACKING
from decision_diffuser_ros.training.configuration import DiffusionConfiguration
from decision_diffuser_ros.training.denoising_task import DenoisingExample, DenoisingTask
from decision_diffuser_ros.training.temporal_unet import TemporalUNet
from decision_diffuser_ros.training.tool_features import CHANGE_SCALE, FAR, NEAR, ToolFeatures
from tests.training.toy import DESCRIPTION as TOY

HISTORY, PLAN = 2, 6


@pytest.fixture
def states() -> np.ndarray:
    random = np.random.default_rng(2)
    states = random.normal(0.3, 0.4, (5, HISTORY, model.STATE_DIM)).astype(np.float32)
    states[..., :7] = random.uniform(JOINT_LOWER, JOINT_UPPER, (5, HISTORY, 7))
    return states


@pytest.fixture
def features(states) -> ToolFeatures:
    normaliser = Normaliser.fit(states.reshape(-1, model.STATE_DIM), std_floor=0.05)
    return ToolFeatures.of(STACKING, chain_of(STACKING.robot), normaliser)


def normalised(features: ToolFeatures, states: np.ndarray) -> torch.Tensor:
    return (torch.from_numpy(states) - features.mean) / features.std


def test_the_tool_is_where_the_kinematics_say(features, states):
    position, rotation = features.tool_pose(torch.from_numpy(states[..., :7]))
    for index in np.ndindex(states.shape[:2]):
        wanted_position, wanted_rotation = tool_pose(states[index][:7])
        np.testing.assert_allclose(position[index], wanted_position, atol=2e-6)
        np.testing.assert_allclose(rotation[index], wanted_rotation, atol=2e-6)


def test_blocks_are_seen_from_the_tool_far_and_near(features, states):
    values = features(normalised(features, states)).numpy()
    assert values.shape == (5, HISTORY, features.size)
    apart = states[3, 1, 15:18] - tool_pose(states[3, 1, :7])[0]  # the second block
    np.testing.assert_allclose(values[3, 1, 5 + 3 : 5 + 6], apart / FAR, atol=1e-4)
    np.testing.assert_allclose(values[3, 1, 17 + 3 : 17 + 6], np.tanh(apart / NEAR), atol=1e-3)


def test_changes_are_those_until_now(features, states):
    inputs = normalised(features, states)
    changes = features(inputs)[..., -model.STATE_DIM :]
    torch.testing.assert_close(changes[:, 0], CHANGE_SCALE * (inputs[:, 1] - inputs[:, 0]))
    assert not changes[:, 1].any()


def test_a_robot_without_an_arm_has_no_such_features():
    with pytest.raises(ConfigurationError, match="robot 'one_joint' has no arm that is known here; available: kuka"):
        chain_of(TOY.robot)
    with pytest.raises(ConfigurationError, match="hold no 'lbr_iiwa_joint_1/position'"):
        ToolFeatures.of(TOY, KUKA_IIWA, Normaliser(mean=np.zeros(3), std=np.ones(3)))


def network_with(features: ToolFeatures, *, direct_noisy_plan: bool = False) -> TemporalUNet:
    return TemporalUNet(
        model.STATE_DIM,
        [1],
        width=16,
        multipliers=(1, 2),
        kernel_size=3,
        embedding_dim=16,
        history=HISTORY,
        plan_steps=PLAN,
        history_width=32,
        observation_features=features,
        direct_noisy_plan=direct_noisy_plan,
    )


@pytest.mark.parametrize("direct_noisy_plan", [False, True])
def test_the_direct_path_sees_the_noisy_plan_only_where_it_is_shown(features, states, direct_noisy_plan):
    network = network_with(features, direct_noisy_plan=direct_noisy_plan)
    seen = {}
    network.history_to_plan.register_forward_hook(lambda module, inputs, output: seen.update(output=output))

    def direct_path(plan: torch.Tensor) -> torch.Tensor:
        trajectory = torch.cat([normalised(features, states), plan], dim=1)
        mask = torch.tensor([-1.0, 1.0] + [0.0] * PLAN).expand(5, -1)
        network(trajectory, mask, torch.zeros(5, dtype=torch.int64), torch.ones(5, 1), torch.ones(5, 1))
        return seen["output"].detach()

    noisy = torch.randn(5, PLAN, model.STATE_DIM)
    differs = not torch.allclose(direct_path(noisy), direct_path(-noisy))
    assert differs == direct_noisy_plan


def test_a_missing_state_has_no_features(features, states):
    network = network_with(features)
    mask = torch.tensor([-1.0, 1.0] + [0.0] * PLAN).expand(5, -1)
    trajectory = torch.cat([normalised(features, states), torch.zeros(5, PLAN, model.STATE_DIM)], dim=1)
    seen = network._observed_history(trajectory, mask)
    per_state = seen[:, HISTORY * model.STATE_DIM : -HISTORY].unflatten(1, (HISTORY, features.size))
    assert not per_state[:, 0].any()
    assert per_state[:, 1].any()


def test_entries_that_actions_are_targets_for_weigh_more_in_the_loss():
    configuration = DiffusionConfiguration(target_entries_weight=4.0, history_length_weights=(1.0,))
    task = DenoisingTask(configuration, history=1, plan_steps=3, kind_count=1, target_entries=[1], state_dim=3)
    target = torch.zeros(2, 4, 3)

    def loss_of_error_in(entry: int) -> float:
        wrong = target.clone()
        wrong[..., entry] = 1.0
        return task.loss(lambda: wrong, DenoisingExample(inputs={}, target=target)).item()

    assert loss_of_error_in(1) == pytest.approx(4.0 * loss_of_error_in(0))
    assert sum(map(loss_of_error_in, range(3))) == pytest.approx(1.0)
