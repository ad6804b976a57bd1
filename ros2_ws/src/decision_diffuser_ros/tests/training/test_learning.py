"""Both networks learn a toy, and what is kept is the moving average."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
import torch

from decision_diffuser_ros.data.normalisation import Normaliser
from decision_diffuser_ros.training.fitting import Machine, fit
from decision_diffuser_ros.training.held_out import inverse_dynamics_error, noise_model_loss
from decision_diffuser_ros.training.inverse_dynamics_network import InverseDynamicsNetwork
from decision_diffuser_ros.training.inverse_dynamics_task import InverseDynamicsTask
from decision_diffuser_ros.training.target_residual import residual_of
from decision_diffuser_ros.training.training_data import TransitionBatches
from decision_diffuser_ros.training.training_module import TrainingModule, learning_rate_factor, moving_average
from decision_diffuser_ros.training.training_record import TrainingRecord
from decision_diffuser_ros.training.training_run import denoising_task, window_batches
from tests.training.toy import CONFIGURATION, toy_demonstrations

MACHINE = Machine(progress=False)


@pytest.fixture
def record():
    return TrainingRecord.of(toy_demonstrations(), configuration=CONFIGURATION, seed=3, provenance={})


@pytest.mark.parametrize("prediction, planned_changes", [("x0", False), ("noise", False), ("x0", True)])
def test_the_noise_model_learns_the_toy(record, prediction, planned_changes, tmp_path):
    diffusion = dataclasses.replace(CONFIGURATION.diffusion, prediction=prediction)
    network = dataclasses.replace(CONFIGURATION.network, planned_changes=planned_changes)
    configuration = dataclasses.replace(CONFIGURATION, diffusion=diffusion, network=network)
    record = dataclasses.replace(record, configuration=configuration)
    windows = window_batches(record, toy_demonstrations())
    optimisation = dataclasses.replace(CONFIGURATION.optimisation, training_steps=150, learning_rate=3e-3)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = record.build_noise_model()
    task = denoising_task(record, network)
    module = TrainingModule(network, task.loss, optimisation=optimisation, ema_decay=0.9)
    before = noise_model_loss(module.averaged_network, task, windows, seed=0)
    fit(
        module,
        lambda rng, generator: task.example(windows.draw(rng, 16), generator),
        training_steps=150,
        seed=0,
        directory=tmp_path,
        machine=MACHINE,
    )
    after = noise_model_loss(module.averaged_network, task, windows, seed=0)
    assert before > 0.5
    assert after < 0.3 * before


def test_inverse_dynamics_learns_actions_that_depend_on_both_states(tmp_path):
    """The toy's targets: the next position plus a tenth of the change of velocity; a lamp that never changes."""
    rng = np.random.default_rng(0)
    states = np.concatenate([rng.normal(size=(500, 2)), np.ones((500, 1))], axis=1).astype(np.float32)
    next_states, before = states[1:], states[:-1]
    actions = (next_states[:, :1] + 0.1 * (next_states[:, 1:2] - before[:, 1:2])).astype(np.float32)
    transitions = TransitionBatches(torch.from_numpy(states), torch.from_numpy(actions), torch.arange(len(actions)))
    states_normaliser = Normaliser.fit(states, std_floor=0.05)
    residuals = Normaliser.fit(residual_of(actions, next_states, (0,)), std_floor=0.05)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = InverseDynamicsNetwork(states_normaliser, residuals, (0,), width=32)
    task = InverseDynamicsTask(input_noise=0.0)
    optimisation = dataclasses.replace(CONFIGURATION.optimisation, training_steps=300, learning_rate=1e-2)
    module = TrainingModule(network, task.loss, optimisation=optimisation, ema_decay=0.9)
    fit(
        module,
        lambda rng, generator: task.example(transitions.draw(rng, 64), generator),
        training_steps=300,
        seed=0,
        directory=tmp_path,
        machine=MACHINE,
    )
    assert inverse_dynamics_error(module.averaged_network, transitions) < 0.01  # the residuals' deviation is 0.14


def test_an_untrained_residual_is_the_mean_one():
    """The action is the next position plus the residual, in raw units, whatever the normalisers."""
    states = Normaliser(mean=[5.0, -3.0], std=[2.0, 0.1])
    residuals = Normaliser(mean=[0.25], std=[0.5])
    network = InverseDynamicsNetwork(states, residuals, (1,), width=4)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
    state, next_state = torch.tensor([[4.0, -3.0]]), torch.tensor([[6.0, -2.5]])
    assert network(state, next_state).item() == pytest.approx(-2.5 + 0.25)
    action = torch.tensor([[-2.0]])
    assert network.normalise_action(action, next_state).item() == pytest.approx((0.5 - 0.25) / 0.5)


def test_an_action_that_is_no_target_is_learnt_as_it_is():
    actions, next_states = np.array([[1.0, 7.0]]), np.array([[0.4, 0.0]])
    np.testing.assert_allclose(residual_of(actions, next_states, (0, None)), [[0.6, 7.0]])


def test_input_noise_disturbs_what_the_network_sees_and_not_what_it_answers():
    batch = {"state": torch.zeros(2000, 2), "next_state": torch.ones(2000, 2), "action": torch.ones(2000, 1)}
    example = InverseDynamicsTask(input_noise=0.1).example(batch, torch.Generator().manual_seed(0))
    assert example.input_noise.shape == (2000, 4)
    assert example.input_noise.std().item() == pytest.approx(0.1, rel=0.05)
    assert example.action is batch["action"]
    assert example.next_state is batch["next_state"]


def test_the_average_is_exponential_once_it_has_forgotten_the_start():
    update = moving_average(0.9)
    average, current = [torch.zeros(1)], [torch.ones(1)]
    update(average, current, 1_000)
    assert average[0].item() == pytest.approx(0.1)
    average = [torch.zeros(1)]
    update(average, current, 1)
    assert average[0].item() == pytest.approx(1.0 - 2.0 / 11.0)


def test_the_average_follows_the_weights_of_a_training(record, tmp_path):
    """Every step: average <- decay * average + (1 - decay) * weights, checked against a plain loop."""
    windows = window_batches(record, toy_demonstrations())
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = record.build_noise_model()
    task = denoising_task(record, network)
    module = TrainingModule(network, task.loss, optimisation=CONFIGURATION.optimisation, ema_decay=0.3)
    seen: list[torch.Tensor] = []
    step = module.optimizer_step

    def remember(*arguments, **keywords):
        step(*arguments, **keywords)
        seen.append(module.network.head[1].bias.detach().clone())

    module.optimizer_step = remember
    draw = lambda rng, generator: task.example(windows.draw(rng, 8), generator)  # noqa: E731
    fit(module, draw, training_steps=6, seed=0, directory=tmp_path, machine=MACHINE)
    expected = seen[0]
    for count, weights in enumerate(seen[1:], start=1):
        decay = min(0.3, (1.0 + count) / (10.0 + count))
        expected = decay * expected + (1.0 - decay) * weights
    torch.testing.assert_close(module.averaged_network.head[1].bias, expected)
    assert not torch.equal(expected, seen[-1])


def test_the_learning_rate_warms_up_and_then_falls_to_zero():
    rates = [learning_rate_factor(step, warm_up_steps=4, training_steps=20) for step in range(21)]
    assert rates[:4] == [0.25, 0.5, 0.75, 1.0]
    assert rates[4] == 1.0
    assert all(later <= earlier for earlier, later in itertools.pairwise(rates[4:]))
    assert rates[12] == pytest.approx(0.5)
    assert rates[20] == pytest.approx(0.0)
