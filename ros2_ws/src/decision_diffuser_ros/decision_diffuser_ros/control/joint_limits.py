"""Limits of a robot's joints: from its description (URDF), tightened by its parameter file."""

from __future__ import annotations

import dataclasses
import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from decision_diffuser_ros.errors import ConfigurationError

ROUNDING = 1e-3
"""How far a parameter may lie beyond the description, absolute and relative: rounded figures, not wider limits."""

UNITS = {"lower": "rad", "upper": "rad", "velocity": "rad/s", "effort": "N m"}


@dataclass(frozen=True, eq=False, kw_only=True)
class JointLimits:
    """What each joint can do, arrays ``(joints,)``; infinite where there is no limit.

    Attributes:
        joint_names: of the joints.
        lower, upper: position [rad].
        velocity: largest speed [rad/s].
        effort: largest torque [N m].
    """

    joint_names: tuple[str, ...]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    velocity: NDArray[np.float64]
    effort: NDArray[np.float64]

    @classmethod
    def unlimited(cls, joint_names: Sequence[str]) -> JointLimits:
        """Return no limits at all."""
        infinite = np.full(len(joint_names), math.inf)
        return cls(
            joint_names=tuple(joint_names),
            lower=-infinite,
            upper=infinite,
            velocity=infinite.copy(),
            effort=infinite.copy(),
        )

    @classmethod
    def from_urdf(cls, urdf: str, joint_names: Sequence[str]) -> JointLimits:
        """Return the limits that a robot description has for these joints.

        Raises:
            ConfigurationError: the text is no robot description, or has no such joint, or no limits for it.
        """
        joints = _movable_joints(urdf)
        missing = [name for name in joint_names if name not in joints]
        if missing:
            raise ConfigurationError(
                f"the robot description has no movable joint '{missing[0]}'; it has: {', '.join(joints) or 'none'}"
            )
        rows = [_limits_of(joints[name]) for name in joint_names]
        lower, upper, velocity, effort = np.array(rows, dtype=np.float64).reshape(-1, 4).T
        return cls(joint_names=tuple(joint_names), lower=lower, upper=upper, velocity=velocity, effort=effort)

    def tightened(self, **limits: NDArray[np.float64] | None) -> JointLimits:
        """Return these limits with narrower ones by name; None leaves one as it is.

        Raises:
            ConfigurationError: one is wider than what it is to tighten, by more than rounding.
        """
        given = {name: np.array(values, dtype=np.float64) for name, values in limits.items() if values is not None}
        for name, values in given.items():
            self._refuse_wider(name, values)
        narrower: dict[str, Any] = {name: self._narrower(name, values) for name, values in given.items()}
        return dataclasses.replace(self, **narrower)

    def _narrower(self, name: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return (np.maximum if name == "lower" else np.minimum)(getattr(self, name), values)

    def _refuse_wider(self, name: str, values: NDArray[np.float64]) -> None:
        mine = getattr(self, name)
        beyond = (mine - values) if name == "lower" else (values - mine)
        wider = np.flatnonzero(~(beyond <= ROUNDING * (1.0 + np.where(np.isfinite(mine), np.abs(mine), 0.0))))
        if wider.size:
            joint, unit = int(wider[0]), UNITS[name]
            raise ConfigurationError(
                f"the {name} limit of joint '{self.joint_names[joint]}' is wider than the robot description's: "
                f"expected {'at least' if name == 'lower' else 'at most'} {mine[joint]:g} {unit}, "
                f"got {values[joint]:g} {unit}"
            )


def _movable_joints(urdf: str) -> dict[str, ElementTree.Element]:
    if "<!DOCTYPE" in urdf or "<!ENTITY" in urdf:
        raise ConfigurationError("the robot description declares XML entities, which a URDF needs none of")
    try:
        root = ElementTree.fromstring(urdf)
    except ElementTree.ParseError as error:
        raise ConfigurationError(f"the robot description is not XML: {error}; expand xacro first") from error
    if root.tag != "robot":
        raise ConfigurationError(f"the robot description must be a URDF: expected element 'robot', got '{root.tag}'")
    movable = [joint for joint in root.iter("joint") if joint.get("type") in ("revolute", "continuous", "prismatic")]
    return {joint.get("name", ""): joint for joint in movable if joint.find("mimic") is None}


def _limits_of(joint: ElementTree.Element) -> tuple[float, float, float, float]:
    """Lower, upper, velocity and effort of a joint; a continuous one has no position limits."""
    limit = joint.find("limit")
    is_continuous = joint.get("type") == "continuous"
    if limit is None and not is_continuous:
        raise ConfigurationError(f"joint '{joint.get('name')}' has no limits in the robot description")
    numbers = {
        name: _number(joint, limit, name, default)
        for name, default in (("lower", 0.0), ("upper", 0.0), ("velocity", math.inf), ("effort", math.inf))
    }
    position = (-math.inf, math.inf) if is_continuous else (numbers["lower"], numbers["upper"])
    return (*position, numbers["velocity"], numbers["effort"])


def _number(joint: ElementTree.Element, limit: ElementTree.Element | None, name: str, default: float) -> float:
    text = None if limit is None else limit.get(name)
    try:
        value = default if text is None else float(text)
    except ValueError:
        value = math.nan
    if math.isnan(value):
        raise ConfigurationError(f"the {name} limit of joint '{joint.get('name')}' must be a number. Got '{text}'")
    return value
