"""A student plans in one pass what its teacher plans in several, and says whose student it is."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json

import numpy as np
import pytest
import torch

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.conditions import Condition
from decision_diffuser_ros.planner.planner import Planner
from decision_diffuser_ros.planner.settings import SamplingSettings
from decision_diffuser_ros.training import training_run
from decision_diffuser_ros.training.configuration import OptimisationConfiguration
from decision_diffuser_ros.training.distillation import DistillationConfiguration, distil, one_pass_sampling
from decision_diffuser_ros.training.export import export_bundle
from decision_diffuser_ros.training.fitting import Machine, checkpointed_step
from decision_diffuser_ros.training.loss_plot import read_losses
from decision_diffuser_ros.training.teacher import Teacher
from decision_diffuser_ros.training.training_run import window_batches
from decision_diffuser_ros.training.weights import load_weights
from tests.training.test_fitting import KillAt, KilledError
from tests.training.toy import toy_demonstrations

MACHINE = Machine(progress=False)
DISTILLATION = DistillationConfiguration(
    optimisation=OptimisationConfiguration(training_steps=100, batch_size=16, learning_rate=2e-3, warm_up_steps=4)
)
SHORT = DISTILLATION.with_training_steps(6)


@pytest.fixture(scope="module")
def distilled(toy_data, teacher_directory, tmp_path_factory):
    directory = tmp_path_factory.mktemp("student")
    distil(
        teacher_directory, toy_data, directory,
        configuration=DISTILLATION, seed=2, machine=MACHINE, provenance={"command": "distil toy"},
    )  # fmt: skip
    return directory


@pytest.fixture(scope="module")
def bundles(teacher_directory, distilled, tmp_path_factory):
    directory = tmp_path_factory.mktemp("bundles")
    for name, source in (("teacher", teacher_directory), ("student", distilled)):
        export_bundle(source, directory / name)
    return {name: Bundle.load(directory / name) for name in ("teacher", "student")}


CONDITIONS = {
    "both kinds": (Condition({"skill": "quick", "return": 0.5}),),
    "one kind": (Condition({"skill": "slow"}),),
    "none": (),
}


@pytest.mark.parametrize("conditions", CONDITIONS.values(), ids=CONDITIONS)
def test_one_pass_of_the_student_is_nearer_to_its_teachers_plans_than_one_of_the_teacher(bundles, conditions):
    teacher = Planner(bundles["teacher"])
    one_pass = Planner(bundles["teacher"], settings=one_pass_sampling(teacher.settings))
    student = Planner(bundles["student"])
    states = toy_demonstrations().states

    def plans(planner: Planner) -> np.ndarray:
        made = [
            planner.plan(states[start : start + 2], conditions, rng=np.random.default_rng(start)).states
            for start in range(0, 40, 2)
        ]
        return np.stack(made) / np.asarray(bundles["teacher"].manifest.normaliser.std)

    wanted = plans(teacher)

    def difference(planner: Planner) -> float:
        return float(np.sqrt(np.mean((plans(planner) - wanted) ** 2)))

    assert difference(student) < 0.7 * difference(one_pass)


def test_a_plan_of_the_student_costs_one_row_of_the_network_and_one_of_its_teacher_four(bundles, monkeypatch):
    rows: list[int] = []
    denoise = Bundle.denoise

    def counted(self, trajectory, *arguments):
        rows.append(len(trajectory))
        return denoise(self, trajectory, *arguments)

    monkeypatch.setattr(Bundle, "denoise", counted)
    history = toy_demonstrations().states[:2]
    plans = {
        name: Planner(bundle).plan(history, CONDITIONS["both kinds"], rng=np.random.default_rng(0))
        for name, bundle in bundles.items()
    }
    assert rows == [2, 2, 1]
    assert plans["student"].denoising_steps == 1


def test_the_loss_falls_and_the_student_ends_nearer_than_it_began(distilled):
    _, losses = read_losses(distilled / "noise_model")
    assert losses[-1] < 0.75 * losses[0]
    held_out = json.loads((distilled / "held_out.json").read_text(encoding="utf-8"))
    assert held_out["episodes"] == 1
    difference = held_out["one_pass_difference"]
    assert 0.0 < difference["student"] < 0.8 * difference["teacher"]


def test_the_other_denoising_steps_are_not_forgotten(teacher_directory, toy_data, distilled, tmp_path):
    distil(
        teacher_directory, toy_data, tmp_path,
        configuration=dataclasses.replace(DISTILLATION, rehearsal_share=0.0), seed=2, machine=MACHINE,
    )  # fmt: skip
    teacher = Teacher.load(teacher_directory)
    task = training_run.denoising_task(teacher.record, teacher.noise_model)
    windows = window_batches(teacher.record, toy_demonstrations())
    example = task.example(windows.gather(torch.arange(64)), torch.Generator().manual_seed(0))

    def difference(directory) -> float:
        student = teacher.record.build_noise_model().eval()
        load_weights(student, directory, "noise_model")
        with torch.no_grad():
            return task.loss(student, example._replace(target=teacher.noise_model(**example.inputs))).item()

    assert difference(distilled) < 0.75 * difference(tmp_path)


def test_the_manifest_says_how_the_student_plans_and_who_taught_it_what(bundles, teacher_directory):
    manifest = bundles["student"].manifest
    assert (manifest.sampling.denoising_steps, manifest.sampling.guidance_weight) == (1, 1.0)
    assert (manifest.sampling.temperature, manifest.sampling.history) == (0.5, 2)
    assert manifest.provenance["training"]["command"] == "distil toy"
    assert manifest.provenance["training_steps"] == {"noise_model": 100, "inverse_dynamics": 12}
    assert manifest.provenance["seed"] == 2
    distillation = manifest.provenance["distillation"]
    assert distillation["rehearsal_share"] == 0.2
    teacher = distillation["teacher"]
    assert set(teacher["files"]) == {"training.json", "noise_model.safetensors", "inverse_dynamics.safetensors"}
    for name, record in teacher["files"].items():
        assert record["sha256"] == hashlib.sha256((teacher_directory / name).read_bytes()).hexdigest()
    assert (teacher["sampling"]["denoising_steps"], teacher["sampling"]["guidance_weight"]) == (2, 2.0)
    assert (teacher["seed"], teacher["training"]["command"]) == (1, "train toy")
    assert "distillation" not in bundles["teacher"].manifest.provenance


def test_a_student_plans_without_what_its_teachers_steps_needed():
    teacher = SamplingSettings(
        denoising_steps=8, step_spacing="quadratic", guidance_weight=2.0, unguided_levels=15, clean_limit=3.0,
        temperature=0.3, history=2, negation_weight=0.4,
    )  # fmt: skip
    assert one_pass_sampling(teacher) == SamplingSettings(
        denoising_steps=1, guidance_weight=1.0, temperature=0.3, history=2, negation_weight=0.4
    )


def test_the_student_has_its_teachers_inverse_dynamics(bundles):
    rng = np.random.default_rng(0)
    states = rng.normal(size=(2, 5, 3)).astype(np.float32)
    actions = {name: bundle.inverse_dynamics(*states) for name, bundle in bundles.items()}
    np.testing.assert_array_equal(actions["student"], actions["teacher"])


def test_a_killed_distillation_ends_with_the_weights_of_one_that_was_not(
    teacher_directory, toy_data, tmp_path, monkeypatch
):
    run = functools.partial(distil, teacher_directory, toy_data, configuration=SHORT, seed=2)
    run(tmp_path / "whole", machine=MACHINE)
    with monkeypatch.context() as context:
        killing = functools.partial(training_run.fit, callbacks=(KillAt(4),))
        context.setattr(training_run, "fit", killing)
        with pytest.raises(KilledError):
            run(tmp_path / "killed", machine=dataclasses.replace(MACHINE, checkpoint_minutes=0.0))
    assert checkpointed_step(tmp_path / "killed" / "noise_model" / "last.ckpt") == 4
    run(tmp_path / "killed", machine=MACHINE)
    weights = [(tmp_path / name / "noise_model.safetensors").read_bytes() for name in ("whole", "killed")]
    assert weights[0] == weights[1]
    assert weights[0] != (teacher_directory / "noise_model.safetensors").read_bytes()


def test_a_directory_with_another_training_is_left_alone(teacher_directory, toy_data, distilled):
    same = {"configuration": DISTILLATION, "seed": 2, "machine": MACHINE}
    for output, changed in ((teacher_directory, {}), (distilled, {"seed": 3}), (distilled, {"configuration": SHORT})):
        before = (output / "training.json").read_bytes()
        with pytest.raises(ConfigurationError, match="holds another training"):
            distil(teacher_directory, toy_data, output, **(same | changed))
        assert (output / "training.json").read_bytes() == before
