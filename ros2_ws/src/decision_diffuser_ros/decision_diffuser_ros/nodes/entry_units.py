"""The units in which a model's states and actions must be, for what robots measure and are told is in SI units."""

from __future__ import annotations

import re

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.planner.manifest import Manifest

UNITS = (
    (r"gravity_direction/[xyz]", "1"),
    (r"angular_velocity/[xyz]", "rad/s"),
    (r"gripper/opening(_target)?", "m"),
    (r".+/position/[xyz]", "m"),
    (r".+/orientation/[xyzw]", "1"),
    (r".+/(position|position_target)", "rad"),
    (r".+/velocity", "rad/s"),
)
"""Of the entries that a robot gives or takes, by a pattern of their names; the first that fits counts."""


def require_si_units(manifest: Manifest) -> None:
    """Refuse a model that is in other units than the robot.

    Raises:
        ConfigurationError: an entry's unit is another; the message says which.
    """
    for entry in (*manifest.state, *manifest.action):
        unit = next((unit for pattern, unit in UNITS if re.fullmatch(pattern, entry.name)), entry.unit)
        if entry.unit != unit:
            raise ConfigurationError(
                f"model '{manifest.name}' has '{entry.name}' in '{entry.unit}'; expected '{unit}', which is what the "
                "robot is measured and commanded in; train the model on such data"
            )
