"""What counts as done, and why an episode failed: told from traces that are made by hand."""

import numpy as np
import pytest

from decision_diffuser_ros.evaluation.stacking_tasks import Request
from decision_diffuser_ros.evaluation.stacking_trace import SETTLING_STEPS, Failure, StackingTrace
from decision_diffuser_ros.simulation.block_constraints import constraint_index
from decision_diffuser_ros.simulation.iiwa_kinematics import JOINT_UPPER
from decision_diffuser_ros.simulation.stacking_model import BLOCK_SIZE
from decision_diffuser_ros.simulation.tool_place import HOME

REQUEST = Request((constraint_index("red > blue"),))
RED, BLUE = 0, 2
CLOSED, OPEN = 0.05, 0.08
PLACES = np.array([[0.5, -0.3], [0.5, -0.1], [0.5, 0.1], [0.5, 0.3]])
TABLE_HEIGHT = BLOCK_SIZE / 2


class Story:
    """An episode told step by step: where red is, and whether the fingers hold it."""

    def __init__(self):
        self.rows = []

    def stay(self, steps, *, red=(PLACES[RED], TABLE_HEIGHT), held=False, opening=None, joints=None):
        position = np.column_stack([PLACES, np.full(4, TABLE_HEIGHT)])
        position[RED] = [*red[0], red[1]]
        gripped = np.zeros(4, dtype=bool)
        gripped[RED] = held
        joints = HOME.joint_position() if joints is None else joints
        opening = (CLOSED if held else OPEN) if opening is None else opening
        self.rows += [(joints, opening, position, gripped)] * steps
        return self

    def carry(self, steps=5):
        return self.stay(steps, red=(PLACES[RED], 0.2), held=True)

    def on_blue(self, steps, **facts):
        return self.stay(steps, red=(PLACES[BLUE], TABLE_HEIGHT + BLOCK_SIZE), **facts)

    @property
    def trace(self):
        return StackingTrace(*(np.array(column) for column in zip(*self.rows, strict=True)))


def test_done_is_a_second_with_everything_in_place_and_the_gripper_open():
    story = Story().stay(5).carry().on_blue(SETTLING_STEPS)
    assert not story.trace.is_done(REQUEST)
    story.on_blue(1)
    assert story.trace.is_done(REQUEST)
    assert story.trace.is_success(REQUEST)
    assert story.trace.failure(REQUEST) is None


@pytest.mark.parametrize("facts", [{"held": True}, {"opening": 0.055}])
def test_a_block_that_is_not_let_go_is_not_done(facts):
    story = Story().carry().on_blue(30, **facts)
    assert not story.trace.is_done(REQUEST)
    assert not story.trace.is_success(REQUEST)
    assert story.trace.failure(REQUEST) is not None


def test_what_is_refused_must_not_hold():
    refusing = Request(REQUEST.asked, (constraint_index("red > green"),))
    trace = Story().carry().on_blue(30).trace
    assert trace.is_success(REQUEST)
    assert not trace.is_success(refusing)


def test_either_of_two_alternatives_will_do():
    trace = Story().carry().on_blue(30).trace
    never = Request((constraint_index("yellow > blue"),))
    assert trace.is_success(Request(never.asked, otherwise=(REQUEST,)))
    assert trace.credit(Request(never.asked, otherwise=(REQUEST,))) == 1.0
    assert not trace.is_success(Request(never.asked, otherwise=(never,)))
    assert trace.credit(never) == 0.0


def test_a_request_that_only_refuses_has_its_credit_once_that_does_not_hold():
    refusing = Request((), REQUEST.asked)
    story = Story().carry().on_blue(30)
    assert story.trace.credit(refusing) == 0.0
    assert not story.trace.is_success(refusing)
    assert story.stay(60).trace.credit(refusing) == 1.0  # red is on the table


def test_a_tower_that_falls_keeps_its_partial_credit_only():
    trace = Story().carry().on_blue(20).stay(60).trace
    assert trace.failure(REQUEST) is Failure.TOPPLED
    assert trace.credit(REQUEST) == 1.0
    assert not trace.is_success(REQUEST)


def test_credit_is_the_share_of_the_constraints_that_were_built():
    two = Request((*REQUEST.asked, constraint_index("blue > green")))
    assert Story().carry().on_blue(30).trace.credit(two) == 0.5
    assert Story().carry().trace.credit(two) == 0.0


def test_an_arm_that_lifts_nothing_never_grasped():
    trace = Story().stay(100).stay(50, held=True).stay(100).trace  # the fingers close on a block that stays
    assert trace.failure(REQUEST) is Failure.NEVER_GRASPED


def test_a_block_that_leaves_the_gripper_in_the_air_was_dropped():
    assert Story().carry().stay(80).trace.failure(REQUEST) is Failure.DROPPED


def test_a_block_that_is_put_down_elsewhere_is_a_wrong_plan():
    elsewhere = (PLACES[RED] + [0.1, 0.0], TABLE_HEIGHT)
    story = Story().carry().stay(3, red=elsewhere, held=True).stay(100, red=elsewhere)
    assert story.trace.failure(REQUEST) is Failure.WRONG_PLAN


def test_time_ran_out_for_who_holds_a_block_or_moved_one_just_now():
    assert Story().stay(200).carry().trace.failure(REQUEST) is Failure.OUT_OF_TIME
    put_down = Story().stay(200).carry().stay(3, held=True).stay(20)
    assert put_down.trace.failure(REQUEST) is Failure.OUT_OF_TIME
    assert put_down.stay(60).trace.failure(REQUEST) is Failure.WRONG_PLAN


def test_a_joint_that_ends_at_its_limit_is_the_cause():
    joints = HOME.joint_position()
    joints[5] = JOINT_UPPER[5]
    assert Story().carry().stay(80, joints=joints).trace.failure(REQUEST) is Failure.JOINT_LIMIT
