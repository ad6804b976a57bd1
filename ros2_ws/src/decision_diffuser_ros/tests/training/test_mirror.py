"""The mirror shows what a robot with two like sides could do as well."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from decision_diffuser_ros.data.description import DataDescription
from decision_diffuser_ros.data.normalisation import Normaliser
from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.simulation import quadruped_demonstrations, quadruped_model, stacking_model
from decision_diffuser_ros.simulation.block_orientation import canonical_orientation, yaw_of
from decision_diffuser_ros.simulation.iiwa_kinematics import tool_pose
from decision_diffuser_ros.simulation.quadruped_world import QuadrupedWorld
from decision_diffuser_ros.training.configuration import TrainingConfiguration
from decision_diffuser_ros.training.mirror import Mirror
from decision_diffuser_ros.training.training_record import TrainingRecord
from decision_diffuser_ros.training.training_run import window_batches
from tests.training.stacking import random_states, stacking_normaliser
from tests.training.toy import CONFIGURATION, toy_demonstrations

NAMES = [entry.name for entry in stacking_model.STATE_ENTRIES]
PACKAGE = Path(__file__).parents[2]


@pytest.fixture
def shipped_patterns():
    return TrainingConfiguration.from_yaml(PACKAGE / "config" / "training_block_stacking.yaml").data.mirrored


def test_the_arm_in_the_mirror_holds_its_tool_where_the_mirror_shows_it(shipped_patterns):
    normaliser = stacking_normaliser()
    mirror = Mirror(shipped_patterns, state_names=NAMES, normaliser=normaliser)
    states = random_states(np.random.default_rng(1), 5, 2)
    normalised = torch.from_numpy(normaliser.normalise(states))
    shown = normaliser.restore(mirror.of(normalised, torch.ones(5, dtype=torch.bool)).numpy())
    flip = np.diag([1.0, -1.0, 1.0])
    for before, after in zip(states.reshape(10, -1), shown.reshape(10, -1), strict=True):
        position, rotation = tool_pose(before[:7])
        mirrored_position, mirrored_rotation = tool_pose(after[:7])
        np.testing.assert_allclose(mirrored_position, flip @ position, atol=1e-5)
        np.testing.assert_allclose(mirrored_rotation, flip @ rotation @ flip, atol=1e-5)
        blocks, mirrored_blocks = before[8:].reshape(4, 7), after[8:].reshape(4, 7)
        np.testing.assert_allclose(mirrored_blocks[:, :3], blocks[:, :3] @ flip, atol=1e-5)
        np.testing.assert_allclose(yaw_of(mirrored_blocks[:, 3:]), -yaw_of(blocks[:, 3:]), atol=1e-5)
        np.testing.assert_allclose(canonical_orientation(mirrored_blocks[:, 3:]), mirrored_blocks[:, 3:], atol=1e-5)


def test_only_what_is_chosen_is_mirrored_and_twice_is_not_at_all(shipped_patterns):
    normaliser = stacking_normaliser()
    mirror = Mirror(shipped_patterns, state_names=NAMES, normaliser=normaliser)
    states = torch.from_numpy(normaliser.normalise(random_states(np.random.default_rng(2), 3, 2)))
    chosen = torch.tensor([True, False, True])
    once = mirror.of(states, chosen)
    assert torch.equal(once[1], states[1])
    assert not torch.allclose(once[[0, 2]], states[[0, 2]])
    torch.testing.assert_close(mirror.of(once, chosen), states, atol=1e-5, rtol=0.0)


def test_the_quadruped_in_the_mirror_moves_as_the_mirror_shows_it():
    """Commanded in the mirror what it was commanded, the simulated robot does there what it did."""
    data = TrainingConfiguration.from_yaml(PACKAGE / "config" / "training_quadruped_gaits.yaml").data
    attributes = quadruped_demonstrations.attributes(quadruped_demonstrations.DemonstrationRange())
    names = [entry.name for entry in DataDescription.from_metadata({"attributes": attributes}).state]
    rng = np.random.default_rng(4)
    normaliser = Normaliser(mean=rng.normal(size=len(names)), std=rng.uniform(0.5, 2.0, len(names)))
    mirror = Mirror(data.mirrored, exchanged=data.exchanged, state_names=names, normaliser=normaliser)

    def in_mirror(states: np.ndarray) -> np.ndarray:
        chosen = torch.ones(len(states), dtype=torch.bool)
        return normaliser.restore(mirror.of(torch.from_numpy(normaliser.normalise(states)), chosen).numpy())

    def moved(pose: np.ndarray, targets: np.ndarray, roll: float) -> np.ndarray:
        world = QuadrupedWorld()
        world.reset(joint_position=pose, drop_height=0.02, roll=roll)
        states = [world.state()]
        for target in targets:
            world.step(target)
            states.append(world.state())
        return np.array(states)[:, np.newaxis]

    def joints_in_mirror(positions: np.ndarray) -> np.ndarray:
        padded = np.concatenate([positions, np.zeros((len(positions), len(names) - 12))], axis=1)
        return in_mirror(padded[:, np.newaxis])[:, 0, :12]

    pose = quadruped_model.STANDING_POSE + 0.1 * rng.normal(size=12)
    targets = pose + 0.1 * rng.normal(size=(8, 12))
    way = moved(pose, targets, roll=0.2)
    other = moved(joints_in_mirror(pose[np.newaxis])[0], joints_in_mirror(targets), roll=-0.2)
    assert np.abs(way[-1] - in_mirror(way)[-1]).max() > 1.0
    np.testing.assert_allclose(in_mirror(way)[:, 0, :12], other[:, 0, :12], atol=0.02)
    np.testing.assert_allclose(in_mirror(way)[:, 0, 24:27], other[:, 0, 24:27], atol=0.01)
    np.testing.assert_allclose(in_mirror(way)[:, 0, 27:], other[:, 0, 27:], atol=0.15)


def test_half_of_the_windows_drawn_are_mirrored():
    demonstrations = toy_demonstrations()
    data = dataclasses.replace(CONFIGURATION.data, mirrored=("lamp",))
    configuration = dataclasses.replace(CONFIGURATION, data=data)
    record = TrainingRecord.of(demonstrations, configuration=configuration, seed=3, provenance={})
    batch = window_batches(record, demonstrations).draw(np.random.default_rng(0), 200)
    lamp = record.normaliser.restore(batch["trajectory"].numpy())[..., 2]
    assert 60 < (lamp < 0.0).all(axis=1).sum() < 140
    assert (np.abs(lamp) > 0.99).all()


@pytest.mark.parametrize(
    "exchanged, complaint",
    [
        ([("left", "right")], "exchanged: got 'left', with which no entry of the state begins"),
        (
            [("lbr_iiwa_joint_1/", "lbr_iiwa_joint_2/"), ("block_red/", "gripper/")],
            "exchanged: expected the entries block_red/opening, gripper/orientation/w",
        ),
    ],
)
def test_what_has_nothing_to_change_places_with_is_refused(exchanged, complaint):
    with pytest.raises(ConfigurationError, match=complaint):
        Mirror([], exchanged=exchanged, state_names=NAMES, normaliser=stacking_normaliser())


def test_places_are_exchanged_in_a_mirror_only():
    with pytest.raises(ConfigurationError, match="`exchanged` left out without `mirrored`"):
        dataclasses.replace(CONFIGURATION.data, exchanged=(("a", "b"),))
    with pytest.raises(ConfigurationError, match="`exchanged` pairs of beginnings of names"):
        dataclasses.replace(CONFIGURATION.data, mirrored=("lamp",), exchanged=(("a",),))


def test_a_pattern_that_fits_nothing_is_refused():
    with pytest.raises(ConfigurationError, match=r"mirrored: got 'wheel', which fits no entry .*gripper/opening"):
        Mirror(["wheel"], state_names=NAMES, normaliser=stacking_normaliser())
