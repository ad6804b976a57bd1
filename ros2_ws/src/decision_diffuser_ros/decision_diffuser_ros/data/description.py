"""What the numbers of a data set are: the part of a model's manifest that its data decides."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from decision_diffuser_ros.errors import BundleError, ConfigurationError, DataError
from decision_diffuser_ros.planner.manifest_records import Entry, require, require_unique
from decision_diffuser_ros.planner.state_layout import StateLayout
from decision_diffuser_ros.planner.strict_record import read_record, write_record

DEFAULT_CHOICE_KIND = "skill"


def state_entries(joints: Sequence[str], *, has_velocities: bool, has_imu: bool) -> tuple[Entry, ...]:
    """Entries of the state of a robot of joints: positions, velocities, and what an IMU tells of the base."""
    imu = [("gravity_direction", "1"), ("angular_velocity", "rad/s")] if has_imu else []
    return (
        *(Entry(f"{joint}/position", "rad") for joint in joints),
        *(Entry(f"{joint}/velocity", "rad/s") for joint in joints if has_velocities),
        *(Entry(f"{quantity}/{axis}", unit) for quantity, unit in imu for axis in "xyz"),
    )


def target_entries(joints: Sequence[str]) -> tuple[Entry, ...]:
    """Entries of an action that says where each joint is to go."""
    return tuple(Entry(f"{joint}/position_target", "rad") for joint in joints)


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataDescription(StateLayout):
    """Names and units of a data set's arrays; the key `description` of its shards' attributes.

    Attributes:
        name: what the demonstrations show, e.g. `quadruped_gaits`; becomes the model's name.
        robot: e.g. `unitree_a1`.
        state: entries of a state, named as the manifest wants: `<joint>/position`, ...
        action: entries of an action, e.g. `<joint>/position_target`.
        joint_names: the robot's joints.
        skill_names: what an episode's `skills` stand for; empty when there is nothing to choose.
        step_duration: time between two states [s].
        choice_kind: what an episode's `skills` choose, as the kind of condition is called: `skill`, `constraint`, ...
    """

    name: str
    robot: str
    state: tuple[Entry, ...]
    action: tuple[Entry, ...]
    joint_names: tuple[str, ...]
    skill_names: tuple[str, ...]
    step_duration: float
    choice_kind: str = DEFAULT_CHOICE_KIND

    def __post_init__(self) -> None:
        require(bool(self.state) and bool(self.action), "state and action", "not empty", None)
        require_unique(self.state_names, "names of `state`")
        require_unique([entry.name for entry in self.action], "names of `action`")
        require_unique(self.joint_names, "`joint_names`")
        require_unique(self.skill_names, "`skill_names`")
        require(self.step_duration > 0.0, "step_duration", "above 0 [s]", self.step_duration)
        require(bool(self.choice_kind), "choice_kind", "a name", self.choice_kind)

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, Any]) -> DataDescription:
        """The description in a data set's metadata.

        Raises:
            DataError: when it is not there or not complete.
        """
        attributes = metadata.get("attributes") or {}
        try:
            return read_record(cls, attributes.get("description"), where="attributes: description")
        except (BundleError, ConfigurationError) as error:
            raise DataError(f"the data set does not say what its numbers are: {error}") from error

    def to_json(self) -> dict:
        """The JSON value that `from_metadata` reads back.

        The default kind of choice is left out: shards of one data set must say the same, those written before there
        were other kinds too.
        """
        value = write_record(self)
        if self.choice_kind == DEFAULT_CHOICE_KIND:
            del value["choice_kind"]
        return value

    @property
    def target_positions(self) -> tuple[int | None, ...]:
        """For each action `x_target`, where `x` stands in the state; None where it does not."""
        names = self.state_names
        measured = [entry.name.removesuffix("_target") for entry in self.action]
        return tuple(names.index(name) if name in names else None for name in measured)
