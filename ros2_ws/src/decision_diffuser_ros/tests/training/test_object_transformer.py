"""The transformer over objects: what it must not tell apart, what it must not see, and its graph."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.planner.manifest import DENOISER_FILE
from decision_diffuser_ros.simulation.block_constraints import CONSTRAINT_PAIRS
from decision_diffuser_ros.simulation.stacking_demonstrations import DESCRIPTION as STACKING
from decision_diffuser_ros.training.configuration import TrainingConfiguration
from decision_diffuser_ros.training.export import export_bundle
from decision_diffuser_ros.training.graph_comparison import check_against_torch
from decision_diffuser_ros.training.planned_changes import PlannedChanges
from decision_diffuser_ros.training.training_record import TrainingRecord
from decision_diffuser_ros.training.weights import save_weights
from tests.training.stacking import random_states, stacking_normaliser

HISTORY, PLAN = 3, 4
CONFIGURATION = TrainingConfiguration.from_json(
    {
        "data": {"history": HISTORY, "plan_steps": PLAN, "conditions": ["constraint"]},
        "network": {
            "architecture": "object_transformer",
            "planned_changes": True,
            "width": 32,
            "layers": 2,
            "embedding_dim": 16,
        },
        "diffusion": {"history_length_weights": [1.0] * HISTORY, "denoising_steps": 10},
        "inverse_dynamics": {"width": 16},
        "sampling": {"history": HISTORY, "denoising_steps": 2},
    },
    where="test",
)


@pytest.fixture(scope="module")
def record() -> TrainingRecord:
    return TrainingRecord(
        configuration=CONFIGURATION,
        description=STACKING,
        normaliser=stacking_normaliser(),
        residual_normaliser=stacking_normaliser_of_actions(),
        seed=0,
        data={},
        provenance={},
    )


def stacking_normaliser_of_actions():
    normaliser = stacking_normaliser()
    return dataclasses.replace(normaliser, mean=normaliser.mean[:8], std=normaliser.std[:8])


@pytest.fixture(scope="module")
def network(record) -> PlannedChanges:
    """One with random weights, none of which is as small as at the start of a training."""
    torch.manual_seed(0)
    network = record.build_noise_model()
    network.set_unit(0.1 + torch.rand(PLAN, len(STACKING.state)))
    with torch.no_grad():
        for parameter in network.network.parameters():
            if parameter.ndim == 2 and not parameter.any():
                parameter.normal_(std=0.1)
    return network.eval()


def inputs(network: PlannedChanges, batch: int = 3) -> dict[str, torch.Tensor]:
    scene = network.network.scene
    states = torch.from_numpy(random_states(np.random.default_rng(batch), batch, HISTORY + PLAN))
    trajectory = (states - scene.mean) / scene.std
    mask = torch.tensor([1.0] * HISTORY + [0.0] * PLAN).repeat(batch, 1)
    return {
        "trajectory": trajectory,
        "observation_mask": mask,
        "denoising_step": torch.arange(batch) % 10,
        "condition": torch.eye(len(CONSTRAINT_PAIRS))[torch.arange(batch) % len(CONSTRAINT_PAIRS)],
        "condition_present": torch.ones(batch, 1),
    }


EXCHANGE = [2, 0, 3, 1]


def plans_before_and_after_an_exchange(
    network: PlannedChanges, given: dict[str, torch.Tensor]
) -> tuple[torch.Tensor, torch.Tensor]:
    """What is planned, and what is planned when objects are exchanged in the states and in the condition."""
    scene = network.network.scene
    pairs = [(EXCHANGE[upper], EXCHANGE[lower]) for upper, lower in CONSTRAINT_PAIRS]
    condition = given["condition"][:, [CONSTRAINT_PAIRS.index(pair) for pair in pairs]]
    with alike_units(network):
        trajectory = scene.state_rows(
            scene.robot_rows(given["trajectory"]), scene.object_rows(given["trajectory"])[..., EXCHANGE, :]
        )
        plan = network(**given)[:, HISTORY:]
        turned = network(**{**given, "trajectory": trajectory, "condition": condition})[:, HISTORY:]
    return plan, turned


def test_exchanged_objects_exchange_the_plan(network):
    scene = network.network.scene
    plan, turned = plans_before_and_after_an_exchange(network, inputs(network))
    torch.testing.assert_close(scene.robot_rows(turned), scene.robot_rows(plan), atol=1e-4, rtol=0.0)
    objects = scene.object_rows(plan)
    torch.testing.assert_close(scene.object_rows(turned), objects[..., EXCHANGE, :], atol=1e-4, rtol=0.0)
    assert not torch.allclose(scene.object_rows(turned), objects, atol=1e-2)


@contextlib.contextmanager
def alike_units(network: PlannedChanges) -> Iterator[None]:
    """All objects have one normaliser and one unit of change meanwhile."""
    scene = network.network.scene
    buffers = [scene.mean, scene.std, network.change_scale, network.network.change_scale]
    before = [buffer.clone() for buffer in buffers]
    for buffer in buffers:
        objects = scene.object_rows(buffer)
        alike = objects.mean(dim=-2, keepdim=True).expand(objects.shape)
        buffer.copy_(scene.state_rows(scene.robot_rows(buffer), alike))
    yield
    for buffer, value in zip(buffers, before, strict=True):
        buffer.copy_(value)


def test_a_condition_that_is_not_present_is_not_seen(network):
    given = inputs(network)
    other = {**given, "condition": given["condition"].roll(1, dims=1)}
    absent = torch.zeros(3, 1)
    assert not torch.allclose(network(**given), network(**other))
    torch.testing.assert_close(
        network(**{**given, "condition_present": absent}), network(**{**other, "condition_present": absent})
    )


def test_a_missing_state_is_not_seen(network):
    given = inputs(network)
    mask = given["observation_mask"].clone()
    mask[:, 0] = -1.0
    trajectory = given["trajectory"].clone()
    trajectory[:, 0] = 0.0
    missing = network(**{**given, "observation_mask": mask, "trajectory": trajectory})[:, HISTORY:]
    unlike = network(**{**given, "observation_mask": mask})[:, HISTORY:]
    torch.testing.assert_close(missing, unlike)
    assert not torch.allclose(missing, network(**given)[:, HISTORY:])


def test_an_untrained_network_says_that_nothing_much_moves(record):
    network = record.build_noise_model()
    given = inputs(network)
    change = network(**given)[:, HISTORY:] - given["trajectory"][:, HISTORY - 1 : HISTORY]
    assert change.abs().mean() < 0.35


def test_the_graph_says_what_torch_says_whatever_the_batch(record, network, tmp_path):
    record.write(tmp_path / "training")
    save_weights(network, tmp_path / "training", "noise_model", training_steps=1)
    save_weights(record.build_inverse_dynamics(), tmp_path / "training", "inverse_dynamics", training_steps=1)
    export_bundle(tmp_path / "training", tmp_path / "bundle", provenance={})
    batches = [inputs(network, batch) for batch in (1, 3)]
    assert check_against_torch(tmp_path / "bundle" / DENOISER_FILE, network, batches) < 1e-4


def test_planned_states_that_are_no_changes_are_refused():
    sections = CONFIGURATION.to_json()
    sections["network"]["planned_changes"] = False
    with pytest.raises(ConfigurationError, match="`planned_changes` true with object_transformer, got False"):
        TrainingConfiguration.from_json(sections, where="test")


@pytest.fixture(scope="module")
def outcome_record(record) -> TrainingRecord:
    data = dataclasses.replace(CONFIGURATION.data, plan_steps=PLAN - 1, outcome=True)
    return dataclasses.replace(record, configuration=dataclasses.replace(CONFIGURATION, data=data))


@pytest.fixture(scope="module")
def outcome_network(outcome_record) -> PlannedChanges:
    torch.manual_seed(0)
    return outcome_record.build_noise_model().eval()


def with_outcome_known(given: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    mask = given["observation_mask"].clone()
    mask[:, -1] = 1.0
    return {**given, "observation_mask": mask}


def test_a_known_outcome_is_seen_at_every_noise_level_alike(outcome_network):
    given = with_outcome_known(inputs(outcome_network))
    planned = slice(HISTORY, HISTORY + PLAN - 1)
    moved = {**given, "trajectory": given["trajectory"].clone()}
    entries = outcome_network.network.scene.object_entries
    moved["trajectory"][:, -1, entries] += 0.5
    assert not torch.allclose(outcome_network(**given)[:, planned], outcome_network(**moved)[:, planned], atol=1e-4)
    unknown = inputs(outcome_network)
    assert not torch.allclose(outcome_network(**given)[:, planned], outcome_network(**unknown)[:, planned], atol=1e-4)


def test_exchanged_objects_exchange_the_outcome(outcome_network):
    scene = outcome_network.network.scene
    for given in (inputs(outcome_network), with_outcome_known(inputs(outcome_network))):
        plan, turned = plans_before_and_after_an_exchange(outcome_network, given)
        objects = scene.object_rows(plan)
        torch.testing.assert_close(scene.object_rows(turned), objects[..., EXCHANGE, :], atol=1e-4, rtol=0.0)


def test_the_graph_of_a_network_with_an_outcome_says_what_torch_says(outcome_record, outcome_network, tmp_path):
    outcome_record.write(tmp_path / "training")
    save_weights(outcome_network, tmp_path / "training", "noise_model", training_steps=1)
    save_weights(outcome_record.build_inverse_dynamics(), tmp_path / "training", "inverse_dynamics", training_steps=1)
    manifest = export_bundle(tmp_path / "training", tmp_path / "bundle", provenance={})
    assert manifest.outcome
    assert manifest.horizon == HISTORY + PLAN
    given = inputs(outcome_network)
    assert (
        check_against_torch(tmp_path / "bundle" / DENOISER_FILE, outcome_network, [given, with_outcome_known(given)])
        < 1e-4
    )
