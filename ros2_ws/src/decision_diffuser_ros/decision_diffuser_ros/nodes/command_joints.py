"""Which joints commands are for, and where each of them is in an action and in a reading. No ROS here."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.planner.manifest import Manifest

ACTION_SUFFIX = "/position_target"
GRIPPER_ACTION = "gripper/opening_target"
GRIPPER = "gripper"


@dataclass(frozen=True)
class CommandJoints:
    """The joints of a model in the orders in which they are met.

    Attributes:
        names: order of the published commands, and of the parameters that have a value for each joint.
        of_action: order of an action's entries; `GRIPPER` among them where it commands the gripper's opening.
        of_reading: order of a joint reading's actuators; `GRIPPER` is the last.
    """

    names: tuple[str, ...]
    of_action: tuple[str, ...]
    of_reading: tuple[str, ...]

    @classmethod
    def of_model(cls, manifest: Manifest, names: Sequence[str] | None) -> CommandJoints:
        """Return the joints of a model.

        Args:
            manifest: of the model.
            names: the joints in the order of the controller; None for that of the model's actions.

        Raises:
            ConfigurationError: the names are not the model's, or its actions are no joint targets.
        """
        of_action = _joints_of_action(manifest)
        joints = tuple(joint for joint in of_action if joint != GRIPPER)
        if names is not None and sorted(names) != sorted(joints):
            raise ConfigurationError(
                f"`joints` do not fit model '{manifest.name}': expected {', '.join(joints)} in any order, "
                f"got {', '.join(names)}"
            )
        return cls(joints if names is None else tuple(names), of_action, (*manifest.joint_names, GRIPPER))

    @functools.cached_property
    def joint_of_action(self) -> list[int]:
        """Index into `names` of each action entry; their number stands for the gripper."""
        return [(*self.names, GRIPPER).index(joint) for joint in self.of_action]

    @functools.cached_property
    def action_of_joint(self) -> list[int]:
        """Index into an action of each of `names`."""
        return [self.of_action.index(joint) for joint in self.names]

    @functools.cached_property
    def reading_of_action(self) -> list[int]:
        """Index into a joint reading's actuators of each action entry."""
        return [self.of_reading.index(joint) for joint in self.of_action]

    @functools.cached_property
    def gripper_action(self) -> int | None:
        """Index into an action of the gripper's opening; None without a gripper."""
        return self.of_action.index(GRIPPER) if GRIPPER in self.of_action else None


def _joints_of_action(manifest: Manifest) -> tuple[str, ...]:
    joints = tuple(
        GRIPPER if name == GRIPPER_ACTION else name.removesuffix(ACTION_SUFFIX) for name in manifest.action_names
    )
    if {*joints} - {GRIPPER} != {*manifest.joint_names}:
        raise ConfigurationError(
            f"the actions of model '{manifest.name}' must be position targets of its joints and a gripper's opening. "
            f"Expected {', '.join(manifest.joint_names)}, got {', '.join(manifest.action_names)}"
        )
    return joints
