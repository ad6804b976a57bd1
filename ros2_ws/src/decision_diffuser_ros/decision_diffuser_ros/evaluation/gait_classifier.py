"""Which gait a robot's joints move in, told by a network that was trained apart from the planner.

It sees the joints' positions and velocities of ten control steps (Ajay 2023, App. I: gait classifier) and nothing of
the feet's contacts, so that the two verdicts, this one and that of `gait_pattern`, can be held against each other.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from decision_diffuser_ros.errors import StateError
from decision_diffuser_ros.planner.graph import Graph, GraphSpec, TensorSpec
from decision_diffuser_ros.planner.manifest_records import Entry, FileRecord, require, require_unique
from decision_diffuser_ros.planner.strict_record import read_record_file, record_text
from decision_diffuser_ros.resources import share_directory

RECORD_FILE = "classifier.json"
GRAPH_FILE = "gait_classifier.onnx"
FORMAT_VERSION = 1


@dataclasses.dataclass(frozen=True, kw_only=True)
class GaitClassifierRecord:
    """What the classifier's graph is: the contract between its training and its use.

    Attributes:
        format_version: of this record.
        robot: whose joints.
        gaits: what is told apart, in the order of the probabilities.
        window_steps: control steps that one verdict is about.
        inputs: what is given of each of them: names and units.
        step_duration: time between two of them [s].
        graph: the ONNX file, byte by byte.
        provenance: how it was made.
        scores: what was measured of it.
    """

    format_version: int
    robot: str
    gaits: tuple[str, ...]
    window_steps: int
    inputs: tuple[Entry, ...]
    step_duration: float
    graph: FileRecord
    provenance: Mapping[str, Any]
    scores: Mapping[str, Any]

    def __post_init__(self) -> None:
        require(self.format_version == FORMAT_VERSION, "format_version", str(FORMAT_VERSION), self.format_version)
        require(len(self.gaits) >= 2, "gaits", "at least 2", self.gaits)
        require_unique(self.gaits, "`gaits`")
        require_unique([entry.name for entry in self.inputs], "names of `inputs`")
        require(self.window_steps >= 1, "window_steps", "at least 1", self.window_steps)
        require(self.step_duration > 0.0, "step_duration", "above 0 [s]", self.step_duration)

    @classmethod
    def read(cls, directory: str | Path) -> GaitClassifierRecord:
        """The record in a classifier's directory.

        Raises:
            BundleError: it is not there or not what a record must be.
        """
        remedy = "make a classifier with `decision-diffuser train gait_classifier`"
        return read_record_file(cls, Path(directory) / RECORD_FILE, remedy=remedy)

    def to_json(self) -> str:
        """The JSON text that `read` reads back."""
        return record_text(self)


class GaitClassifier:
    """Gait probabilities from joint states; runs on numpy and ONNX Runtime alone."""

    def __init__(self, record: GaitClassifierRecord, content: bytes) -> None:
        """Use `GaitClassifier.load`."""
        self.record = record
        self.gaits = record.gaits
        window = TensorSpec("float", (record.window_steps, len(record.inputs)))
        spec = GraphSpec(
            inputs={"joint_states": window}, output=("probability", TensorSpec("float", (len(record.gaits),)))
        )
        self._graph = Graph(GRAPH_FILE, content, spec)

    @classmethod
    def load(cls, directory: str | Path | None = None) -> GaitClassifier:
        """A classifier, verified; by default the one that comes with the package.

        Raises:
            BundleError: it is missing or damaged, or its graph is not what its record says.
        """
        directory = classifier_directory(directory)
        record = GaitClassifierRecord.read(directory)
        remedy = "the classifier is damaged or mixed up, restore it or train it again"
        return cls(record, record.graph.verified_content(directory / GRAPH_FILE, remedy=remedy))

    def probabilities(self, joint_states: np.ndarray) -> np.ndarray:
        """Probability of each gait in every window of successive joint states.

        Args:
            joint_states: (steps, inputs) raw [SI], in the order of the record's `inputs`.

        Returns:
            (steps - window_steps + 1, gaits) float32, one row a window, oldest first; none for fewer steps than that.

        Raises:
            StateError: the joint states have another shape.
        """
        states = np.asarray(joint_states, np.float32)
        window_steps, inputs = self.record.window_steps, len(self.record.inputs)
        if states.ndim != 2 or states.shape[1] != inputs:
            raise StateError(f"expected joint states of shape (steps, {inputs}), got {states.shape}")
        if len(states) < window_steps:
            return np.empty((0, len(self.gaits)), np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(states, window_steps, axis=0).transpose(0, 2, 1)
        return self._graph.run({"joint_states": np.ascontiguousarray(windows)})

    def window_centres(self, steps: int) -> np.ndarray:
        """Which of `steps` successive control steps each row of `probabilities` is about, (windows,)."""
        return np.arange(max(0, steps - self.record.window_steps + 1)) + self.record.window_steps // 2


def classifier_directory(directory: str | Path | None = None) -> Path:
    """Where a classifier is; by default the one that comes with the package."""
    return Path(directory) if directory is not None else share_directory() / "models" / "gait_classifier"


def agreement(probabilities: np.ndarray, verdicts: Sequence[str] | np.ndarray, *, gaits: Sequence[str]) -> float:
    """Share of the windows in which the likeliest gait is the other verdict's.

    Args:
        probabilities: (windows, gaits).
        verdicts: (windows,) names; an empty one agrees with nothing.
        gaits: names, in the order of the probabilities.
    """
    likeliest = np.asarray(gaits)[np.argmax(probabilities, axis=1)]
    return float(np.mean(likeliest == np.asarray(verdicts)))
