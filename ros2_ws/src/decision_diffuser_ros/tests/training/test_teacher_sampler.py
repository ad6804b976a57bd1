"""What a student is to learn is what the planner plans with its teacher, number by number."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from decision_diffuser_ros.diffusion.guidance import guidance_coefficients, guided_estimate, unguided_coefficients
from decision_diffuser_ros.diffusion.samplers import KnownStates, sample_ddim, start_noise
from decision_diffuser_ros.diffusion.schedule import noise_schedule
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.conditions import Condition, ConditionEncoder
from decision_diffuser_ros.planner.planner import Planner
from decision_diffuser_ros.planner.settings import SamplingSettings
from decision_diffuser_ros.training.export import denoiser_inputs, export_bundle
from decision_diffuser_ros.training.teacher_sampler import TeacherSampler
from decision_diffuser_ros.training.training_record import TrainingRecord
from decision_diffuser_ros.training.weights import save_weights
from tests.training.toy import CONFIGURATION, toy_demonstrations

SCHEDULE = noise_schedule(CONFIGURATION.diffusion.schedule, CONFIGURATION.diffusion.denoising_steps)
SAMPLINGS = [
    SamplingSettings(history=2),
    SamplingSettings(history=2, denoising_steps=5, step_spacing="quadratic", guidance_weight=2.0, clean_limit=0.3),
    SamplingSettings(history=2, denoising_steps=3, step_spacing="leading", guidance_weight=1.0),
    SamplingSettings(history=2, guidance_weight=0.0),
    SamplingSettings(history=2, denoising_steps=4, guidance_weight=2.0, unguided_levels=50),
]


@pytest.fixture(scope="module")
def record():
    return TrainingRecord.of(toy_demonstrations(), configuration=CONFIGURATION, seed=5, provenance={})


@pytest.fixture(scope="module")
def network(record):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return record.build_noise_model().eval()


@pytest.fixture(scope="module")
def bundle(record, network, tmp_path_factory):
    directory = tmp_path_factory.mktemp("teacher")
    record.write(directory)
    save_weights(network, directory, "noise_model", training_steps=1)
    save_weights(record.build_inverse_dynamics(), directory, "inverse_dynamics", training_steps=1)
    export_bundle(directory, directory / "bundle")
    return Bundle.load(directory / "bundle")


def sampled_by_numpy(network, inputs, sampling):
    """Window by window: the sampler of the planner around the same network."""

    def sample(row: int) -> np.ndarray:
        own = {name: values[row : row + 1] for name, values in inputs.items()}
        null = {**own, "condition_present": torch.zeros_like(own["condition_present"])}
        guided, unguided = guidance_coefficients([1.0], sampling.guidance_weight), unguided_coefficients([1.0])

        def denoise(noisy, level):
            now = {
                "trajectory": torch.from_numpy(noisy).float()[None],
                "denoising_step": torch.tensor([level.denoising_step]),
            }
            with torch.no_grad():
                estimates = np.concatenate([network(**{**given, **now}).numpy() for given in (null, own)])
            is_guided = level.denoising_step >= sampling.unguided_levels
            clean = guided_estimate(estimates, guided if is_guided else unguided)
            limit = sampling.clean_limit
            return clean if limit is None else np.clip(clean, -limit, limit)

        start = own["trajectory"][0].numpy()
        known = KnownStates(start.copy(), own["observation_mask"][0].numpy() != 0.0)
        levels = SCHEDULE.levels(sampling.denoising_steps, spacing=sampling.step_spacing)
        return sample_ddim(denoise, start, levels, known=known, rng=np.random.default_rng(0))

    return np.stack([sample(row) for row in range(len(inputs["trajectory"]))])


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_a_batch_is_sampled_as_numpy_samples_each_of_its_windows(record, network, sampling):
    inputs = denoiser_inputs(record, 16, np.random.default_rng(1))
    assert {tuple(row) for row in inputs["condition_present"].tolist()} == {(0, 0), (0, 1), (1, 0), (1, 1)}
    sampled = TeacherSampler(network, schedule=SCHEDULE, sampling=sampling).sample(inputs)
    np.testing.assert_allclose(sampled.numpy(), sampled_by_numpy(network, inputs, sampling), atol=1e-5)


@pytest.mark.parametrize("values", [{"skill": "quick", "return": 0.5}, {"skill": "slow"}, None])
@pytest.mark.parametrize("sampling", SAMPLINGS[:2])
def test_the_teacher_samples_what_the_planner_plans(network, bundle, sampling, values):
    branch = () if values is None else (Condition(values),)
    history = toy_demonstrations().states[:2]
    planned, known, mask = Planner(bundle, settings=sampling).sample(history, [branch], rng=np.random.default_rng(3))
    start = start_noise(planned.shape, rng=np.random.default_rng(3), temperature=sampling.temperature)
    known.write_into(start)
    condition, present = ConditionEncoder(bundle.manifest).encode_batch(branch)
    inputs = {
        "trajectory": torch.from_numpy(start),
        "observation_mask": torch.from_numpy(mask)[None],
        "denoising_step": torch.zeros(1, dtype=torch.int64),
        "condition": torch.from_numpy(condition[-1:]),
        "condition_present": torch.from_numpy(present[-1:]),
    }
    sampled = TeacherSampler(network, schedule=SCHEDULE, sampling=sampling).sample(inputs)
    np.testing.assert_allclose(sampled.numpy(), planned, atol=1e-5)


def test_under_the_null_condition_nothing_is_guided(record, network):
    inputs = denoiser_inputs(record, 4, np.random.default_rng(2))
    null = {**inputs, "condition_present": torch.zeros_like(inputs["condition_present"])}

    def sampled(given, guidance_weight):
        sampling = dataclasses.replace(SAMPLINGS[0], guidance_weight=guidance_weight)
        return TeacherSampler(network, schedule=SCHEDULE, sampling=sampling).sample(given)

    torch.testing.assert_close(sampled(null, 3.0), sampled(null, 1.0), atol=1e-5, rtol=0.0)
    assert (sampled(inputs, 3.0) - sampled(inputs, 1.0)).abs().max() > 0.01


def test_the_rows_that_are_not_planned_stay_as_they_are(record, network):
    inputs = denoiser_inputs(record, 4, np.random.default_rng(2))
    before = {name: values.clone() for name, values in inputs.items()}
    sampled = TeacherSampler(network, schedule=SCHEDULE, sampling=SAMPLINGS[0]).sample(inputs)
    given = inputs["observation_mask"] != 0.0
    torch.testing.assert_close(sampled[given], before["trajectory"][given], rtol=0.0, atol=0.0)
    for name, values in before.items():
        assert torch.equal(inputs[name], values), name
