"""Trains the gait classifier of the evaluations and exports it: `evaluation.gait_classifier` runs what this makes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from decision_diffuser_ros.data.configuration_file import read_configuration
from decision_diffuser_ros.data.demonstration_set import DemonstrationSet
from decision_diffuser_ros.data.description import DataDescription
from decision_diffuser_ros.data.normalisation import Normaliser
from decision_diffuser_ros.data.whole_file import whole_files
from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.evaluation.gait_classifier import (
    FORMAT_VERSION,
    GRAPH_FILE,
    RECORD_FILE,
    GaitClassifier,
    GaitClassifierRecord,
    agreement,
)
from decision_diffuser_ros.evaluation.gait_pattern import leading_gait
from decision_diffuser_ros.planner.manifest_records import FileRecord, require
from decision_diffuser_ros.training.configuration import OptimisationConfiguration
from decision_diffuser_ros.training.export import Graph
from decision_diffuser_ros.training.fitting import Machine, fit
from decision_diffuser_ros.training.gait_classifier_network import (
    GaitClassifierNetwork,
    GaitProbabilities,
    classifier_loss,
)
from decision_diffuser_ros.training.gait_classifier_windows import Batch, ClassifierWindows
from decision_diffuser_ros.training.graph_comparison import check_against_torch
from decision_diffuser_ros.training.training_data import split_off_last
from decision_diffuser_ros.training.training_module import TrainingModule

EMA_DECAY = 0.99
STD_FLOOR = 0.02  # of the normaliser, in each entry's unit


@dataclass(frozen=True, kw_only=True)
class ClassifierOptimisation(OptimisationConfiguration):
    """How long and how fast, with defaults for a small network that sees short windows, many at a time."""

    training_steps: int = 3000
    batch_size: int = 256
    learning_rate: float = 1e-3


@dataclass(frozen=True, kw_only=True)
class GaitClassifierConfiguration:
    """What decides a classifier, besides its data, seed and machine.

    Attributes:
        window_steps: control steps that one verdict is about.
        width: units of each hidden layer.
        layers: hidden layers.
        joined_share: share of the batches whose windows are joined from two.
        settling_steps: control steps after the start, and after a switch, that are no example of a gait.
        steps_before_fall: control steps before a fall, likewise.
        held_out_share: share of the episodes, the last ones, that only measure.
        optimisation: how long and how fast.
    """

    window_steps: int = 10
    width: int = 128
    layers: int = 3
    joined_share: float = 0.3
    settling_steps: int = 25
    steps_before_fall: int = 50
    held_out_share: float = 0.1
    optimisation: ClassifierOptimisation = field(default_factory=ClassifierOptimisation)

    def __post_init__(self) -> None:
        require(self.window_steps >= 2, "window_steps", "at least 2", self.window_steps)
        require(self.width >= 1 and self.layers >= 1, "width and layers", "at least 1", (self.width, self.layers))
        require(0.0 <= self.joined_share <= 1.0, "joined_share", "in [0, 1]", self.joined_share)
        require(0.0 < self.held_out_share < 1.0, "held_out_share", "in (0, 1)", self.held_out_share)

    @classmethod
    def from_yaml(cls, path: str | Path) -> GaitClassifierConfiguration:
        """The configuration in a YAML file. Raises ConfigurationError."""
        return read_configuration(cls, path, what="classifier")

    def with_training_steps(self, training_steps: int | None) -> GaitClassifierConfiguration:
        """The same with another number of training steps, where given."""
        return replace(self, optimisation=self.optimisation.with_training_steps(training_steps))


def train_gait_classifier(
    data_directory: str | Path,
    output: str | Path,
    *,
    configuration: GaitClassifierConfiguration,
    seed: int,
    machine: Machine,
    provenance: Mapping[str, Any] | None = None,
) -> GaitClassifierRecord:
    """Trains, exports and measures a classifier; it takes less than a minute, so an interrupted one begins anew.

    Args:
        data_directory: a merged data set with `foot_contacts`.
        output: directory of the classifier.
        configuration: what to train.
        seed: of weights and batches.
        machine: where to train.
        provenance: facts on this run.

    Raises:
        DataError: when the data is not there or not usable.
        BundleError: when ONNX Runtime does not agree with torch; nothing is written.
    """
    demonstrations = DemonstrationSet.load(data_directory, extras=["foot_contacts"])
    description = DataDescription.from_metadata(demonstrations.metadata)
    used, held_out = split_off_last(demonstrations, configuration.held_out_share)
    if held_out is None:
        episodes = len(demonstrations.lengths)
        raise ConfigurationError(f"`held_out_share` leaves none of {episodes} episodes to measure on; collect more")
    network = _trained(_windows(used, configuration, description), configuration, seed=seed, machine=machine)
    facts = {
        **(provenance or {}),
        "data": {key: demonstrations.metadata.get(key) for key in ("dataset_id", "total_episodes", "provenance")},
        "configuration": asdict(configuration),
        "seed": seed,
    }
    with whole_files(output, (GRAPH_FILE, RECORD_FILE)) as workplace:
        graph_file = workplace / GRAPH_FILE
        _export(network, _windows(held_out, configuration, description), graph_file)
        record = _record(graph_file, description, configuration, facts)
        scores = _scores(GaitClassifier(record, graph_file.read_bytes()), held_out, configuration, description)
        record = replace(record, scores=scores)
        (workplace / RECORD_FILE).write_text(record.to_json(), encoding="utf-8")
    return record


def joint_entries(description: DataDescription) -> list[int]:
    """Where the joints' positions and velocities are in a state, all that a classifier sees of it."""
    wanted = {f"{joint}/{quantity}" for joint in description.joint_names for quantity in ("position", "velocity")}
    return [index for index, entry in enumerate(description.state) if entry.name in wanted]


def _windows(
    demonstrations: DemonstrationSet, configuration: GaitClassifierConfiguration, description: DataDescription
) -> ClassifierWindows:
    return ClassifierWindows.of(
        demonstrations,
        inputs=joint_entries(description),
        gait_count=len(description.skill_names),
        window_steps=configuration.window_steps,
        settling_steps=configuration.settling_steps,
        steps_before_fall=configuration.steps_before_fall,
    )


def _trained(
    windows: ClassifierWindows, configuration: GaitClassifierConfiguration, *, seed: int, machine: Machine
) -> GaitClassifierNetwork:
    """The trained network (moving average)."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = GaitClassifierNetwork(
            Normaliser.fit(windows.joint_states.numpy(), std_floor=STD_FLOOR),
            window_steps=windows.window_steps,
            gait_count=windows.gait_count,
            width=configuration.width,
            layers=configuration.layers,
        )
    settings = configuration.optimisation

    def draw(rng: np.random.Generator, generator: torch.Generator) -> Batch:
        return windows.draw(rng, settings.batch_size, joined=rng.uniform() < configuration.joined_share)

    module = TrainingModule(network, classifier_loss, optimisation=settings, ema_decay=EMA_DECAY)
    with tempfile.TemporaryDirectory(prefix="gait_classifier-") as directory:
        fit(
            module,
            draw,
            training_steps=settings.training_steps,
            seed=seed,
            directory=Path(directory) / "gait_classifier",
            machine=machine,
        )
    return module.averaged_network.cpu().eval()


def _export(network: GaitClassifierNetwork, windows: ClassifierWindows, path: Path) -> None:
    """Writes the graph, from joint states to probabilities, and compares it with torch."""
    classifier = GaitProbabilities(network)
    examples = [windows.gather(torch.arange(count))["joint_states"] for count in (2, 1, 5)]
    Graph(classifier, {"joint_states": examples[0]}, "probability").write(path)
    check_against_torch(path, classifier, [{"joint_states": example} for example in examples])


def _record(
    graph_file: Path,
    description: DataDescription,
    configuration: GaitClassifierConfiguration,
    provenance: Mapping[str, Any],
) -> GaitClassifierRecord:
    return GaitClassifierRecord(
        format_version=FORMAT_VERSION,
        robot=description.robot,
        gaits=description.skill_names,
        window_steps=configuration.window_steps,
        inputs=tuple(description.state[index] for index in joint_entries(description)),
        step_duration=description.step_duration,
        graph=FileRecord.of(graph_file.read_bytes()),
        provenance=provenance,
        scores={},
    )


def _scores(
    classifier: GaitClassifier,
    held_out: DemonstrationSet,
    configuration: GaitClassifierConfiguration,
    description: DataDescription,
) -> dict[str, Any]:
    """Agreement with the labels on settled windows of held-out episodes, and with the feet's contacts there."""
    windows = _windows(held_out, configuration, description)
    centres = windows.first_state.numpy() + configuration.window_steps // 2
    joint_states, contacts = held_out.states[:, joint_entries(description)], held_out.extras["foot_contacts"]
    probability = np.zeros((len(joint_states), len(classifier.gaits)))
    contacts_say = np.full(len(joint_states), "", dtype="<U16")
    for rows in _rows_of_episodes(held_out):
        of_episode = classifier.probabilities(joint_states[rows])
        probability[rows.start + classifier.window_centres(rows.stop - rows.start)] = of_episode
        contacts_say[rows] = leading_gait(contacts[rows])
    asked = np.asarray(description.skill_names)[windows.gait.numpy()]
    verdicts = {"gait_asked": asked, "foot_contacts": contacts_say[centres]}
    agreements = {
        f"agreement_with_{name}": round(agreement(probability[centres], verdict, gaits=classifier.gaits), 4)
        for name, verdict in verdicts.items()
    }
    return {"held_out_windows": len(windows), **agreements}


def _rows_of_episodes(demonstrations: DemonstrationSet) -> Iterator[slice]:
    """Rows of each episode in `states`."""
    for first, length in zip(demonstrations.first_state, demonstrations.lengths, strict=True):
        yield slice(int(first), int(first + length + 1))
