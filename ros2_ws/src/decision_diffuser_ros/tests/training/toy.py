"""A toy robot with one joint that waves slowly or quickly, as its skill says."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from decision_diffuser_ros.data.demonstration_set import DemonstrationSet
from decision_diffuser_ros.data.demonstrations import Episode, merge_shards, shard_path, write_shard
from decision_diffuser_ros.data.description import DataDescription
from decision_diffuser_ros.planner.manifest_records import Entry
from decision_diffuser_ros.planner.settings import SamplingSettings
from decision_diffuser_ros.training.configuration import OptimisationConfiguration, TrainingConfiguration

STEP_DURATION = 0.1
DESCRIPTION = DataDescription(
    name="toy",
    robot="one_joint",
    state=(Entry("arm/position", "rad"), Entry("arm/velocity", "rad/s"), Entry("lamp", "1")),
    action=(Entry("arm/position_target", "rad"),),
    joint_names=("arm",),
    skill_names=("slow", "quick"),
    step_duration=STEP_DURATION,
)
CONFIGURATION = TrainingConfiguration.from_json(
    {
        "data": {
            "history": 4,
            "plan_steps": 12,
            "steps_before_fall": 5,
            "label_seconds": 1.0,
            "held_out_share": 0.25,
        },
        "network": {"width": 16, "multipliers": [1, 2], "kernel_size": 3, "embedding_dim": 16},
        "diffusion": {"history_length_weights": [1.0, 1.0, 1.0, 1.0], "denoising_steps": 20, "ema_decay": 0.9},
        "optimisation": {"training_steps": 12, "batch_size": 8, "warm_up_steps": 4},
        "inverse_dynamics": {"width": 16},
        "inverse_dynamics_optimisation": {"training_steps": 12, "batch_size": 8, "warm_up_steps": 4},
        "sampling": {"history": 2},
    },
    where="toy",
)
TEACHER = dataclasses.replace(
    CONFIGURATION,
    optimisation=OptimisationConfiguration(training_steps=150, batch_size=16, learning_rate=3e-3, warm_up_steps=4),
    sampling=SamplingSettings(history=2, denoising_steps=2, guidance_weight=2.0, temperature=0.5),
)
"""Trained long enough to be worth learning from, and sampled in several guided passes."""


def toy_episode(skills: np.ndarray, *, phase: float = 0.0, speed: float = 0.5, fallen: bool = False) -> Episode:
    """Waves at 1 or 3 rad/s while it drives ahead at `speed` [m/s]; targets run 0.1 rad ahead."""
    rate = np.where(skills == 0, 1.0, 3.0)
    angle = phase + np.r_[0.0, np.cumsum(rate) * STEP_DURATION]
    position = np.sin(angle)
    velocity = np.cos(angle) * np.r_[rate, rate[-1]]
    states = np.stack([position, velocity, np.ones_like(position)], axis=1)
    time = np.arange(len(angle)) * STEP_DURATION
    heading = np.full(len(angle), 0.5 * np.pi)
    base = np.stack([np.zeros_like(time), speed * time, np.zeros_like(time)], axis=1)
    return Episode(
        states=states,
        actions=states[1:, :1] + 0.1,
        skills=skills,
        extras={"base_position": base, "heading": heading},
        attributes={"fallen": fallen},
    )


def toy_episodes(count: int = 4) -> list[Episode]:
    """Episodes that each change skill once."""
    skills = [np.repeat([index % 2, 1 - index % 2], [20 + index, 30]) for index in range(count)]
    return [toy_episode(chosen, phase=0.7 * index) for index, chosen in enumerate(skills)]


def toy_metadata() -> dict:
    return {"attributes": {"description": DESCRIPTION.to_json()}, "dataset_id": "toy-v0"}


def toy_demonstrations(count: int = 4) -> DemonstrationSet:
    return DemonstrationSet.from_episodes(toy_episodes(count), metadata=toy_metadata())


def write_toy_data(directory: Path) -> Path:
    write_shard(shard_path(directory, 0), toy_episodes(), {"description": DESCRIPTION.to_json()})
    merge_shards(directory, provenance={"command": "toy"})
    return directory
