"""Control steps follow the stamps of the readings."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from decision_diffuser_ros.control.object_readings import ObjectReading
from decision_diffuser_ros.control.stamp_trigger import StampTrigger
from decision_diffuser_ros.control.state_assembly import ImuReading, JointReading


def joints_at(stamp):
    return JointReading(stamp, np.zeros(2), np.zeros(2))


def imu_at(stamp):
    return ImuReading(stamp, np.array([0.0, 0.0, -1.0]), np.zeros(3))


def steps_of(stamps, *, step_duration=0.02):
    """The (stamp, gap) of each control step that joint states with these stamps make."""
    trigger = StampTrigger(step_duration=step_duration, needs_imu=False)
    steps = [trigger.add_joints(joints_at(stamp)) for stamp in stamps]
    return [(step.joints.stamp, step.gap) for step in steps if step is not None]


@given(imu_first=st.lists(st.booleans(), min_size=1, max_size=20))
def test_a_step_needs_both_readings_of_the_same_stamp_in_either_order(imu_first):
    trigger = StampTrigger(step_duration=0.02, needs_imu=True)
    for tick, is_imu_first in enumerate(imu_first):
        stamp = 10.0 + 0.02 * tick
        adders = [lambda s: trigger.add_imu(imu_at(s)), lambda s: trigger.add_joints(joints_at(s))]
        first, second = adders if is_imu_first else adders[::-1]
        assert first(stamp) is None
        step = second(stamp)
        assert step.joints.stamp == step.imu.stamp == stamp
        assert not step.gap


def test_a_stamp_that_is_sent_again_makes_no_second_step():
    assert steps_of([1.0, 1.0, 1.02, 1.02, 1.02]) == [(1.0, False), (1.02, False)]


def test_faster_readings_make_one_step_a_step_duration():
    stamps = [1.0 + 0.005 * tick for tick in range(41)]
    np.testing.assert_allclose([stamp for stamp, _ in steps_of(stamps)], 1.0 + 0.02 * np.arange(11))


def test_deadlines_do_not_drift_with_readings_that_come_a_little_late():
    stamps = [1.0, 1.023, 1.041, 1.063, 1.081]
    assert [stamp for stamp, _ in steps_of(stamps)] == stamps


def test_missed_steps_and_time_going_back_are_gaps():
    assert steps_of([1.0, 1.02, 1.10, 1.12]) == [(1.0, False), (1.02, False), (1.10, True), (1.12, False)]
    assert steps_of([5.0, 5.02, 0.0, 0.02]) == [(5.0, False), (5.02, False), (0.0, True), (0.02, False)]


@given(order=st.permutations([0, 1, 2]))
def test_a_step_that_needs_objects_waits_for_their_poses_too(order):
    trigger = StampTrigger(step_duration=0.1, needs_imu=True, needs_objects=True)
    objects = ObjectReading(5.0, np.zeros((1, 7)))
    add = [
        lambda: trigger.add_joints(joints_at(5.0)),
        lambda: trigger.add_imu(imu_at(5.0)),
        lambda: trigger.add_objects(objects),
    ]
    steps = [add[index]() for index in order]
    assert steps[:2] == [None, None]
    assert steps[2].joints.stamp == 5.0
