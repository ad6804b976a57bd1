"""An expert cloned by plain regression, from observed states and conditions straight to actions.

It is what planning is held against: the same data, the same size, no plan, no diffusion. Conditions reach it as one
vector, one-hot in training. Of several it is given the sum of their vectors, weighted, which it has never seen: nothing
better can be done without a model that composes (Ajay 2023, App. I).
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from decision_diffuser_ros.errors import ConditionError
from decision_diffuser_ros.planner.conditions import Condition
from decision_diffuser_ros.planner.graph import Graph, GraphSpec, TensorSpec
from decision_diffuser_ros.planner.manifest_records import FileRecord, require, require_unique
from decision_diffuser_ros.planner.strict_record import read_record_file, record_text

RECORD_FILE = "behaviour_cloning.json"
GRAPH_FILE = "behaviour_cloning.onnx"
FORMAT_VERSION = 1


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClonedExpertRecord:
    """What a cloned expert's graph is: the contract between its training and its use.

    Attributes:
        format_version: of this record.
        name: of the demonstrations, e.g. `block_stacking`.
        state: names of the entries of a state.
        action: names of the entries of an action.
        history: observed states that an action follows from.
        kind: of the conditions.
        choices: their names, in the order of the condition vector.
        graph: the ONNX file, byte by byte.
        provenance: how it was made.
        scores: what was measured of it.
    """

    format_version: int
    name: str
    state: tuple[str, ...]
    action: tuple[str, ...]
    history: int
    kind: str
    choices: tuple[str, ...]
    graph: FileRecord
    provenance: Mapping[str, Any]
    scores: Mapping[str, Any]

    def __post_init__(self) -> None:
        require(self.format_version == FORMAT_VERSION, "format_version", str(FORMAT_VERSION), self.format_version)
        require(self.history >= 1, "history", "at least 1", self.history)
        for name in ("state", "action", "choices"):
            require_unique(getattr(self, name), f"`{name}`")

    @classmethod
    def read(cls, directory: str | Path) -> ClonedExpertRecord:
        """The record in a directory. Raises BundleError."""
        remedy = "clone an expert with `decision-diffuser train behaviour_cloning`"
        return read_record_file(cls, Path(directory) / RECORD_FILE, remedy=remedy)

    def to_json(self) -> str:
        """The JSON text that `read` reads back."""
        return record_text(self)


class ClonedExpert:
    """Actions from the states observed so far; runs on numpy and ONNX Runtime alone."""

    def __init__(self, record: ClonedExpertRecord, content: bytes) -> None:
        """Use `ClonedExpert.load`."""
        self.record = record
        spec = GraphSpec(
            inputs={
                "history": TensorSpec("float", (record.history, len(record.state))),
                "condition": TensorSpec("float", (len(record.choices),)),
            },
            output=("action", TensorSpec("float", (len(record.action),))),
        )
        self._graph = Graph(GRAPH_FILE, content, spec)
        self.reset()

    @classmethod
    def load(cls, directory: str | Path) -> ClonedExpert:
        """A cloned expert, verified.

        Raises:
            BundleError: it is missing or damaged, or its graph is not what its record says.
        """
        record = ClonedExpertRecord.read(directory)
        remedy = "the cloned expert is damaged or mixed up, restore it or train it again"
        return cls(record, record.graph.verified_content(Path(directory) / GRAPH_FILE, remedy=remedy))

    def reset(self) -> None:
        """Forgets what was observed."""
        self._history: deque[np.ndarray] = deque(maxlen=self.record.history)

    def action(self, state: ArrayLike, conditions: Sequence[Condition]) -> np.ndarray:
        """The action in a state, (action_dim,) raw [SI]; the state is remembered.

        Args:
            state: (state_dim,) raw [SI].
            conditions: of the record's kind; their vectors are added up by weight.

        Raises:
            ConditionError: a condition is not one of the record's.
        """
        self._history.append(np.asarray(state, np.float32))
        missing = self.record.history - len(self._history)
        history = np.stack([self._history[0]] * missing + list(self._history))
        inputs = {"history": history[None], "condition": self._vector(conditions)[None]}
        return self._graph.run(inputs)[0]

    def _vector(self, conditions: Sequence[Condition]) -> np.ndarray:
        vector = np.zeros(len(self.record.choices), np.float32)
        for condition in conditions:
            value = condition.values.get(self.record.kind)
            if value not in self.record.choices:
                available = ", ".join(self.record.choices)
                raise ConditionError(f"{self.record.kind} {value!r} was not demonstrated; available: {available}")
            vector[self.record.choices.index(str(value))] += condition.weight
        return vector
