"""The manifest of a model bundle: the contract between training and deployment.

Names are the contract for what the numbers are. A state entry is named

    <joint>/position           [rad]     <joint>/velocity            [rad/s]
    gravity_direction/{x,y,z}  [-]       angular_velocity/{x,y,z}    [rad/s]    both in the base frame

and an action entry `<joint>/position_target` [rad], with the joints of `joint_names`. Other entries may stand beside
them (`gripper/opening`, `block_red/position/x`). The window of the model is `history` observed slots followed by
`plan_steps` future ones, and the outcome, if the model has one.
"""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from decision_diffuser_ros.errors import BundleError
from decision_diffuser_ros.planner.manifest_records import (
    ConditionKind,
    Entry,
    FileRecord,
    NormaliserRecord,
    ScheduleRecord,
    require,
    require_unique,
)
from decision_diffuser_ros.planner.settings import SamplingSettings
from decision_diffuser_ros.planner.state_layout import StateLayout
from decision_diffuser_ros.planner.strict_record import parse_json, read_record, write_record
from decision_diffuser_ros.resources import MANIFEST_NAME

FORMAT_VERSION = 1
DENOISER_FILE = "denoiser.onnx"
INVERSE_DYNAMICS_FILE = "inverse_dynamics.onnx"
PREDICTIONS = ("x0", "noise")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Manifest(StateLayout):
    """Everything deployment must know of a model. Read it with `Manifest.read`, write it with `Manifest.write`.

    Attributes:
        format_version: of this file; `FORMAT_VERSION`.
        name: name of the model.
        robot: the robot it moves, e.g. `unitree_a1`.
        state: the state entries, `state_dim` of them, in the order of the arrays.
        action: the action entries, `action_dim` of them.
        joint_names: the robot's joints as they appear in entry names.
        step_duration: time between two states of a plan [s].
        history: most observed states the model takes.
        plan_steps: future states of a plan.
        outcome: whether the model plans the state in which all ends as well, in one more slot, see `outcomes`.
        schedule: the noise schedule of training.
        prediction: what the network predicts: `x0` (the clean trajectory) or `noise`.
        conditions: the kinds of condition, in the order of the condition vector.
        normaliser: of the states.
        sampling: the settings the scores were measured with; the planner's defaults.
        files: the other files of the bundle by name.
        provenance: how the model was made: data, seed, steps, commit.
        scores: what was measured with it.
    """

    name: str
    robot: str
    state: tuple[Entry, ...]
    action: tuple[Entry, ...]
    joint_names: tuple[str, ...]
    step_duration: float
    history: int
    plan_steps: int
    schedule: ScheduleRecord
    prediction: str
    conditions: tuple[ConditionKind, ...]
    normaliser: NormaliserRecord
    sampling: SamplingSettings
    files: Mapping[str, FileRecord]
    provenance: Mapping[str, Any]
    scores: Mapping[str, Any]
    outcome: bool = False
    format_version: int = FORMAT_VERSION

    def __post_init__(self) -> None:
        require(self.format_version == FORMAT_VERSION, "format_version", f"{FORMAT_VERSION}", self.format_version)
        require(bool(self.name), "name", "a name", self.name)
        require(bool(self.state) and bool(self.action), "state and action", "not empty", (self.state, self.action))
        require_unique(self.state_names, "names of `state`")
        require_unique(self.action_names, "names of `action`")
        require_unique(self.joint_names, "`joint_names`")
        require_unique([kind.kind for kind in self.conditions], "kinds of `conditions`")
        require(self.step_duration > 0.0, "step_duration", "above 0 [s]", self.step_duration)
        require(self.history >= 1, "history", "at least 1", self.history)
        require(self.plan_steps >= 1, "plan_steps", "at least 1", self.plan_steps)
        require(self.prediction in PREDICTIONS, "prediction", f"one of {', '.join(PREDICTIONS)}", self.prediction)
        require(
            len(self.normaliser.mean) == self.state_dim,
            "normaliser",
            f"of length {self.state_dim} as `state`",
            len(self.normaliser.mean),
        )
        self.sampling.check_against(denoising_steps=self.schedule.denoising_steps, history=self.history)
        _require_bare_names(self.files)
        self._require_joint_entries()

    @classmethod
    def read(cls, path: Path) -> "Manifest":
        """The manifest in a file.

        Raises:
            BundleError: the file is missing, no JSON, or not a valid manifest.
        """
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BundleError(f"the manifest {path} cannot be read: {error}") from error
        return cls.from_json(text, where=str(path))

    @classmethod
    def from_json(cls, text: str, *, where: str = MANIFEST_NAME) -> "Manifest":
        """The manifest in a JSON text; `where` names it in messages. Raises BundleError."""
        value = parse_json(text, where=where)
        version = value.get("format_version") if isinstance(value, dict) else None
        if version != FORMAT_VERSION:
            raise BundleError(
                f"{where}: expected format_version {FORMAT_VERSION}, got {version!r}; export the model again"
            )
        return read_record(cls, value, where=where)

    def to_json(self) -> str:
        """The JSON text that `from_json` reads back into an equal manifest."""
        record = write_record(self)
        return json.dumps({"format_version": record.pop("format_version"), **record}, indent=1, allow_nan=False) + "\n"

    def write(self, path: Path) -> None:
        """Writes `to_json` to a file."""
        Path(path).write_text(self.to_json(), encoding="utf-8")

    @property
    def action_dim(self) -> int:
        """Numbers in an action."""
        return len(self.action)

    @property
    def horizon(self) -> int:
        """Slots of the model's window: history, plan, outcome."""
        return self.history + self.plan_steps + self.outcome

    @property
    def action_names(self) -> tuple[str, ...]:
        """Names of the action entries."""
        return tuple(entry.name for entry in self.action)

    @property
    def condition_dim(self) -> int:
        """Numbers in the condition vector, all kinds together."""
        return sum(kind.dimension for kind in self.conditions)

    @property
    def condition_kinds(self) -> int:
        """Number of kinds of condition."""
        return len(self.conditions)

    def kind(self, name: str) -> ConditionKind | None:
        """The kind of condition with this name, or None if the model has no such kind."""
        return next((kind for kind in self.conditions if kind.kind == name), None)

    def names_of(self, kind: str) -> tuple[str, ...]:
        """What can be chosen of a kind, e.g. the skills; empty if the model has no such kind."""
        found = self.kind(kind)
        return found.names if found is not None else ()

    def _require_joint_entries(self) -> None:
        names = self.state_names
        positions = [name in names for name in self.joint_entries("position")]
        require(all(positions), "state", "with '<joint>/position' of every joint", names)
        velocities = [name in names for name in self.joint_entries("velocity")]
        has_all_or_none = all(velocities) or not any(velocities)
        require(has_all_or_none, "state", "with '<joint>/velocity' of every joint or of none", names)


def _require_bare_names(files: Mapping[str, FileRecord]) -> None:
    for required in (DENOISER_FILE, INVERSE_DYNAMICS_FILE):
        require(required in files, "files", f"with '{required}'", sorted(files))
    for name in files:
        require(Path(name).name == name and name != "..", "files", "bare file names without directories", name)
