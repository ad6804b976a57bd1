"""Readings that no robot can have are refused: finite, but far beyond what its joints and sensors can do."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from decision_diffuser_ros.control.limits import CommandLimits
from decision_diffuser_ros.errors import StateError

POSITION_MARGIN = math.pi
"""How far a joint may be measured beyond its limits [rad]: wrongly calibrated, but not another quantity."""

VELOCITY_FACTOR = 10.0
"""How many times its velocity limit a joint may be measured to have: noise of a difference, but not garbage."""

FASTEST_ROTATION = 200.0
"""Angular velocity beyond any gyroscope's range [rad/s]."""

FURTHEST_OBJECT = 10.0
"""Distance from the origin beyond what any arm on a table can be meant to reach [m]."""


def require_plausible_joints(
    position: NDArray[np.float64], velocity: NDArray[np.float64], limits: CommandLimits, joint_names: Sequence[str]
) -> None:
    """Make sure that joints can be measured so, arrays ``(action_dim,)`` in the order of the limits [rad], [rad/s].

    Raises:
        StateError: a position or velocity is impossible.
    """
    beyond = np.maximum(limits.lower - position, position - limits.upper) > POSITION_MARGIN
    if beyond.any():
        joint = int(np.flatnonzero(beyond)[0])
        raise StateError(
            f"the position of joint '{joint_names[joint]}' is impossible: its limits are {limits.lower[joint]:g} to "
            f"{limits.upper[joint]:g} rad. Got {position[joint]:g} rad"
        )
    beyond = np.abs(velocity) > VELOCITY_FACTOR * limits.max_velocity
    if beyond.any():
        joint = int(np.flatnonzero(beyond)[0])
        raise StateError(
            f"the velocity of joint '{joint_names[joint]}' is impossible: its limit is {limits.max_velocity[joint]:g} "
            f"rad/s. Got {velocity[joint]:g} rad/s"
        )


def require_plausible_rotation(angular_velocity: NDArray[np.float64]) -> None:
    """Make sure that a base can rotate so ``(3,)`` [rad/s].

    Raises:
        StateError: it cannot.
    """
    if (np.abs(angular_velocity) > FASTEST_ROTATION).any():
        raise StateError(
            f"the IMU's angular velocity is impossible: at most {FASTEST_ROTATION:g} rad/s can be measured. "
            f"Got {angular_velocity.tolist()}"
        )


def require_plausible_objects(position: NDArray[np.float64], names: Sequence[str]) -> None:
    """Make sure that objects can be where they are said to be ``(objects, 3)`` [m].

    Raises:
        StateError: one cannot.
    """
    for name, row in zip(names, position, strict=True):
        if np.abs(row).max() > FURTHEST_OBJECT:
            raise StateError(
                f"the position of object '{name}' is impossible: at most {FURTHEST_OBJECT:g} m from the origin along "
                f"each axis can be meant. Got {row.tolist()}"
            )
