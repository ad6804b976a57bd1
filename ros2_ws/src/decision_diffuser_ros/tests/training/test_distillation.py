"""A student plans in one pass what its teacher plans in several, and says whose student it is."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import shutil

import numpy as np
import pytest
import torch
import yaml

from decision_diffuser_ros.command_line import main
from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.conditions import Condition
from decision_diffuser_ros.planner.planner import Planner
from decision_diffuser_ros.planner.settings import SamplingSettings
from decision_diffuser_ros.training import training_run
from decision_diffuser_ros.training.configuration import OptimisationConfiguration
from decision_diffuser_ros.training.distillation import (
    DistillationConfiguration,
    distil,
    distillation_task,
    one_pass_sampling,
)
from decision_diffuser_ros.training.export import export_bundle
from decision_diffuser_ros.training.fitting import Machine, checkpointed_step
from decision_diffuser_ros.training.loss_plot import read_losses
from decision_diffuser_ros.training.teacher import Teacher
from decision_diffuser_ros.training.training_record import TrainingRecord
from decision_diffuser_ros.training.training_run import train, window_batches
from decision_diffuser_ros.training.weights import load_weights
from tests.training.test_fitting import KillAt, KilledError
from tests.training.toy import CONFIGURATION, toy_demonstrations, write_toy_data

MACHINE = Machine(progress=False)
TEACHER = dataclasses.replace(
    CONFIGURATION,
    optimisation=OptimisationConfiguration(training_steps=150, batch_size=16, learning_rate=3e-3, warm_up_steps=4),
    sampling=SamplingSettings(history=2, denoising_steps=2, guidance_weight=2.0, temperature=0.5),
)
DISTILLATION = DistillationConfiguration(
    optimisation=OptimisationConfiguration(training_steps=100, batch_size=16, learning_rate=2e-3, warm_up_steps=4)
)
SHORT = DISTILLATION.with_training_steps(6)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_toy_data(tmp_path_factory.mktemp("data") / "toy-v0")


@pytest.fixture(scope="module")
def training(data, tmp_path_factory):
    directory = tmp_path_factory.mktemp("teacher")
    train(data, directory, configuration=TEACHER, seed=1, machine=MACHINE, provenance={"command": "train toy"})
    return directory


@pytest.fixture(scope="module")
def distilled(data, training, tmp_path_factory):
    directory = tmp_path_factory.mktemp("student")
    distil(
        training, data, directory,
        configuration=DISTILLATION, seed=2, machine=MACHINE, provenance={"command": "distil toy"},
    )  # fmt: skip
    return directory


@pytest.fixture(scope="module")
def bundles(training, distilled, tmp_path_factory):
    directory = tmp_path_factory.mktemp("bundles")
    for name, source in (("teacher", training), ("student", distilled)):
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


def test_the_other_denoising_steps_are_not_forgotten(training, data, distilled, tmp_path):
    distil(
        training, data, tmp_path,
        configuration=dataclasses.replace(DISTILLATION, rehearsal_share=0.0), seed=2, machine=MACHINE,
    )  # fmt: skip
    teacher = Teacher.load(training)
    task = training_run.denoising_task(teacher.record, teacher.noise_model)
    windows = window_batches(teacher.record, toy_demonstrations())
    example = task.example(windows.gather(torch.arange(64)), torch.Generator().manual_seed(0))

    def difference(directory) -> float:
        student = teacher.record.build_noise_model().eval()
        load_weights(student, directory, "noise_model")
        with torch.no_grad():
            return task.loss(student, example._replace(target=teacher.noise_model(**example.inputs))).item()

    assert difference(distilled) < 0.75 * difference(tmp_path)


def test_the_manifest_says_how_the_student_plans_and_who_taught_it_what(bundles, training):
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
        assert record["sha256"] == hashlib.sha256((training / name).read_bytes()).hexdigest()
    assert (teacher["sampling"]["denoising_steps"], teacher["sampling"]["guidance_weight"]) == (2, 2.0)
    assert (teacher["seed"], teacher["training"]["command"]) == (1, "train toy")
    assert "distillation" not in bundles["teacher"].manifest.provenance


def test_the_student_has_its_teachers_inverse_dynamics(bundles):
    rng = np.random.default_rng(0)
    states = rng.normal(size=(2, 5, 3)).astype(np.float32)
    actions = {name: bundle.inverse_dynamics(*states) for name, bundle in bundles.items()}
    np.testing.assert_array_equal(actions["student"], actions["teacher"])


def test_a_killed_distillation_ends_with_the_weights_of_one_that_was_not(training, data, tmp_path, monkeypatch):
    run = functools.partial(distil, training, data, configuration=SHORT, seed=2)
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
    assert weights[0] != (training / "noise_model.safetensors").read_bytes()


def test_a_directory_with_another_training_is_left_alone(training, data, distilled):
    for output, changed in ((training, {}), (distilled, {"seed": 3}), (distilled, {"configuration": SHORT})):
        before = (output / "training.json").read_bytes()
        with pytest.raises(ConfigurationError, match="holds another training"):
            distil(training, data, output, **{"configuration": DISTILLATION, "seed": 2, "machine": MACHINE, **changed})
        assert (output / "training.json").read_bytes() == before


def test_a_student_is_shown_start_noise_at_the_noisiest_level_and_every_subset_of_kinds(training):
    task = distillation_task(Teacher.load(training), rehearsal_share=0.25)
    windows = window_batches(TrainingRecord.read(training), toy_demonstrations())
    example = task.example(windows.draw(np.random.default_rng(0), 200), torch.Generator().manual_seed(0))
    mask, steps = example.inputs["observation_mask"], example.inputs["denoising_step"]
    assert (steps[:150] == 19).all()
    assert len(steps[150:].unique()) > 10
    start = example.inputs["trajectory"][:150][mask[:150] == 0.0]
    assert start.std().item() == pytest.approx(0.5**0.5, rel=0.05)
    present = {tuple(row) for row in example.inputs["condition_present"][:150].tolist()}
    assert present == {(0, 0), (0, 1), (1, 0), (1, 1)}
    torch.testing.assert_close(example.target[:150], task.teacher.sample(_first(example.inputs, 150)))


def _first(inputs, count):
    return {name: values[:count] for name, values in inputs.items()}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"diffusion": {"prediction": "noise"}}, "a network that predicts noise cannot plan in one pass"),
        ({"sampling": {"sampler": "ddpm"}}, "samples by ddim with eta 0, .* got ddpm with eta 0"),
        ({"sampling": {"eta": 0.5}}, "got ddim with eta 0.5; set `teacher_sampling`"),
    ],
)
def test_a_teacher_whose_plans_one_pass_cannot_make_is_refused(training, tmp_path, changes, message):
    record = TrainingRecord.read(training)
    parts = {name: dataclasses.replace(getattr(record.configuration, name), **own) for name, own in changes.items()}
    configuration = dataclasses.replace(record.configuration, **parts)
    dataclasses.replace(record, configuration=configuration).write(tmp_path)
    with pytest.raises(ConfigurationError, match=message):
        Teacher.load(tmp_path)
    if "sampling" in changes:
        shutil.copy(training / "noise_model.safetensors", tmp_path)
        shutil.copy(training / "inverse_dynamics.safetensors", tmp_path)
        assert Teacher.load(tmp_path, sampling=TEACHER.sampling).sampling == TEACHER.sampling


def test_data_of_another_robot_are_refused(training):
    teacher, demonstrations = Teacher.load(training), toy_demonstrations()
    teacher.check_data(demonstrations)
    description = demonstrations.metadata["attributes"]["description"]
    other = {"attributes": {"description": {**description, "robot": "two_joints", "step_duration": 0.2}}}
    with pytest.raises(ConfigurationError, match="on: robot, step_duration differ; give demonstrations of 'toy'"):
        teacher.check_data(dataclasses.replace(demonstrations, metadata=other))


@pytest.fixture
def command(training, data, tmp_path) -> list[str]:
    (tmp_path / "toy.yaml").write_text(yaml.safe_dump({"optimisation": {"batch_size": 8}}), encoding="utf-8")
    options = {
        "training": training, "data": data, "output": tmp_path / "out", "configuration": tmp_path / "toy.yaml",
        "training-steps": 3, "seed": 7,
    }  # fmt: skip
    given = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    return ["distil", "toy", *given, "--no-progress"]


def run(arguments: list[str]) -> int:
    return main.run(arguments, application=main.build_application(["distil", "export"]))


def test_the_command_leaves_what_export_takes(command, tmp_path):
    assert run(command) == 0
    assert run(["export", str(tmp_path / "out"), str(tmp_path / "bundle")]) == 0
    provenance = Bundle.load(tmp_path / "bundle").manifest.provenance
    assert (provenance["seed"], provenance["training_steps"]["noise_model"]) == (7, 3)


def test_what_is_not_accepted_is_one_line_and_exit_code_2(command, tmp_path, capsys):
    (tmp_path / "wrong.yaml").write_text("rehearsal_share: 0.9\n", encoding="utf-8")
    (tmp_path / "unknown.yaml").write_text("guidance: 1.0\n", encoding="utf-8")
    options = {
        "is not a training directory": ["--training", str(tmp_path)],
        "no demonstrations in": ["--data", str(tmp_path / "none")],
        "`device` must be cpu or cuda, got 'tpu'": ["--device", "tpu"],
        "--training-steps": ["--training-steps", "0"],
        "expected `rehearsal_share` in [0, 0.5], got 0.9": ["--configuration", str(tmp_path / "wrong.yaml")],
        "unknown key 'guidance'; accepted: optimisation": ["--configuration", str(tmp_path / "unknown.yaml")],
    }
    for message, changed in options.items():
        assert run([*command, *changed]) == 2
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1
    place = command.index("--configuration")
    without_file = [*command[:place], *command[place + 2 :]]
    assert run(["distil", "galop", *without_file[2:]]) == 2
    assert "distillation_quadruped_gaits" in capsys.readouterr().err
