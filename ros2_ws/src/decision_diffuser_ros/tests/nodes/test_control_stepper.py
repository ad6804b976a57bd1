"""Which readings count as fresh."""

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from decision_diffuser_ros.control.object_readings import ObjectReading
from decision_diffuser_ros.errors import StateError
from decision_diffuser_ros.nodes.control_assembly import OBJECT_SOURCE
from decision_diffuser_ros.nodes.control_stepper import ControlStepper
from decision_diffuser_ros.simulation.iiwa_kinematics import JOINT_NAMES
from tests.bundles import STACKING_STATE, make_stacking_bundle
from tests.nodes.test_planning_parameters import assembly

POSE = np.reshape(STACKING_STATE[8:], (4, 7))
ARM = {
    "joints": JOINT_NAMES,
    "limits_position_lower": (-3.0,) * 7,
    "limits_position_upper": (3.0,) * 7,
    "limits_velocity": (4.0,) * 7,
    "gripper_joints": ("left_finger_joint", "right_finger_joint"),
    "watchdog_frozen_after": 0.2,
}


def stepper_of(directory, *, simulated_time):
    """An active one at steady time 0."""
    assembled = assembly(make_stacking_bundle(directory), simulated_time=simulated_time, **ARM)
    stepper = ControlStepper(assembled, simulated_time=simulated_time, wait_for_plans=False, wait_for_first_plan=False)
    stepper.activate(0.0)
    return stepper


def age_after(stepper, stamps):
    """The age of the objects [s] after poses with these stamps, one each 0.1 s."""
    for tick, stamp in enumerate(stamps):
        stepper.take_objects(ObjectReading(stamp, POSE), 0.1 * tick)
    return stepper.ages(0.1 * (len(stamps) - 1))[OBJECT_SOURCE]


@pytest.mark.parametrize("simulated_time, age", [(False, 0.4), (True, 0.0)])
def test_objects_with_an_old_stamp_are_a_sign_of_life_in_simulated_time_only(tmp_path, simulated_time, age):
    stepper = stepper_of(tmp_path, simulated_time=simulated_time)
    assert age_after(stepper, [7.0, 8.0, *[8.0] * 4]) == pytest.approx(age)


@pytest.mark.parametrize("stamps", [np.arange(1.0, 3.0, 0.1), [0.0] * 20])
def test_objects_that_lie_still_are_fresh_with_new_stamps_or_none(tmp_path, stamps):
    assert age_after(stepper_of(tmp_path, simulated_time=False), stamps) == 0.0


def test_after_an_activation_the_last_stamp_is_new_again(tmp_path):
    stepper = stepper_of(tmp_path, simulated_time=False)
    stepper.take_objects(ObjectReading(7.0, POSE), 0.0)
    stepper.activate(1.0)
    stepper.take_objects(ObjectReading(7.0, POSE), 1.5)
    assert stepper.ages(1.5)[OBJECT_SOURCE] == 0.0


def test_objects_that_lie_impossibly_far_away_are_refused_and_no_sign_of_life(tmp_path):
    stepper = stepper_of(tmp_path, simulated_time=False)
    stepper.take_objects(ObjectReading(7.0, POSE), 0.0)
    with pytest.raises(StateError, match="position of object 'block_.*' is impossible"):
        stepper.take_objects(ObjectReading(8.0, 1e3 * POSE), 1.0)
    assert stepper.ages(1.0)[OBJECT_SOURCE] == 1.0
