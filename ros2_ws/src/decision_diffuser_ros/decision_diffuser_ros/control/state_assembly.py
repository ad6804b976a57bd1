"""From readings of joints, IMU and objects to the state vector that the model was trained on.

The layout comes from the manifest's state names, the joints are found by name: neither the order
nor the number of joints in a message matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from decision_diffuser_ros.control.object_readings import CanonicalOrientation, ObjectLayout, ObjectReading
from decision_diffuser_ros.errors import ConfigurationError, StateError
from decision_diffuser_ros.planner.object_relations import OPENING

if TYPE_CHECKING:
    from decision_diffuser_ros.planner.state_layout import StateLayout

GRAVITY_DIRECTION = "gravity_direction"
ANGULAR_VELOCITY = "angular_velocity"
QUATERNION_LENGTH_TOLERANCE = 0.05


@dataclass(frozen=True, eq=False)
class JointReading:
    """Joint positions [rad] and velocities [rad/s], both ``(joints,)`` in the manifest's order, at `stamp` [s].

    `opening` is that of the gripper [m]; 0 for a robot without one.
    """

    stamp: float
    position: NDArray[np.float64]
    velocity: NDArray[np.float64]
    opening: float = 0.0

    @property
    def actuator_position(self) -> NDArray[np.float64]:
        """Joint positions and, last, the gripper's opening, ``(joints + 1,)`` [rad] and [m]."""
        return np.append(self.position, self.opening)

    @property
    def actuator_velocity(self) -> NDArray[np.float64]:
        """Joint velocities and, last, 0 for the gripper, ``(joints + 1,)`` [rad/s]."""
        return np.append(self.velocity, 0.0)


@dataclass(frozen=True, eq=False)
class ImuReading:
    """Gravity direction (unit vector) and angular velocity [rad/s], both ``(3,)`` in the base frame, at `stamp` [s]."""

    stamp: float
    gravity_direction: NDArray[np.float64]
    angular_velocity: NDArray[np.float64]

    @property
    def tilt(self) -> float:
        """Angle between the base's vertical and the world's [rad]; 0 for a level robot."""
        return float(np.arccos(np.clip(-self.gravity_direction[2], -1.0, 1.0)))


class StateAssembler:
    """Checks readings and puts states together. Remembers the last joint reading, for velocities."""

    def __init__(
        self,
        layout: StateLayout,
        *,
        needs_velocity: bool = False,
        longest_difference: float = 0.1,
        gripper_joints: Sequence[str] = (),
        canonical_orientation: CanonicalOrientation | None = None,
    ) -> None:
        """Assemble states of this layout.

        Args:
            layout: of the states, a model or a data set.
            needs_velocity: whether velocities are needed for more than the model, which may not see them: where they
                are missing, differences take their place.
            gripper_joints: joints of the gripper, whose positions add up to its opening [m].
            canonical_orientation: of objects that look alike in several orientations, see `ObjectLayout`.
            longest_difference: longest time between two readings from which a missing velocity
                is computed [s].

        Raises:
            ConfigurationError: the state has entries that no reading gives.
        """
        self.joint_names = tuple(layout.joint_names)
        self.objects = ObjectLayout(layout, canonical_orientation=canonical_orientation)
        self.has_gripper = OPENING in layout.state_names
        self._gripper_joints = tuple(gripper_joints) if self.has_gripper else ()
        self._opening_index = list(layout.state_indices([OPENING])) if self.has_gripper else []
        self.opening_index = self._opening_index[0] if self.has_gripper else -1
        self.needs_imu = layout.has_state(GRAVITY_DIRECTION) or layout.has_state(ANGULAR_VELOCITY)
        self._longest_difference = longest_difference
        self._state_dim = layout.state_dim
        self._position_indices = list(layout.joint_position_indices)
        self._velocity_indices = list(layout.joint_velocity_indices)
        self._needs_velocity = needs_velocity or bool(self._velocity_indices)
        self._gravity_indices = _vector_indices(layout, GRAVITY_DIRECTION)
        self._angular_velocity_indices = _vector_indices(layout, ANGULAR_VELOCITY)
        joint_indices = {*self._position_indices, *self._velocity_indices}
        covered = joint_indices.union(
            self._gravity_indices, self._angular_velocity_indices, self._opening_index, self.objects.indices
        )
        unknown = [name for index, name in enumerate(layout.state_names) if index not in covered]
        if unknown:
            raise ConfigurationError(
                f"model '{layout.name}' needs '{unknown[0]}', which joint states, an IMU and object poses do not "
                "give; accepted: <joint>/position, <joint>/velocity, gravity_direction/x, y, z, "
                "angular_velocity/x, y, z, gripper/opening, <object>/position/x, y, z, <object>/orientation/x, y, z, w"
            )
        if self.has_gripper and not self._gripper_joints:
            raise ConfigurationError(
                f"model '{layout.name}' needs 'gripper/opening'; name the joints whose positions add up to it in "
                "`gripper.joints`"
            )
        self._last: JointReading | None = None

    @property
    def needs_objects(self) -> bool:
        """Whether the state holds poses of objects."""
        return bool(self.objects.names)

    def reset(self) -> None:
        """Forget the last joint reading."""
        self._last = None

    def joint_reading(
        self, *, stamp: float, names: Sequence[str], position: ArrayLike, velocity: ArrayLike
    ) -> JointReading:
        """Return the joints' values in the manifest's order; other joints are ignored.

        Args:
            stamp: time of the measurement [s]; 0 from a source that does not stamp.
            names: of the joints, in any order.
            position: of each name [rad].
            velocity: of each name [rad/s]; where it is empty or NaN, the difference to the last
                reading is taken, which takes stamps; 0 where no velocity is needed.

        Raises:
            StateError: a joint is missing or there twice, a value is missing or not finite, or
                a velocity can not be computed.
        """
        where = self._joint_indices(names, self.joint_names)
        all_positions = _values(position, len(names), "position", required=True)
        position = all_positions[where]
        _require_finite(position, "position", self.joint_names)
        fingers = all_positions[self._joint_indices(names, self._gripper_joints)]
        _require_finite(fingers, "position", self._gripper_joints)
        velocity = _values(velocity, len(names), "velocity", required=False)[where]
        if np.isinf(velocity).any():
            _require_finite(velocity, "velocity", self.joint_names)
        if self._needs_velocity and np.isnan(velocity).any():
            velocity = np.where(np.isnan(velocity), self._velocity_by_difference(stamp, position), velocity)
        self._last = JointReading(stamp, position, np.nan_to_num(velocity), float(fingers.sum()))
        return self._last

    def imu_reading(self, *, stamp: float, orientation: ArrayLike, angular_velocity: ArrayLike) -> ImuReading:
        """Return what the model needs of an IMU whose axes are those of the base.

        Args:
            stamp: time of the measurement [s].
            orientation: of the base in the world, a unit quaternion ``(x, y, z, w)``.
            angular_velocity: in the base frame ``(3,)`` [rad/s].

        Raises:
            StateError: a value is not finite or the quaternion's length is not 1.
        """
        angular_velocity = np.array(angular_velocity, dtype=np.float64)
        if not np.isfinite(angular_velocity).all():
            raise StateError(f"the IMU's angular velocity must be finite. Got {angular_velocity.tolist()}")
        return ImuReading(stamp, gravity_direction_in_base(orientation), angular_velocity)

    def assemble(
        self, joints: JointReading, imu: ImuReading | None, objects: ObjectReading | None = None
    ) -> NDArray[np.float64]:
        """Return the state ``(state_dim,)`` in SI units.

        Raises:
            StateError: the model needs an IMU or objects and there is no reading.
        """
        if self.needs_imu and imu is None:
            raise StateError("the state needs an IMU reading and there is none")
        if self.needs_objects and objects is None:
            raise StateError("the state needs object poses and there are none")
        state = np.zeros(self._state_dim)
        state[self._position_indices] = joints.position
        state[self._velocity_indices] = joints.velocity[: len(self._velocity_indices)]
        if imu is not None:
            state[self._gravity_indices] = imu.gravity_direction[: len(self._gravity_indices)]
            state[self._angular_velocity_indices] = imu.angular_velocity[: len(self._angular_velocity_indices)]
        state[self._opening_index] = joints.opening
        if objects is not None:
            state[self.objects.indices] = objects.pose.reshape(-1)
        return state

    def _joint_indices(self, names: Sequence[str], wanted: Sequence[str]) -> list[int]:
        where: dict[str, int] = {}
        for index, name in enumerate(names):
            if name in where and name in wanted:
                raise StateError(f"joint '{name}' is there twice in the joint state")
            where[name] = index
        missing = [name for name in wanted if name not in where]
        if missing:
            raise StateError(
                f"joint '{missing[0]}' is missing in the joint state ({len(missing)} of {len(wanted)} are); "
                f"got: {', '.join(names) or 'none'}"
            )
        return [where[name] for name in wanted]

    def _velocity_by_difference(self, stamp: float, position: NDArray[np.float64]) -> NDArray[np.float64]:
        if stamp == 0.0:
            raise StateError(
                "the joint state has neither a velocity nor a stamp (it is 0), so there is no time to take a "
                "difference over; stamp the joint states, or send velocities"
            )
        last = self._last
        if last is None:
            self._last = JointReading(stamp, position, np.zeros_like(position))
            raise StateError("the joint state has no velocity and there is no earlier one to take the difference to")
        elapsed = stamp - last.stamp
        if elapsed == 0.0:
            return last.velocity
        if not 0.0 < elapsed <= self._longest_difference:
            self._last = JointReading(stamp, position, np.zeros_like(position))
            raise StateError(
                f"the joint state has no velocity and the last one is {elapsed:g} s older; a difference needs one "
                f"that is at most {self._longest_difference:g} s older"
            )
        return (position - last.position) / elapsed


def gravity_direction_in_base(orientation: ArrayLike) -> NDArray[np.float64]:
    """Return the unit vector of gravity in the base frame ``(3,)``: (0, 0, -1) for a level robot.

    Args:
        orientation: of the base in the world, a unit quaternion ``(x, y, z, w)``.

    Raises:
        StateError: the quaternion is not finite or its length is not 1.
    """
    quaternion = np.array(orientation, dtype=np.float64)
    length = float(np.sqrt(np.sum(quaternion**2))) if np.isfinite(quaternion).all() else np.nan
    if quaternion.shape != (4,) or not abs(length - 1.0) <= QUATERNION_LENGTH_TOLERANCE:
        raise StateError(
            f"the IMU's orientation must be a unit quaternion (x, y, z, w). Got {quaternion.tolist()} "
            f"of length {length:g}"
        )
    x, y, z, w = quaternion / length
    return np.array([2.0 * (w * y - x * z), -2.0 * (y * z + w * x), 2.0 * (x * x + y * y) - 1.0])


def _vector_indices(layout: StateLayout, prefix: str) -> list[int]:
    return list(layout.vector_indices(prefix)) if layout.has_state(prefix) else []


def _values(values: ArrayLike, count: int, quantity: str, *, required: bool) -> NDArray[np.float64]:
    array = np.array(values, dtype=np.float64)
    if array.size == 0 and not required:
        return np.full(count, np.nan)
    if array.shape != (count,):
        raise StateError(f"the joint state has {count} names but {array.size} values of {quantity}")
    return array


def _require_finite(values: NDArray[np.float64], quantity: str, joint_names: Sequence[str]) -> None:
    if not np.isfinite(values).all():
        joint = int(np.flatnonzero(~np.isfinite(values))[0])
        raise StateError(f"the {quantity} of joint '{joint_names[joint]}' must be finite. Got {values[joint]}")
