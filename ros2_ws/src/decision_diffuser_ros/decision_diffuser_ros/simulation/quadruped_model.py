"""Unitree A1: joint names, limits and analytic leg kinematics.

Every array over joints is in the order of `JOINT_NAMES`: legs FR, FL, RR, RL, each hip (abduction), upper, lower.
The body frame is REP-103: x forward, y left, z up. The figures are those of `a1/a1.urdf` in `pybullet_data`; a test
holds them to that file.
"""

import numpy as np

LEG_NAMES = ("FR", "FL", "RR", "RL")
JOINT_NAMES = tuple(f"{leg}_{part}_joint" for leg in LEG_NAMES for part in ("hip", "upper", "lower"))
FOOT_NAMES = tuple(f"{leg}_toe" for leg in LEG_NAMES)

HIP_IN_BODY = np.array([[0.183, -0.047, 0.0], [0.183, 0.047, 0.0], [-0.183, -0.047, 0.0], [-0.183, 0.047, 0.0]])
"""Hip joints in the body frame, (4, 3) [m]."""
HIP_OFFSET = np.array([-0.08505, 0.08505, -0.08505, 0.08505])
"""Lateral distance from the hip joint to the plane of the leg, (4,) [m], positive to the left."""
UPPER_LENGTH = 0.2  # [m]
LOWER_LENGTH = 0.2  # [m]
FOOT_RADIUS = 0.02  # [m]
MASS = 12.458  # [kg]

JOINT_LOWER = np.tile([-0.802851455917, -1.0471975512, -2.69653369433], 4)  # [rad]
JOINT_UPPER = np.tile([0.802851455917, 4.18879020479, -0.916297857297], 4)  # [rad]
MAX_VELOCITY = np.tile([52.4, 28.6, 28.6], 4)  # [rad/s]
MAX_EFFORT = np.tile([20.0, 33.5, 33.5], 4)
"""Torque limits, (12,) [N m]: the URDF's 20 at the hip; the real motor's 33.5 elsewhere, where the URDF says 55."""

CONTROL_STEP = 0.02
"""Time between two joint targets of the expert and of the planner [s]."""

STANDING_HEIGHT = 0.28  # [m], of the hips over the feet' centres


def foot_in_hip(joint_position: np.ndarray) -> np.ndarray:
    """Foot centres relative to their hip joints in the body frame.

    Args:
        joint_position: (12,) or (4, 3) [rad].

    Returns:
        (4, 3) [m].
    """
    hip, upper, lower = np.asarray(joint_position, dtype=float).reshape(4, 3).T
    forward = -UPPER_LENGTH * np.sin(upper) - LOWER_LENGTH * np.sin(upper + lower)
    down = UPPER_LENGTH * np.cos(upper) + LOWER_LENGTH * np.cos(upper + lower)
    left = HIP_OFFSET * np.cos(hip) + down * np.sin(hip)
    up = HIP_OFFSET * np.sin(hip) - down * np.cos(hip)
    return np.stack([forward, left, up], axis=1)


def joint_position_for_feet(foot_position_in_hip: np.ndarray) -> np.ndarray:
    """Joint positions that put the feet at the given places: the inverse of `foot_in_hip`, knees bent backwards.

    A place out of reach gets the nearest leg length within reach; the result stays inside the joint limits.

    Args:
        foot_position_in_hip: (4, 3) [m], relative to the hip joints in the body frame.

    Returns:
        (12,) [rad].
    """
    x, y, z = np.asarray(foot_position_in_hip, dtype=float).T
    leg_plane = np.sqrt(np.maximum(y**2 + z**2 - HIP_OFFSET**2, 1e-6))
    squared_reach = x**2 + leg_plane**2
    cosine = (squared_reach - UPPER_LENGTH**2 - LOWER_LENGTH**2) / (2 * UPPER_LENGTH * LOWER_LENGTH)
    lower = -np.arccos(np.clip(cosine, -1.0, 1.0))
    # Thigh and shank are equally long, so that the line from hip to foot halves the knee angle.
    upper = np.arctan2(-x, leg_plane) - lower / 2
    hip = np.arctan2(z, y) - np.arctan2(-leg_plane, HIP_OFFSET)
    hip = (hip + np.pi) % (2 * np.pi) - np.pi
    return np.clip(np.stack([hip, upper, lower], axis=1).reshape(12), JOINT_LOWER, JOINT_UPPER)


def foot_jacobian(joint_position: np.ndarray) -> np.ndarray:
    """Derivative of `foot_in_hip` with respect to each leg's own joints.

    Returns:
        (4, 3, 3) [m/rad]: leg, foot coordinate, joint.
    """
    hip, upper, lower = np.asarray(joint_position, dtype=float).reshape(4, 3).T
    upper_down, lower_down = UPPER_LENGTH * np.cos(upper), LOWER_LENGTH * np.cos(upper + lower)
    upper_back, lower_back = UPPER_LENGTH * np.sin(upper), LOWER_LENGTH * np.sin(upper + lower)
    down = upper_down + lower_down
    jacobian = np.zeros((4, 3, 3))
    jacobian[:, 0, 1] = -down
    jacobian[:, 0, 2] = -lower_down
    jacobian[:, 1, 0] = -HIP_OFFSET * np.sin(hip) + down * np.cos(hip)
    jacobian[:, 2, 0] = HIP_OFFSET * np.cos(hip) + down * np.sin(hip)
    for column, slope in ((1, -(upper_back + lower_back)), (2, -lower_back)):
        jacobian[:, 1, column] = slope * np.sin(hip)
        jacobian[:, 2, column] = -slope * np.cos(hip)
    return jacobian


STANDING_POSE = joint_position_for_feet(np.stack([np.zeros(4), HIP_OFFSET, np.full(4, -STANDING_HEIGHT)], axis=1))
"""Joint positions of a robot that stands with its feet under its hips, (12,) [rad]."""
