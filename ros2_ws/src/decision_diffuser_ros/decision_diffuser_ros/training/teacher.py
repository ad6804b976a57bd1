"""A trained planner as a teacher: its networks, how it samples, and what a student's record says of it."""

from __future__ import annotations

import copy
import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from decision_diffuser_ros.data.demonstration_set import DemonstrationSet
from decision_diffuser_ros.data.description import DataDescription
from decision_diffuser_ros.diffusion.schedule import noise_schedule
from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.planner.manifest_records import FileRecord
from decision_diffuser_ros.planner.settings import SamplingSettings
from decision_diffuser_ros.planner.strict_record import write_record
from decision_diffuser_ros.training.teacher_sampler import TeacherSampler
from decision_diffuser_ros.training.training_record import RECORD_FILE, TrainingRecord
from decision_diffuser_ros.training.training_run import INVERSE_DYNAMICS, NOISE_MODEL
from decision_diffuser_ros.training.weights import load_weights, weights_path


@dataclass(frozen=True, kw_only=True)
class Teacher:
    """A training that has ended.

    Attributes:
        directory: of the training.
        record: of the training.
        sampling: how plans are sampled that a student shall make in one pass.
        noise_model: trained.
        inverse_dynamics: trained; a student has the same.
        training_steps: behind each network.
    """

    directory: Path
    record: TrainingRecord
    sampling: SamplingSettings
    noise_model: nn.Module
    inverse_dynamics: nn.Module
    training_steps: dict[str, int]

    @classmethod
    def load(cls, directory: str | Path, *, sampling: SamplingSettings | None = None) -> Teacher:
        """The teacher in a training directory.

        Args:
            directory: that `train` made, or a distillation.
            sampling: how it samples; None for what its training says.

        Raises:
            ConfigurationError: when it is no training that has ended, or has nothing that one pass could do.
        """
        record = TrainingRecord.read(directory)
        sampling = sampling or record.configuration.sampling
        _check_can_be_distilled(record, sampling)
        networks: dict[str, nn.Module] = {
            NOISE_MODEL: record.build_noise_model(),
            INVERSE_DYNAMICS: record.build_inverse_dynamics(),
        }
        return cls(
            directory=Path(directory),
            record=record,
            sampling=sampling,
            noise_model=networks[NOISE_MODEL],
            inverse_dynamics=networks[INVERSE_DYNAMICS],
            training_steps={name: load_weights(network, directory, name) for name, network in networks.items()},
        )

    def sampler(self) -> TeacherSampler:
        """The sampler that is distilled, on a copy of the noise model."""
        diffusion = self.record.configuration.diffusion
        return TeacherSampler(
            copy.deepcopy(self.noise_model),
            schedule=noise_schedule(diffusion.schedule, diffusion.denoising_steps),
            sampling=self.sampling,
        )

    def check_data(self, demonstrations: DemonstrationSet) -> None:
        """Make sure that demonstrations are of the robot and the task that the teacher knows.

        Raises:
            ConfigurationError: naming what differs.
        """
        theirs = DataDescription.from_metadata(demonstrations.metadata)
        names = [field.name for field in dataclasses.fields(DataDescription)]
        differing = [name for name in names if getattr(theirs, name) != getattr(self.record.description, name)]
        if differing:
            raise ConfigurationError(
                f"the data are not of what the teacher in '{self.directory}' was trained on: {', '.join(differing)} "
                f"differ; give demonstrations of '{self.record.description.name}'"
            )

    def facts(self) -> dict[str, Any]:
        """Who the teacher was, for the record of a student: files with their checksums, seed, steps, provenance."""
        files = [self.directory / RECORD_FILE, *(weights_path(self.directory, name) for name in self.training_steps)]
        return {
            "name": self.record.description.name,
            "files": {path.name: write_record(FileRecord.of(path.read_bytes())) for path in files},
            "seed": self.record.seed,
            "training_steps": self.training_steps,
            "training": self.record.provenance,
            "sampling": write_record(self.sampling),
        }


def _check_can_be_distilled(record: TrainingRecord, sampling: SamplingSettings) -> None:
    configuration = record.configuration
    if configuration.diffusion.prediction != "x0":
        raise ConfigurationError(
            "a network that predicts noise cannot plan in one pass: at the noisiest level, noise says next to nothing "
            "about the clean window (Salimans & Ho 2022, Sec. 4); train a teacher with `prediction: x0`"
        )
    if sampling.sampler != "ddim" or sampling.eta != 0.0:
        raise ConfigurationError(
            f"expected a teacher that samples by ddim with eta 0, so that its start noise decides the plan; got "
            f"{sampling.sampler} with eta {sampling.eta:g}; set `teacher_sampling` in the distillation's configuration"
        )
    sampling.check_against(denoising_steps=configuration.diffusion.denoising_steps, history=configuration.data.history)
