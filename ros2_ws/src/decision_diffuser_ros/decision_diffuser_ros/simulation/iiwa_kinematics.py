"""Kuka LBR iiwa with a tool that points straight down: joint names, limits, forward and analytic inverse kinematics.

Every array over joints is in the order of `JOINT_NAMES`. The base frame is REP-103: x forward, y left, z up, its origin
in the table's top. The tool frame lies between the finger tips, z along the fingers, y from finger to finger. The
figures are those of `kuka_iiwa/model.urdf` in `pybullet_data` and of `sim/parallel_jaw_tool.urdf`; a test holds them
to these files.
"""

import numpy as np

JOINT_NAMES = tuple(f"lbr_iiwa_joint_{number}" for number in range(1, 8))
JOINT_UPPER = np.array([2.96705972839, 2.09439510239] * 3 + [3.05432619099])  # [rad]
JOINT_LOWER = -JOINT_UPPER  # [rad]
MAX_EFFORT = 300.0  # [N m]

SHOULDER_HEIGHT = 0.36  # [m], of joints 1 to 3 over the base
UPPER_LENGTH = 0.42  # [m], from the shoulder to the elbow, joint 4
LOWER_LENGTH = 0.40  # [m], from the elbow to the wrist, joints 5 to 7
TOOL_LENGTH = 0.231  # [m], from the wrist to the tool frame

_AXES = (2, 1, 2, 1, 2, 1, 2)
_SIGNS = (1, 1, 1, -1, 1, 1, 1)  # joint 4 turns about -y


def rotation_about(axis: int, angle: float) -> np.ndarray:
    """Rotation matrix about coordinate axis 0, 1 or 2, (3, 3)."""
    cosine, sine = np.cos(angle), np.sin(angle)
    first, second = (axis + 1) % 3, (axis + 2) % 3
    rotation = np.eye(3)
    rotation[first, first] = rotation[second, second] = cosine
    rotation[second, first], rotation[first, second] = sine, -sine
    return rotation


def _rotation_about_vector(vector: np.ndarray, angle: float) -> np.ndarray:
    """Rotation matrix about a unit vector (Rodrigues), (3, 3)."""
    x, y, z = vector
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def _link_rotations(joint_position: np.ndarray) -> list[np.ndarray]:
    """Rotation matrices of the base and of the links behind each joint, eight (3, 3)."""
    rotations = [np.eye(3)]
    for axis, sign, angle in zip(_AXES, _SIGNS, joint_position, strict=True):
        rotations.append(rotations[-1] @ rotation_about(axis, sign * angle))
    return rotations


def tool_pose(joint_position: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Position (3,) [m] and rotation matrix (3, 3) of the tool frame in the base frame.

    Args:
        joint_position: (7,) [rad].
    """
    rotations = _link_rotations(joint_position)
    elbow = np.array([0.0, 0.0, SHOULDER_HEIGHT]) + UPPER_LENGTH * rotations[3][:, 2]
    wrist = elbow + LOWER_LENGTH * rotations[5][:, 2]
    return wrist + TOOL_LENGTH * rotations[7][:, 2], rotations[7]


def elbow_angle_of(joint_position: np.ndarray) -> float:
    """By how much the elbow is swung about the line from shoulder to wrist, out of the vertical plane [rad].

    Args:
        joint_position: (7,) [rad].
    """
    rotations = _link_rotations(joint_position)
    upper, lower = rotations[3][:, 2], rotations[5][:, 2]
    line = UPPER_LENGTH * upper + LOWER_LENGTH * lower
    line /= np.linalg.norm(line)
    vertical = np.array([0.0, 0.0, 1.0])
    sideways = np.cross(line, vertical)
    return float(np.arctan2(sideways @ upper, (vertical - vertical @ line * line) @ upper))


def joint_position_for_tool(position_in_base: np.ndarray, *, yaw: float, elbow_angle: float = 0.0) -> np.ndarray:
    """Joint positions that put a tool pointing straight down at a place, elbow up: the inverse of `tool_pose`.

    A place out of reach gets a stretched arm towards it; the result stays inside the joint limits.

    Args:
        position_in_base: of the tool frame, (3,) [m].
        yaw: of the tool's x axis against the base's -x axis, seen from below [rad]: the tool's fingers close along the
            y axis of something that stands on the table with this yaw.
        elbow_angle: by how much the elbow is swung about the line from shoulder to wrist, out of the vertical plane
            [rad]. It is what the seventh joint leaves free.

    Returns:
        (7,) [rad].
    """
    to_wrist = np.asarray(position_in_base, dtype=float) + np.array([0.0, 0.0, TOOL_LENGTH - SHOULDER_HEIGHT])
    distance = float(np.linalg.norm(to_wrist))
    bend = np.arccos(_cosine_opposite(distance, UPPER_LENGTH, LOWER_LENGTH)) - np.pi
    lean = np.arccos(_cosine_opposite(LOWER_LENGTH, UPPER_LENGTH, distance))
    azimuth = np.arctan2(to_wrist[1], to_wrist[0])
    polar = np.arctan2(np.hypot(to_wrist[0], to_wrist[1]), to_wrist[2])
    upper_arm = rotation_about(2, azimuth) @ rotation_about(1, polar - lean)
    upper_arm = _rotation_about_vector(to_wrist / distance, elbow_angle) @ upper_arm
    lower_arm = upper_arm @ rotation_about(1, -bend)
    tool = rotation_about(2, yaw) @ rotation_about(1, np.pi)
    joints = np.concatenate([_zyz_angles(upper_arm), [bend], _zyz_angles(lower_arm.T @ tool)])
    return np.clip(joints, JOINT_LOWER, JOINT_UPPER)


def _cosine_opposite(opposite: float, first: float, second: float) -> float:
    """Cosine of a triangle's angle opposite to a side, by the law of cosines; of the nearest triangle if none is."""
    return float(np.clip((first**2 + second**2 - opposite**2) / (2 * first * second), -1.0, 1.0))


def _zyz_angles(rotation: np.ndarray) -> np.ndarray:
    """Angles (a, b, c) with rotation = Rz(a) Ry(b) Rz(c) and b in [0, pi], (3,) [rad]."""
    middle = np.arccos(np.clip(rotation[2, 2], -1.0, 1.0))
    first = np.arctan2(rotation[1, 2], rotation[0, 2])
    last = np.arctan2(rotation[2, 1], -rotation[2, 0])
    return np.array([first, middle, last])
