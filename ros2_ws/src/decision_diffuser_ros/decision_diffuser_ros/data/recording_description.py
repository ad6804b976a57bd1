"""What the topics of a robot's recordings mean, and what is made of them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from decision_diffuser_ros.data.configuration_file import read_configuration
from decision_diffuser_ros.data.description import DataDescription, state_entries, target_entries
from decision_diffuser_ros.planner.manifest_records import require, require_unique


@dataclass(frozen=True, kw_only=True)
class RecordedTopics:
    """Names of topics; what is left out was not recorded.

    Attributes:
        joint_states: `sensor_msgs/JointState`.
        commands: joint targets, `std_msgs/Float64MultiArray` in the order of `joints`, or `sensor_msgs/JointState`.
        imu: `sensor_msgs/Imu`; with it, states have the direction of gravity and the angular velocity.
        skill: `std_msgs/String`, the skill that is shown from now on; the empty string for none.
        velocity: `geometry_msgs/Twist` or `TwistStamped`, the speed that is asked, forwards.
        odometry: `nav_msgs/Odometry`, for trainings on returns.
    """

    joint_states: str
    commands: str
    imu: str | None = None
    skill: str | None = None
    velocity: str | None = None
    odometry: str | None = None

    def __post_init__(self) -> None:
        require_unique(self.names.values(), "names of `topics`")

    @property
    def names(self) -> dict[str, str]:
        """All that were recorded, by what each is for: the attributes above."""
        names = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {purpose: name for purpose, name in names.items() if name is not None}


@dataclass(frozen=True, kw_only=True)
class RecordingDescription:
    """How recordings of a robot become demonstrations.

    Attributes:
        name: of the data set, and of the model that learns from it.
        robot: that is shown.
        joints: in the order of the controller's commands.
        step_duration: of a control step [s].
        skills: that are shown. One alone is shown all the time; of several, `topics.skill` says which.
        topics: see `RecordedTopics`.
        joint_velocities: whether states have them.
        oldest_reading: of IMU and odometry at a control step [s]; where it is older, an episode ends.
        shortest_episode: a shorter one is left out [s].
    """

    name: str
    robot: str
    joints: tuple[str, ...]
    step_duration: float
    skills: tuple[str, ...]
    topics: RecordedTopics
    joint_velocities: bool = True
    oldest_reading: float = 0.1
    shortest_episode: float = 1.0

    def __post_init__(self) -> None:
        require(bool(self.joints), "joints", "at least one name", self.joints)
        require_unique(self.joints, "`joints`")
        require(bool(self.skills), "skills", "at least one name", self.skills)
        require(
            len(self.skills) == 1 or self.topics.skill is not None,
            "topics: skill",
            "a topic that says which of several skills is shown",
            self.topics.skill,
        )
        require(self.oldest_reading > 0.0, "oldest_reading", "above 0 [s]", self.oldest_reading)
        require(self.shortest_episode > 0.0, "shortest_episode", "above 0 [s]", self.shortest_episode)
        self.data_description()

    @classmethod
    def from_yaml(cls, path: str | Path) -> RecordingDescription:
        """The description in a YAML file.

        Raises:
            ConfigurationError: when it cannot be read or is not accepted.
        """
        return read_configuration(cls, path, what="recording")

    def data_description(self) -> DataDescription:
        """What the numbers of the demonstrations are."""
        has_imu = self.topics.imu is not None
        return DataDescription(
            name=self.name,
            robot=self.robot,
            state=state_entries(self.joints, has_velocities=self.joint_velocities, has_imu=has_imu),
            action=target_entries(self.joints),
            joint_names=self.joints,
            skill_names=self.skills,
            step_duration=self.step_duration,
        )
