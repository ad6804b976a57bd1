"""Joints are found by name; what is not a good reading is refused with the joint's name."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from decision_diffuser_ros.control.object_readings import POSE_ENTRIES
from decision_diffuser_ros.control.state_assembly import StateAssembler, gravity_direction_in_base
from decision_diffuser_ros.errors import ConfigurationError, StateError

JOINTS = ("hip", "knee", "ankle")
NAMES = [f"{joint}/{quantity}" for quantity in ("position", "velocity") for joint in JOINTS]
NAMES += [f"{vector}/{axis}" for vector in ("gravity_direction", "angular_velocity") for axis in "xyz"]


class Layout:
    """The part of a manifest that says what a state's numbers are."""

    name = "test"
    joint_names = JOINTS

    def __init__(self, state_names=tuple(NAMES)):
        self.state_names = tuple(state_names)
        self.state_dim = len(self.state_names)

    @property
    def joint_position_indices(self):
        return tuple(self.state_names.index(f"{joint}/position") for joint in JOINTS)

    @property
    def joint_velocity_indices(self):
        names = [f"{joint}/velocity" for joint in JOINTS]
        return tuple(map(self.state_names.index, names)) if names[0] in self.state_names else ()

    def has_state(self, prefix):
        return any(name.startswith(f"{prefix}/") for name in self.state_names)

    def state_indices(self, names):
        return tuple(map(self.state_names.index, names))

    def vector_indices(self, prefix):
        return tuple(self.state_names.index(f"{prefix}/{axis}") for axis in "xyz")


def reading(assembler, *, stamp=1.0, names=JOINTS, position=(0.1, 0.2, 0.3), velocity=(1.0, 2.0, 3.0)):
    return assembler.joint_reading(stamp=stamp, names=names, position=position, velocity=velocity)


@given(order=st.permutations([*JOINTS, "wheel", "gripper"]), state_names=st.permutations(NAMES))
def test_any_order_of_joints_and_extra_joints_give_the_same_named_values(order, state_names):
    position = {"hip": 0.1, "knee": 0.2, "ankle": 0.3, "wheel": 99.0, "gripper": np.nan}
    velocity = {"hip": 1.0, "knee": 2.0, "ankle": 3.0, "wheel": np.inf, "gripper": 98.0}
    assembler = StateAssembler(Layout(state_names))
    joints = reading(
        assembler, names=order, position=[position[name] for name in order], velocity=[velocity[name] for name in order]
    )
    imu = assembler.imu_reading(stamp=1.0, orientation=[0, 0, 0, 1], angular_velocity=[7.0, 8.0, 9.0])
    state = dict(zip(state_names, assembler.assemble(joints, imu), strict=True))
    assert [state[f"{joint}/position"] for joint in JOINTS] == [0.1, 0.2, 0.3]
    assert [state[f"{joint}/velocity"] for joint in JOINTS] == [1.0, 2.0, 3.0]
    assert [state[f"gravity_direction/{axis}"] for axis in "xyz"] == [0.0, 0.0, -1.0]
    assert [state[f"angular_velocity/{axis}"] for axis in "xyz"] == [7.0, 8.0, 9.0]


def test_a_missing_joint_is_named():
    with pytest.raises(StateError, match=r"joint 'knee' is missing .*\(1 of 3 are\); got: ankle, hip"):
        reading(StateAssembler(Layout()), names=["ankle", "hip"], position=[0, 0], velocity=[0, 0])


def test_a_joint_that_is_there_twice_is_refused():
    with pytest.raises(StateError, match="joint 'hip' is there twice"):
        reading(StateAssembler(Layout()), names=[*JOINTS, "hip"], position=[0] * 4, velocity=[0] * 4)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_position_that_is_not_finite_is_refused_with_its_joint(value):
    with pytest.raises(StateError, match="the position of joint 'ankle' must be finite"):
        reading(StateAssembler(Layout()), position=[0.0, 0.0, value])


def test_an_infinite_velocity_is_refused():
    with pytest.raises(StateError, match="the velocity of joint 'knee' must be finite. Got inf"):
        reading(StateAssembler(Layout()), velocity=[0.0, np.inf, np.nan])


@pytest.mark.parametrize("quantity", ["position", "velocity"])
def test_lists_of_different_lengths_are_refused(quantity):
    with pytest.raises(StateError, match=f"3 names but 2 values of {quantity}"):
        reading(StateAssembler(Layout()), **{quantity: [0.0, 0.0]})


@pytest.mark.parametrize("velocity, expected", [([], [5.0, 10.0, 0.0]), ([3.0, np.nan, 4.0], [3.0, 10.0, 4.0])])
def test_a_missing_velocity_is_the_difference_to_the_last_reading(velocity, expected):
    assembler = StateAssembler(Layout())
    reading(assembler, stamp=1.0, position=[0.0, 0.0, 0.3])
    second = reading(assembler, stamp=1.02, position=[0.1, 0.2, 0.3], velocity=velocity)
    np.testing.assert_allclose(second.velocity, expected, rtol=1e-9)


@pytest.mark.parametrize("needs_velocity, expected", [(False, [0.0, 0.0, 0.0]), (True, [5.0, 10.0, 0.0])])
def test_a_model_that_sees_no_velocity_leaves_it_out_unless_something_else_needs_it(needs_velocity, expected):
    layout = Layout(tuple(name for name in NAMES if not name.endswith("/velocity")))
    assembler = StateAssembler(layout, needs_velocity=needs_velocity)
    reading(assembler, stamp=1.0, position=[0.0, 0.0, 0.3])
    second = reading(assembler, stamp=1.02, position=[0.1, 0.2, 0.3], velocity=[])
    np.testing.assert_allclose(second.velocity, expected, rtol=1e-9)


def test_the_first_reading_without_velocity_is_refused_and_the_second_is_not():
    assembler = StateAssembler(Layout())
    with pytest.raises(StateError, match="no velocity and there is no earlier one"):
        reading(assembler, stamp=1.0, velocity=[])
    np.testing.assert_array_equal(reading(assembler, stamp=1.01, velocity=[]).velocity, np.zeros(3))


def test_a_reading_that_is_sent_again_has_the_velocity_it_had():
    assembler = StateAssembler(Layout())
    reading(assembler, stamp=1.0, position=[0.0, 0.0, 0.3])
    for _ in range(2):
        again = reading(assembler, stamp=1.02, position=[0.1, 0.2, 0.3], velocity=[])
        np.testing.assert_allclose(again.velocity, [5.0, 10.0, 0.0], rtol=1e-9)


@pytest.mark.parametrize("velocity", [[], [1.0, np.nan, 3.0]])
def test_a_reading_with_neither_velocity_nor_stamp_is_refused_every_time(velocity):
    assembler = StateAssembler(Layout())
    reading(assembler, stamp=0.0)
    for position in ([0.1, 0.2, 0.3], [0.2, 0.3, 0.4]):
        with pytest.raises(StateError, match=r"neither a velocity nor a stamp .* stamp the joint states, or send vel"):
            reading(assembler, stamp=0.0, position=position, velocity=velocity)
    np.testing.assert_array_equal(reading(assembler, stamp=0.0).velocity, [1.0, 2.0, 3.0])


@pytest.mark.parametrize("stamp", [1.2, 0.9])
def test_no_difference_is_taken_over_a_long_gap_or_a_jump_back(stamp):
    assembler = StateAssembler(Layout(), longest_difference=0.1)
    reading(assembler, stamp=1.0)
    with pytest.raises(StateError, match="at most 0.1 s older"):
        reading(assembler, stamp=stamp, velocity=[])
    reading(assembler, stamp=stamp + 0.05, velocity=[])


def test_a_state_without_velocities_needs_none():
    layout = Layout([name for name in NAMES if "velocity" not in name])
    assembler = StateAssembler(layout)
    joints = reading(assembler, stamp=0.0, velocity=[])
    imu = assembler.imu_reading(stamp=1.0, orientation=[0, 0, 0, 1], angular_velocity=[0, 0, 0])
    np.testing.assert_array_equal(assembler.assemble(joints, imu), [0.1, 0.2, 0.3, 0.0, 0.0, -1.0])


@given(axis=st.tuples(*[st.floats(-1, 1)] * 3), angle=st.floats(-3.1, 3.1), length=st.floats(0.96, 1.04))
def test_the_gravity_direction_is_the_worlds_down_turned_into_the_base(axis, angle, length):
    axis = np.array(axis)
    if np.linalg.norm(axis) < 0.1:
        return
    axis /= np.linalg.norm(axis)
    down, angle_back = np.array([0.0, 0.0, -1.0]), -angle
    expected = (  # Rodrigues' rotation formula, an independent oracle
        down * np.cos(angle_back)
        + np.cross(axis, down) * np.sin(angle_back)
        + axis * (axis @ down) * (1.0 - np.cos(angle_back))
    )
    quaternion = length * np.append(np.sin(angle / 2) * axis, np.cos(angle / 2))
    np.testing.assert_allclose(gravity_direction_in_base(quaternion), expected, atol=1e-9)


@pytest.mark.parametrize("quaternion", [[0, 0, 0, 0], [0, 0, 0, 1.2], [0, 0, 0, np.nan], [0, 0, 1]])
def test_what_is_no_unit_quaternion_is_refused(quaternion):
    with pytest.raises(StateError, match=r"must be a unit quaternion \(x, y, z, w\)"):
        gravity_direction_in_base(quaternion)


def test_an_angular_velocity_that_is_not_finite_is_refused():
    with pytest.raises(StateError, match="angular velocity must be finite"):
        StateAssembler(Layout()).imu_reading(stamp=1.0, orientation=[0, 0, 0, 1], angular_velocity=[0, np.nan, 0])


def test_the_tilt_is_the_angle_to_the_vertical():
    orientation = [np.sin(0.25), 0.0, 0.0, np.cos(0.25)]
    imu = StateAssembler(Layout()).imu_reading(stamp=1.0, orientation=orientation, angular_velocity=[0, 0, 0])
    assert imu.tilt == pytest.approx(0.5)


def test_a_state_that_needs_an_imu_is_not_assembled_without_one():
    assembler = StateAssembler(Layout())
    with pytest.raises(StateError, match="needs an IMU reading"):
        assembler.assemble(reading(assembler), None)


def test_a_model_that_needs_more_than_readings_give_is_refused():
    message = "needs 'battery/charge', which joint states, an IMU and object poses do not give"
    with pytest.raises(ConfigurationError, match=message):
        StateAssembler(Layout([*NAMES, "battery/charge"]))


def test_a_model_that_sees_the_gripper_needs_the_names_of_its_joints():
    with pytest.raises(ConfigurationError, match=r"needs 'gripper/opening'; name the joints .* `gripper.joints`"):
        StateAssembler(Layout([*NAMES, "gripper/opening"]))


def test_the_opening_is_the_sum_of_the_fingers_and_objects_are_found_by_name():
    cup = [f"cup/{entry}" for entry in POSE_ENTRIES]
    layout = Layout([*cup, *(f"{joint}/position" for joint in JOINTS), "gripper/opening"])
    assembler = StateAssembler(layout, gripper_joints=("left", "right"))
    names = ("right", *JOINTS, "left")
    joints = reading(assembler, names=names, position=(0.03, 0.1, 0.2, 0.3, 0.02), velocity=())
    turned = [0.0, 0.0, -np.sin(0.2), -np.cos(0.2)]
    objects = assembler.objects.reading(
        stamp=1.0, names=["plate", "cup"], position=[[9.0] * 3, [0.4, 0.5, 0.6]], orientation=[[0, 0, 0, 1], turned]
    )
    state = assembler.assemble(joints, None, objects)
    np.testing.assert_allclose(state[:7], [0.4, 0.5, 0.6, 0.0, 0.0, np.sin(0.2), np.cos(0.2)])
    np.testing.assert_allclose(state[7:], [0.1, 0.2, 0.3, 0.05])
    np.testing.assert_allclose(joints.actuator_position, [0.1, 0.2, 0.3, 0.05])
    assert assembler.needs_objects
    with pytest.raises(StateError, match="needs object poses and there are none"):
        assembler.assemble(joints, None)
    with pytest.raises(StateError, match="joint 'right' is missing in the joint state"):
        reading(assembler, names=(*JOINTS, "left"), position=(0.1, 0.2, 0.3, 0.02), velocity=())
