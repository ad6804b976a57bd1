"""Serial arms as plain numbers, for whoever computes where the tool is without a simulator."""

from __future__ import annotations

from dataclasses import dataclass

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.simulation import iiwa_kinematics as iiwa


@dataclass(frozen=True)
class KinematicChain:
    """An arm whose links lie along the z axes of their frames while all joints are at zero.

    Attributes:
        joint_names: from the base to the tool.
        axes: which axis of its own frame each joint turns about: 0, 1 or 2.
        signs: 1, or -1 for a joint that turns the other way.
        lengths: from the base to the first joint, and from each joint to the next; the last to the tool [m].
    """

    joint_names: tuple[str, ...]
    axes: tuple[int, ...]
    signs: tuple[int, ...]
    lengths: tuple[float, ...]


KUKA_IIWA = KinematicChain(
    joint_names=iiwa.JOINT_NAMES,
    axes=(2, 1, 2, 1, 2, 1, 2),
    signs=(1, 1, 1, -1, 1, 1, 1),
    lengths=(iiwa.SHOULDER_HEIGHT, 0.0, 0.0, iiwa.UPPER_LENGTH, 0.0, iiwa.LOWER_LENGTH, 0.0, iiwa.TOOL_LENGTH),
)

CHAINS = {"kuka_iiwa": KUKA_IIWA}
"""By the name that data sets give their robot."""


def chain_of(robot: str) -> KinematicChain:
    """The arm of a robot. Raises ConfigurationError."""
    if robot not in CHAINS:
        raise ConfigurationError(f"robot '{robot}' has no arm that is known here; available: {', '.join(CHAINS)}")
    return CHAINS[robot]
