"""Clones an expert by plain regression and exports it: `evaluation.behaviour_cloning` runs what this makes.

It is the floor that planning is held against: the same demonstrations and labels, a network of the same size, the same
fitting, as many training steps as its configuration says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from decision_diffuser_ros.data.configuration_file import read_configuration
from decision_diffuser_ros.data.demonstration_set import DemonstrationSet
from decision_diffuser_ros.data.description import DataDescription
from decision_diffuser_ros.data.normalisation import Normaliser
from decision_diffuser_ros.data.whole_file import whole_files
from decision_diffuser_ros.evaluation.behaviour_cloning import (
    FORMAT_VERSION,
    GRAPH_FILE,
    RECORD_FILE,
    ClonedExpertRecord,
)
from decision_diffuser_ros.planner.manifest_records import FileRecord, require
from decision_diffuser_ros.training.action_batches import ActionBatches
from decision_diffuser_ros.training.behaviour_cloning_network import BehaviourCloningNetwork, cloning_loss
from decision_diffuser_ros.training.configuration import OptimisationConfiguration
from decision_diffuser_ros.training.export import Graph
from decision_diffuser_ros.training.fitting import Machine, fit
from decision_diffuser_ros.training.graph_comparison import check_against_torch
from decision_diffuser_ros.training.target_residual import residual_of
from decision_diffuser_ros.training.training_data import split_off_last
from decision_diffuser_ros.training.training_module import TrainingModule

EMA_DECAY = 0.999


@dataclass(frozen=True, kw_only=True)
class CloningConfiguration:
    """What decides a cloned expert, besides its data, seed and machine.

    Attributes:
        history: observed states that an action follows from.
        width: units of each hidden layer.
        layers: hidden layers.
        input_noise: standard deviation of the noise on normalised states.
        std_floor: least standard deviation of the normalisers, in each entry's unit.
        held_out_share: share of the episodes, the last ones, that only measure.
        optimisation: how long and how fast.
    """

    history: int = 4
    width: int = 768
    layers: int = 3
    input_noise: float = 0.02
    std_floor: float = 0.05
    held_out_share: float = 0.02
    optimisation: OptimisationConfiguration = field(default_factory=OptimisationConfiguration)

    def __post_init__(self) -> None:
        require(self.history >= 1, "history", "at least 1", self.history)
        require(self.width >= 1 and self.layers >= 1, "width and layers", "at least 1", (self.width, self.layers))
        require(self.input_noise >= 0.0, "input_noise", "at least 0", self.input_noise)
        require(self.std_floor > 0.0, "std_floor", "above 0", self.std_floor)
        require(0.0 <= self.held_out_share < 1.0, "held_out_share", "in [0, 1)", self.held_out_share)

    @classmethod
    def from_yaml(cls, path: str | Path) -> CloningConfiguration:
        """The configuration in a YAML file. Raises ConfigurationError."""
        return read_configuration(cls, path, what="cloning")

    def with_training_steps(self, training_steps: int | None) -> CloningConfiguration:
        """The same with another number of training steps, where given."""
        return replace(self, optimisation=self.optimisation.with_training_steps(training_steps))


def train_behaviour_cloning(
    data_directory: str | Path,
    output: str | Path,
    *,
    configuration: CloningConfiguration,
    seed: int,
    machine: Machine,
    provenance: Mapping[str, Any] | None = None,
) -> ClonedExpertRecord:
    """Trains, exports and measures a cloned expert; interrupted, it goes on from its last checkpoint in `output`.

    Args:
        data_directory: a merged data set.
        output: directory of the cloned expert.
        configuration: what to train.
        seed: of weights and batches.
        machine: where to train.
        provenance: facts on this run.

    Raises:
        DataError: when the data is not there or not usable.
        BundleError: when ONNX Runtime does not agree with torch; nothing is written.
    """
    demonstrations = DemonstrationSet.load(data_directory, extras=[])
    description = DataDescription.from_metadata(demonstrations.metadata)
    used, held_out = split_off_last(demonstrations, configuration.held_out_share)
    network = _network(used, configuration, description, seed)
    batches = _batches(used, configuration, description)
    settings, output = configuration.optimisation, Path(output)
    module = TrainingModule(network, cloning_loss, optimisation=settings, ema_decay=EMA_DECAY)
    fit(
        module,
        lambda rng, generator: batches.draw(rng, generator, settings.batch_size),
        training_steps=settings.training_steps,
        seed=seed,
        directory=output / "behaviour_cloning",
        machine=machine,
    )
    cloned = module.averaged_network.cpu().eval()
    measured = batches if held_out is None else _batches(held_out, configuration, description)
    facts = {
        **(provenance or {}),
        "data": {key: demonstrations.metadata.get(key) for key in ("dataset_id", "total_episodes", "provenance")},
        "configuration": asdict(configuration),
        "seed": seed,
        "parameters": sum(parameter.numel() for parameter in cloned.parameters()),
    }
    return _export(cloned, measured, output, description, configuration, facts)


def _batches(
    demonstrations: DemonstrationSet, configuration: CloningConfiguration, description: DataDescription
) -> ActionBatches:
    return ActionBatches.of(
        demonstrations,
        history=configuration.history,
        choices=len(description.skill_names),
        input_noise=configuration.input_noise,
    )


def _network(
    demonstrations: DemonstrationSet, configuration: CloningConfiguration, description: DataDescription, seed: int
) -> BehaviourCloningNetwork:
    """An untrained network with the data's normalisers."""
    now = demonstrations.states[demonstrations.state_of_action]
    residuals = residual_of(demonstrations.actions, now, description.target_positions)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return BehaviourCloningNetwork(
            Normaliser.fit(demonstrations.states, std_floor=configuration.std_floor),
            Normaliser.fit(residuals, std_floor=configuration.std_floor),
            description.target_positions,
            history=configuration.history,
            condition_dim=len(description.skill_names),
            width=configuration.width,
            layers=configuration.layers,
        )


@torch.no_grad()
def action_error(network: BehaviourCloningNetwork, batches: ActionBatches, *, most: int = 4096) -> float:
    """Root mean squared error of the actions, in the actions' unit."""
    batch = batches.gather(torch.linspace(0, len(batches.actions) - 1, min(most, len(batches.actions))).long())
    return (network(batch["history"], batch["condition"]) - batch["action"]).square().mean().sqrt().item()


def _export(
    network: BehaviourCloningNetwork,
    batches: ActionBatches,
    output: Path,
    description: DataDescription,
    configuration: CloningConfiguration,
    provenance: Mapping[str, Any],
) -> ClonedExpertRecord:
    """Writes graph and record, after the graph was compared with torch."""
    examples = [batches.gather(torch.arange(count)) for count in (2, 1, 3)]
    inputs = [{name: example[name] for name in ("history", "condition")} for example in examples]
    with whole_files(output, (GRAPH_FILE, RECORD_FILE)) as workplace:
        graph_file = workplace / GRAPH_FILE
        Graph(network, inputs[0], "action").write(graph_file)
        check_against_torch(graph_file, network, inputs)
        record = ClonedExpertRecord(
            format_version=FORMAT_VERSION,
            name=description.name,
            state=tuple(entry.name for entry in description.state),
            action=tuple(entry.name for entry in description.action),
            history=configuration.history,
            kind=description.choice_kind,
            choices=description.skill_names,
            graph=FileRecord.of(graph_file.read_bytes()),
            provenance=provenance,
            scores={"action_rmse": action_error(network, batches)},
        )
        (workplace / RECORD_FILE).write_text(record.to_json(), encoding="utf-8")
    return record
