"""Block stacking: the blocks, the gripper, and what the numbers of a state and an action are.

A state is (36,): joint positions 7 [rad], gripper opening [m], then for each block position (x, y, z) [m] and canonical
orientation (x, y, z, w), see `block_orientation`, in the frame of the robot's base. Velocities are left out: a planner
that sees a history of states has them already, and a camera does not measure those of the blocks. An action is (8,):
joint position targets 7 [rad] and the gripper's target opening [m], both to be reached at the end of the control step.
"""

import numpy as np

from decision_diffuser_ros.planner.manifest_records import Entry
from decision_diffuser_ros.simulation.iiwa_kinematics import JOINT_LOWER, JOINT_NAMES, JOINT_UPPER

BLOCK_NAMES = ("red", "green", "blue", "yellow")
BLOCK_COLOURS = ((0.80, 0.16, 0.14, 1.0), (0.18, 0.58, 0.24, 1.0), (0.15, 0.35, 0.78, 1.0), (0.93, 0.74, 0.12, 1.0))
BLOCK_SIZE = 0.05  # [m], edge of a cube
BLOCK_MASS = 0.1  # [kg]

OPENING_RANGE = (0.0, 0.085)  # [m], between the fingers
OPENING_OPEN = 0.08  # [m]
OPENING_CLOSED = 0.04  # [m], less than a block, so that the fingers press on it

CONTROL_STEP = 0.1
"""Time between two actions of the expert and of the planner [s]."""

STATE_ENTRIES = (
    *(Entry(f"{joint}/position", "rad") for joint in JOINT_NAMES),
    Entry("gripper/opening", "m"),
    *(
        Entry(f"block_{block}/{part}/{axis}", unit)
        for block in BLOCK_NAMES
        for part, axes, unit in (("position", "xyz", "m"), ("orientation", "xyzw", "1"))
        for axis in axes
    ),
)
ACTION_ENTRIES = (
    *(Entry(f"{joint}/position_target", "rad") for joint in JOINT_NAMES),
    Entry("gripper/opening_target", "m"),
)
STATE_DIM, ACTION_DIM = len(STATE_ENTRIES), len(ACTION_ENTRIES)
ACTION_LOWER = np.append(JOINT_LOWER, OPENING_RANGE[0])
ACTION_UPPER = np.append(JOINT_UPPER, OPENING_RANGE[1])
