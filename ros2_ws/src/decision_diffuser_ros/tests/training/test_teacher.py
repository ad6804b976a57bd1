"""Who can be a teacher, and of what."""

from __future__ import annotations

import dataclasses
import shutil

import pytest

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.training.teacher import Teacher
from decision_diffuser_ros.training.training_record import TrainingRecord
from tests.training.toy import TEACHER, toy_demonstrations


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"diffusion": {"prediction": "noise"}}, "a network that predicts noise cannot plan in one pass"),
        ({"sampling": {"sampler": "ddpm"}}, "samples by ddim with eta 0, .* got ddpm with eta 0"),
        ({"sampling": {"eta": 0.5}}, "got ddim with eta 0.5; set `teacher_sampling`"),
    ],
)
def test_a_teacher_whose_plans_one_pass_cannot_make_is_refused(teacher_directory, tmp_path, changes, message):
    record = TrainingRecord.read(teacher_directory)
    parts = {name: dataclasses.replace(getattr(record.configuration, name), **own) for name, own in changes.items()}
    configuration = dataclasses.replace(record.configuration, **parts)
    dataclasses.replace(record, configuration=configuration).write(tmp_path)
    with pytest.raises(ConfigurationError, match=message):
        Teacher.load(tmp_path)
    if "sampling" in changes:
        shutil.copy(teacher_directory / "noise_model.safetensors", tmp_path)
        shutil.copy(teacher_directory / "inverse_dynamics.safetensors", tmp_path)
        assert Teacher.load(tmp_path, sampling=TEACHER.sampling).sampling == TEACHER.sampling


def test_data_of_another_robot_are_refused(teacher_directory):
    teacher, demonstrations = Teacher.load(teacher_directory), toy_demonstrations()
    teacher.check_data(demonstrations)
    description = demonstrations.metadata["attributes"]["description"]
    other = {"attributes": {"description": {**description, "robot": "two_joints", "step_duration": 0.2}}}
    with pytest.raises(ConfigurationError, match="on: robot, step_duration differ; give demonstrations of 'toy'"):
        teacher.check_data(dataclasses.replace(demonstrations, metadata=other))
