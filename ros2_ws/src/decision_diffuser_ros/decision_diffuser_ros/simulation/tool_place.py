"""Where the arm's tool is while it points straight down: the coordinates in which the stacking expert moves."""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace

import numpy as np

from decision_diffuser_ros.simulation.iiwa_kinematics import elbow_angle_of, joint_position_for_tool, tool_pose

ELBOW_SLOPE = 0.15
"""Elbow angle for an azimuth of 1 rad: the elbow moves, and to each place of the tool belongs one of the elbow."""


@dataclass(frozen=True)
class ToolPlace:
    """Where the tool is, pointing down: cylindrical coordinates about the base, yaw, elbow angle.

    Attributes:
        radius: [m].
        azimuth: [rad].
        height: [m].
        yaw: of the tool, as a block's that it fits [rad].
        elbow_angle: [rad].
    """

    radius: float
    azimuth: float
    height: float
    yaw: float
    elbow_angle: float

    @classmethod
    def over(cls, position: np.ndarray, *, height: float, yaw: float) -> ToolPlace:
        """Over a place on the table (x, y) [m], with the elbow that belongs there."""
        azimuth = float(np.arctan2(position[1], position[0]))
        return cls(float(np.hypot(position[0], position[1])), azimuth, height, float(yaw), ELBOW_SLOPE * azimuth)

    @classmethod
    def of_arm(cls, joint_position: np.ndarray) -> ToolPlace:
        """Where the tool is when the joints are at (7,) [rad]; a tilt of the tool is left out."""
        position, rotation = tool_pose(joint_position)
        here = cls.over(position, height=float(position[2]), yaw=float(np.arctan2(-rotation[0, 1], rotation[1, 1])))
        return replace(here, elbow_angle=elbow_angle_of(joint_position))

    def joint_position(self) -> np.ndarray:
        """(7,) [rad]."""
        position = [self.radius * np.cos(self.azimuth), self.radius * np.sin(self.azimuth), self.height]
        return joint_position_for_tool(np.array(position), yaw=self.yaw, elbow_angle=self.elbow_angle)

    def towards(self, goal: ToolPlace, share: float) -> ToolPlace:
        """The place a share of the way to another one."""
        here, there = np.array(astuple(self)), np.array(astuple(goal))
        return ToolPlace(*(here + share * (there - here)))


HOME = ToolPlace.over(np.array([0.5, 0.0]), height=0.28, yaw=0.0)
"""Where the arm rests when all is done: above everything that four blocks can build."""
