"""What a training directory is about: written when training starts, checked when it goes on, read by the export."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from decision_diffuser_ros.data.demonstration_set import DemonstrationSet
from decision_diffuser_ros.data.description import DataDescription
from decision_diffuser_ros.data.normalisation import Normaliser
from decision_diffuser_ros.data.whole_file import whole_file
from decision_diffuser_ros.diffusion.schedule import noise_schedule
from decision_diffuser_ros.errors import ConfigurationError, DataError
from decision_diffuser_ros.planner.manifest_records import ConditionKind
from decision_diffuser_ros.simulation.kinematic_chain import chain_of
from decision_diffuser_ros.training.arm_scene import ArmScene, SceneEntries
from decision_diffuser_ros.training.condition_kinds import condition_kinds
from decision_diffuser_ros.training.configuration import OBJECT_TRANSFORMER, WINDOW_MLP, TrainingConfiguration
from decision_diffuser_ros.training.inverse_dynamics_network import InverseDynamicsNetwork
from decision_diffuser_ros.training.object_roles import object_roles
from decision_diffuser_ros.training.object_transformer import ObjectTransformer
from decision_diffuser_ros.training.planned_changes import PlannedChanges
from decision_diffuser_ros.training.target_residual import residual_of
from decision_diffuser_ros.training.temporal_unet import TemporalUNet
from decision_diffuser_ros.training.tool_path import ToolPath
from decision_diffuser_ros.training.window_mlp import WindowMLP

RECORD_FILE = "training.json"


@dataclass(frozen=True, kw_only=True)
class TrainingRecord:
    """One training: enough to build its networks again without the data.

    Attributes:
        configuration: what it was told.
        description: what the data's numbers are.
        normaliser: of states.
        residual_normaliser: of the inverse dynamics' residuals.
        seed: of all random numbers.
        data: what the data set says of itself: identifier, episodes, attributes, provenance.
        provenance: command, commit, versions, time.
        distillation: teacher and how it was distilled, see `distillation`; else empty.
    """

    configuration: TrainingConfiguration
    description: DataDescription
    normaliser: Normaliser
    residual_normaliser: Normaliser
    seed: int
    data: dict[str, Any]
    provenance: dict[str, Any]
    distillation: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        demonstrations: DemonstrationSet,
        *,
        configuration: TrainingConfiguration,
        seed: int,
        provenance: dict[str, Any],
    ) -> TrainingRecord:
        """The record of a training that is about to start.

        Raises:
            DataError: when the data set does not say what its numbers are.
            ConfigurationError: when it is not labelled with the conditions that are configured.
        """
        description = DataDescription.from_metadata(demonstrations.metadata)
        condition_kinds(configuration.data, description)
        next_states = demonstrations.states[demonstrations.state_of_action + 1]
        residuals = residual_of(demonstrations.actions, next_states, description.target_positions)
        floor = configuration.data.std_floor
        return cls(
            configuration=configuration,
            description=description,
            normaliser=Normaliser.fit(demonstrations.states, std_floor=floor),
            residual_normaliser=Normaliser.fit(residuals, std_floor=floor),
            seed=seed,
            data=facts_of(demonstrations),
            provenance=provenance,
        )

    @classmethod
    def read(cls, directory: str | Path) -> TrainingRecord:
        """The record in a training directory.

        Raises:
            ConfigurationError: when there is none, or it is damaged.
        """
        path = Path(directory) / RECORD_FILE
        if not path.is_file():
            raise ConfigurationError(
                f"'{directory}' is not a training directory: it has no {RECORD_FILE}; "
                "make one with `decision-diffuser train`"
            )
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
            return cls(
                configuration=TrainingConfiguration.from_json(value["configuration"], where=str(path)),
                description=DataDescription.from_metadata({"attributes": {"description": value["description"]}}),
                normaliser=Normaliser(**value["normaliser"]),
                residual_normaliser=Normaliser(**value["residual_normaliser"]),
                seed=value["seed"],
                data=value["data"],
                provenance=value["provenance"],
                distillation=value.get("distillation", {}),
            )
        except (json.JSONDecodeError, KeyError, TypeError, DataError) as error:
            raise ConfigurationError(f"'{path}' is damaged: {error!r}") from error

    def write(self, directory: str | Path) -> None:
        """Write `training.json`."""
        with whole_file(Path(directory) / RECORD_FILE) as partial:
            partial.write_text(json.dumps(self.to_json(), indent=1) + "\n", encoding="utf-8")

    def to_json(self) -> dict[str, Any]:
        """The JSON value that `read` reads back."""
        return {
            "configuration": self.configuration.to_json(),
            "description": self.description.to_json(),
            "normaliser": _normaliser_to_json(self.normaliser),
            "residual_normaliser": _normaliser_to_json(self.residual_normaliser),
            "seed": self.seed,
            "data": self.data,
            "provenance": self.provenance,
            "distillation": self.distillation,
        }

    def write_or_continue(self, directory: str | Path) -> None:
        """Write `training.json`, or make sure that the one that is there began this training.

        Raises:
            ConfigurationError: when the directory holds another training.
        """
        if (Path(directory) / RECORD_FILE).is_file():
            self.check_continues(TrainingRecord.read(directory))
        else:
            self.write(directory)

    def check_continues(self, earlier: TrainingRecord) -> None:
        """Make sure that this training is the one that an earlier record began.

        Raises:
            ConfigurationError: naming what differs.
        """
        ours, theirs = self.to_json(), earlier.to_json()
        differing = [key for key in ours if key != "provenance" and ours[key] != theirs[key]]
        if differing:
            raise ConfigurationError(
                f"the output directory holds another training: {', '.join(differing)} differ; "
                "give another output directory, or the same command to go on with this one"
            )

    @property
    def kinds(self) -> tuple[ConditionKind, ...]:
        """The kinds of condition, in the order of the condition vector."""
        return condition_kinds(self.configuration.data, self.description)

    @property
    def kind_sizes(self) -> list[int]:
        """Numbers of each kind of condition."""
        return [kind.dimension for kind in self.kinds]

    def build_noise_model(self) -> TemporalUNet | WindowMLP | PlannedChanges:
        """An untrained noise model of the configured size; the unit of planned changes comes with the data."""
        data, state_dim = self.configuration.data, len(self.description.state)
        network = self._build_network(state_dim)
        if not self.configuration.network.planned_changes:
            return network
        return PlannedChanges(network, history=data.history, plan_steps=data.planned_slots, state_dim=state_dim)

    def _build_network(self, state_dim: int) -> TemporalUNet | WindowMLP | ObjectTransformer:
        network, data = self.configuration.network, self.configuration.data
        if network.architecture == OBJECT_TRANSFORMER:
            return self._object_transformer()
        if network.architecture == WINDOW_MLP:
            return WindowMLP(
                state_dim,
                self.kind_sizes,
                horizon=data.history + data.planned_slots,
                width=network.width,
                embedding_dim=network.embedding_dim,
            )
        return TemporalUNet(
            state_dim,
            self.kind_sizes,
            width=network.width,
            multipliers=network.multipliers,
            kernel_size=network.kernel_size,
            embedding_dim=network.embedding_dim,
            history=data.history,
            plan_steps=data.plan_steps,
            history_width=network.history_width,
        )

    def _object_transformer(self) -> ObjectTransformer:
        network, data, diffusion = self.configuration.network, self.configuration.data, self.configuration.diffusion
        chain = chain_of(self.description.robot)
        entries = SceneEntries.of(self.description, chain)
        schedule = noise_schedule(diffusion.schedule, diffusion.denoising_steps)
        names = [name for kind in self.kinds for name in kind.names or (kind.kind,)]
        return ObjectTransformer(
            ArmScene(chain, self.normaliser, entries),
            ToolPath(chain, plan_steps=data.planned_slots),
            object_roles(names, entries.object_names),
            torch.tensor(schedule.alphas_cumprod),
            history=data.history,
            plan_steps=data.planned_slots,
            has_outcome=data.outcome,
            width=network.width,
            layers=network.layers,
            embedding_dim=network.embedding_dim,
        )

    def build_inverse_dynamics(self) -> InverseDynamicsNetwork:
        """An untrained inverse dynamics network of the configured size."""
        return InverseDynamicsNetwork(
            self.normaliser,
            self.residual_normaliser,
            self.description.target_positions,
            width=self.configuration.inverse_dynamics.width,
            layers=self.configuration.inverse_dynamics.layers,
        )


def facts_of(demonstrations: DemonstrationSet) -> dict[str, Any]:
    """What a data set says of itself: identifier, episodes, attributes, provenance."""
    known = ("dataset_id", "total_episodes", "total_steps", "attributes", "provenance")
    return {key: demonstrations.metadata[key] for key in known if key in demonstrations.metadata}


def _normaliser_to_json(normaliser: Normaliser) -> dict[str, list[float]]:
    return {"mean": normaliser.mean.tolist(), "std": normaliser.std.tolist()}
