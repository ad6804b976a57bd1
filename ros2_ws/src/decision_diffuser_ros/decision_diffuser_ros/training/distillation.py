"""Distillation of a trained planner's sampler to one network pass.

The student has its teacher's architecture, normalisers, inverse dynamics and, at first, its weights. Its directory is
that of a training and is exported as any other. What differs is its record: that it plans with one denoising step
without guidance, and who its teacher was.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from decision_diffuser_ros.data.configuration_file import read_configuration
from decision_diffuser_ros.data.demonstration_set import DemonstrationSet
from decision_diffuser_ros.diffusion.schedule import noise_schedule
from decision_diffuser_ros.planner.manifest_records import require
from decision_diffuser_ros.planner.settings import SamplingSettings
from decision_diffuser_ros.training.configuration import OptimisationConfiguration
from decision_diffuser_ros.training.denoising_task import DenoisingExample
from decision_diffuser_ros.training.distillation_task import DistillationTask
from decision_diffuser_ros.training.fitting import Machine
from decision_diffuser_ros.training.held_out import inverse_dynamics_error
from decision_diffuser_ros.training.teacher import Teacher
from decision_diffuser_ros.training.training_data import TransitionBatches, split_off_last
from decision_diffuser_ros.training.training_record import TrainingRecord, facts_of
from decision_diffuser_ros.training.training_run import (
    INVERSE_DYNAMICS,
    NOISE_MODEL,
    denoising_task,
    library_versions,
    load_demonstrations,
    train_network,
    window_batches,
    write_held_out,
)
from decision_diffuser_ros.training.weights import save_weights

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class DistillationConfiguration:
    """What decides a distillation, besides its teacher, data, seed and machine.

    Attributes:
        rehearsal_share: share of each batch on which the student rehearses its teacher's other denoising steps.
        teacher_sampling: how the teacher samples; None for what its training says.
        optimisation: how long and how fast.
    """

    rehearsal_share: float = 0.2
    teacher_sampling: SamplingSettings | None = None
    optimisation: OptimisationConfiguration = field(default_factory=OptimisationConfiguration)

    def __post_init__(self) -> None:
        require(0.0 <= self.rehearsal_share <= 0.5, "rehearsal_share", "in [0, 0.5]", self.rehearsal_share)

    @classmethod
    def from_yaml(cls, path: str | Path) -> DistillationConfiguration:
        """The configuration in a YAML file. Raises ConfigurationError."""
        return read_configuration(cls, path, what="distillation")

    def with_training_steps(self, training_steps: int | None) -> DistillationConfiguration:
        """The same with another number of training steps, where given."""
        return dataclasses.replace(self, optimisation=self.optimisation.with_training_steps(training_steps))


def distil(
    training: str | Path,
    data_directory: str | Path,
    output: str | Path,
    *,
    configuration: DistillationConfiguration,
    seed: int,
    machine: Machine,
    provenance: Mapping[str, Any] | None = None,
) -> None:
    """Train a student; run again after an interruption, it goes on where it stopped.

    Args:
        training: directory of the teacher's training, which has ended.
        data_directory: demonstrations, whose histories and conditions are planned from.
        output: directory of the student's training.
        configuration: how to distil.
        seed: of batches and noise.
        machine: where to train.
        provenance: facts on this run for the record.

    Raises:
        DataError: when the data is not there or not usable.
        ConfigurationError: when the teacher cannot be distilled, or `output` holds another training.
    """
    output, teacher = Path(output), Teacher.load(training, sampling=configuration.teacher_sampling)
    demonstrations = load_demonstrations(data_directory, teacher.record.configuration.data)
    teacher.check_data(demonstrations)
    facts = {**(provenance or {}), **library_versions()}
    record = _student_record(teacher, demonstrations, configuration, seed=seed, provenance=facts)
    record.write_or_continue(output)
    save_weights(
        teacher.inverse_dynamics, output, INVERSE_DYNAMICS, training_steps=teacher.training_steps[INVERSE_DYNAMICS]
    )
    used, held_out = split_off_last(demonstrations, record.configuration.data.held_out_share)
    task = distillation_task(teacher, rehearsal_share=configuration.rehearsal_share)
    task.teacher.network.to(machine.device)
    student = _train_student(record, teacher, task, used, output, machine)
    if held_out is not None:
        task.teacher.network.cpu()
        _measure(record, held_out, student, teacher, task, output)


def one_pass_sampling(sampling: SamplingSettings) -> SamplingSettings:
    """How a student plans whose teacher samples so: from the same start noise, one denoising step without guidance."""
    return dataclasses.replace(
        sampling,
        denoising_steps=1,
        step_spacing="trailing",  # the noisiest level, which is where start noise belongs
        guidance_weight=1.0,
        unguided_levels=0,  # what its teacher does there is learnt, too
        warm_start_steps=None,
        clean_limit=None,
    )


def distillation_task(teacher: Teacher, *, rehearsal_share: float) -> DistillationTask:
    """The student's task."""
    diffusion, sampling = teacher.record.configuration.diffusion, one_pass_sampling(teacher.sampling)
    schedule = noise_schedule(diffusion.schedule, diffusion.denoising_steps)
    (level,) = schedule.levels(sampling.denoising_steps, spacing=sampling.step_spacing)
    return DistillationTask(
        denoising_task(teacher.record, teacher.noise_model),
        teacher.sampler(),
        one_pass_step=level.denoising_step,
        temperature=sampling.temperature,
        rehearsal_share=rehearsal_share,
    )


def _student_record(
    teacher: Teacher,
    demonstrations: DemonstrationSet,
    configuration: DistillationConfiguration,
    *,
    seed: int,
    provenance: dict[str, Any],
) -> TrainingRecord:
    return dataclasses.replace(
        teacher.record,
        configuration=dataclasses.replace(
            teacher.record.configuration,
            optimisation=configuration.optimisation,
            sampling=one_pass_sampling(teacher.sampling),
        ),
        seed=seed,
        data=facts_of(demonstrations),
        provenance=provenance,
        distillation={"teacher": teacher.facts(), "rehearsal_share": configuration.rehearsal_share},
    )


def _train_student(
    record: TrainingRecord,
    teacher: Teacher,
    task: DistillationTask,
    demonstrations: DemonstrationSet,
    output: Path,
    machine: Machine,
) -> nn.Module:
    windows, settings = window_batches(record, demonstrations), record.configuration.optimisation
    logger.info("student: %d windows, %d denoising steps to be one", len(windows), len(task.teacher.levels))

    def draw(rng: np.random.Generator, generator: torch.Generator) -> DenoisingExample:
        return task.example(windows.draw(rng, settings.batch_size), generator)

    student = record.build_noise_model()
    student.load_state_dict(teacher.noise_model.state_dict())
    return train_network(NOISE_MODEL, student, task.loss, draw, record, settings, output, machine)


def _measure(
    record: TrainingRecord,
    held_out: DemonstrationSet,
    student: nn.Module,
    teacher: Teacher,
    task: DistillationTask,
    output: Path,
) -> None:
    """Write how far one pass is from what the teacher samples, and the inverse dynamics' error."""
    networks = {"student": student, "teacher": teacher.noise_model.eval()}
    differences = task.one_pass_difference(networks, window_batches(record, held_out), seed=record.seed)
    logger.info("one pass from the teacher's plans: student %(student).4f, teacher %(teacher).4f", differences)
    errors = {
        "episodes": len(held_out.lengths),
        "one_pass_difference": differences,
        "inverse_dynamics_rmse": inverse_dynamics_error(
            teacher.inverse_dynamics.eval(), TransitionBatches.of(held_out)
        ),
    }
    write_held_out(errors, output)
