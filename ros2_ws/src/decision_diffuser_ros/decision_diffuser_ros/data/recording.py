"""From a robot's recorded messages to episodes.

    joint states   x   x   x   x   x   x   x   x      at any rate
    control steps  o       o       o       o          whenever a stamp is due, as in the planner node
    commands         c       c       c                the one in force half-way to the next control step is the action

States are put together by the same code as on the robot, so that a model plans from what it learnt from.
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from decision_diffuser_ros.control.message_readings import imu_reading, joint_reading, measured_at
from decision_diffuser_ros.control.stamp_trigger import StampTrigger
from decision_diffuser_ros.control.state_assembly import ImuReading, JointReading, StateAssembler
from decision_diffuser_ros.data.episode import Episode
from decision_diffuser_ros.data.labels import ASKED_NUMBERS
from decision_diffuser_ros.data.recording_description import RecordingDescription
from decision_diffuser_ros.errors import DataError, StateError

EARLINESS = 0.1
"""How much too early a joint state may be, in control steps: where they come no more often, none is missed for it."""


@dataclass(frozen=True, eq=False)
class RecordedMessage:
    """A message with the fields of its ROS type, and when it was received [s]."""

    topic: str
    time: float
    message: Any


@dataclass(frozen=True, eq=False)
class _ControlStep:
    """What was known at a control step; `begins` if what came before does not lead to it."""

    time: float
    begins: bool
    state: NDArray[np.float64]
    skill: int
    forward_speed: float
    pose: tuple[float, float, float, float] | None


@dataclass
class Refusals:
    """How many messages of a topic could not be used, and why the first could not."""

    count: int
    first_reason: str


class RecordingSampler:
    """Makes control steps of recorded messages, in the order in which they were received.

    Attributes:
        refused: what could not be used, by topic.
    """

    def __init__(self, description: RecordingDescription) -> None:
        """Begins with no message.

        Args:
            description: of the recordings.
        """
        self.refused: dict[str, Refusals] = {}
        self._description = description
        self._assembler = StateAssembler(description.data_description())
        self._trigger = StampTrigger(
            step_duration=description.step_duration,
            needs_imu=False,
            earliness=EARLINESS * description.step_duration,
        )
        self._steps: list[_ControlStep] = []
        self._command_times: list[float] = []
        self._commands: list[NDArray[np.float64]] = []
        self._imu: ImuReading | None = None
        self._skill: int | None = 0 if description.topics.skill is None else None
        self._forward_speed = 0.0
        self._odometry: tuple[float, tuple[float, float, float, float]] | None = None
        self._is_broken = True
        takers = {
            "joint_states": self._take_joints,
            "commands": self._take_command,
            "imu": self._take_imu,
            "skill": self._take_skill,
            "velocity": self._take_velocity,
            "odometry": self._take_odometry,
        }
        self._takers = {name: takers[purpose] for purpose, name in description.topics.names.items()}

    def add(self, recorded: RecordedMessage) -> None:
        """Takes the next message; one with values that cannot be is counted as refused.

        Raises:
            DataError: it does not fit the description: another number of joints, an unknown skill.
        """
        try:
            self._takers[recorded.topic](recorded)
        except StateError as error:
            self.refused.setdefault(recorded.topic, Refusals(0, str(error))).count += 1

    def episodes(self) -> list[Episode]:
        """The episodes of all messages so far; of none shorter than the description says."""
        shortest = math.ceil(self._description.shortest_episode / self._description.step_duration)
        return [self._episode(stretch) for stretch in self._stretches() if len(stretch) > shortest]

    def _stretches(self) -> list[list[_ControlStep]]:
        """Control steps that follow each other, from the first one that a command answers."""
        stretches: list[list[_ControlStep]] = []
        first_command = self._command_times[0] if self._command_times else math.inf
        for step, next_step in zip(self._steps, [*self._steps[1:], None], strict=True):
            if step.begins:
                stretches.append([])
            if stretches[-1] or (next_step is not None and _half_way(step, next_step) >= first_command):
                stretches[-1].append(step)
        return stretches

    def _take_joints(self, recorded: RecordedMessage) -> None:
        reading = joint_reading(recorded.message, self._assembler, received=recorded.time)
        due = self._trigger.add_joints(reading)
        if due is None:
            return
        self._is_broken |= due.gap
        if self._skill is None or not self._is_known(reading):
            self._is_broken = True
            return
        pose = None if self._odometry is None else self._odometry[1]
        state = self._assembler.assemble(reading, self._imu)
        step = _ControlStep(recorded.time, self._is_broken, state, self._skill, self._forward_speed, pose)
        self._steps.append(step)
        self._is_broken = False

    def _is_known(self, joints: JointReading) -> bool:
        """Whether all other readings that a control step needs are there and fresh."""
        needed = []
        if self._assembler.needs_imu:
            needed.append(None if self._imu is None else self._imu.stamp)
        if self._description.topics.odometry is not None:
            needed.append(None if self._odometry is None else self._odometry[0])
        oldest = self._description.oldest_reading
        return all(stamp is not None and abs(joints.stamp - stamp) <= oldest for stamp in needed)

    def _take_command(self, recorded: RecordedMessage) -> None:
        message, joints = recorded.message, self._description.joints
        if hasattr(message, "position"):
            by_name = dict(zip(message.name, message.position, strict=False))
            missing = [joint for joint in joints if joint not in by_name]
            if missing:
                raise DataError(
                    f"a command on '{recorded.topic}' has no joint '{missing[0]}'; got: {', '.join(by_name)}"
                )
            command = np.array([by_name[joint] for joint in joints], dtype=np.float64)
        else:
            command = np.array(message.data, dtype=np.float64)
        if command.shape != (len(joints),):
            raise DataError(
                f"a command on '{recorded.topic}' has {command.size} values; `joints` names {len(joints)}: "
                f"{', '.join(joints)}"
            )
        if not np.isfinite(command).all():
            raise StateError(f"a command on '{recorded.topic}' must be finite. Got {command.tolist()}")
        self._command_times.append(recorded.time)
        self._commands.append(command)

    def _take_imu(self, recorded: RecordedMessage) -> None:
        self._imu = imu_reading(recorded.message, self._assembler, received=recorded.time)

    def _take_skill(self, recorded: RecordedMessage) -> None:
        name, skills = recorded.message.data, self._description.skills
        if name and name not in skills:
            raise DataError(f"skill '{name}' on '{recorded.topic}' is not in `skills`: {', '.join(skills)}")
        self._skill = skills.index(name) if name else None

    def _take_velocity(self, recorded: RecordedMessage) -> None:
        twist = getattr(recorded.message, "twist", recorded.message)
        if not math.isfinite(twist.linear.x):
            raise StateError(f"the velocity on '{recorded.topic}' must be finite. Got {twist.linear.x}")
        self._forward_speed = float(twist.linear.x)

    def _take_odometry(self, recorded: RecordedMessage) -> None:
        pose = recorded.message.pose.pose
        p, q = pose.position, pose.orientation
        heading = math.atan2(2.0 * (q.w * q.z + q.x * q.y), 1.0 - 2.0 * (q.y**2 + q.z**2))
        values = (float(p.x), float(p.y), float(p.z), heading)
        if not all(math.isfinite(value) for value in values):
            raise StateError(f"the pose on '{recorded.topic}' must be finite. Got {values}")
        self._odometry = (measured_at(recorded.message, received=recorded.time), values)

    def _episode(self, steps: Sequence[_ControlStep]) -> Episode:
        extras = {}
        if self._description.topics.velocity is not None:
            extras[ASKED_NUMBERS["forward_speed"]] = np.array([step.forward_speed for step in steps[:-1]], np.float32)
        if self._description.topics.odometry is not None:
            poses = np.array([step.pose for step in steps])
            extras["base_position"], extras["heading"] = poses[:, :3], poses[:, 3]
        return Episode(
            states=np.array([step.state for step in steps]),
            actions=np.array([self._command_at(_half_way(*pair)) for pair in itertools.pairwise(steps)]),
            skills=np.array([step.skill for step in steps[:-1]]),
            extras=extras,
        )

    def _command_at(self, time: float) -> NDArray[np.float64]:
        return self._commands[bisect.bisect_right(self._command_times, time) - 1]


def sample_recording(messages: Iterable[RecordedMessage], description: RecordingDescription) -> RecordingSampler:
    """All messages of one recording, sampled.

    Raises:
        DataError: a message does not fit the description.
    """
    sampler = RecordingSampler(description)
    for recorded in messages:
        sampler.add(recorded)
    return sampler


def _half_way(step: _ControlStep, next_step: _ControlStep) -> float:
    return (step.time + next_step.time) / 2
