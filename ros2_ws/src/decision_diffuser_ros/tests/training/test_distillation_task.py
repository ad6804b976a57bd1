"""What a student is shown, and what it is to answer."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from decision_diffuser_ros.training.distillation import distillation_task
from decision_diffuser_ros.training.teacher import Teacher
from decision_diffuser_ros.training.training_run import window_batches
from tests.training.toy import toy_demonstrations


def test_a_student_is_shown_start_noise_at_the_noisiest_level_and_every_subset_of_kinds(teacher_directory):
    teacher = Teacher.load(teacher_directory)
    task = distillation_task(teacher, rehearsal_share=0.25)
    windows = window_batches(teacher.record, toy_demonstrations())
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
