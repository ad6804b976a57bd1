"""Poses of objects, as a camera names them, become those of the model."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from decision_diffuser_ros.control.object_readings import POSE_ENTRIES, ObjectLayout
from decision_diffuser_ros.errors import StateError
from decision_diffuser_ros.simulation.block_orientation import canonical_orientation, quaternion_product

NAMES = ("block_red", "block_blue")
POSITION = np.array([[0.5, 0.1, 0.025], [0.4, -0.2, 0.075]])
UPRIGHT = np.tile([0.0, 0.0, 0.0, 1.0], (2, 1))


class Manifest:
    """The part of a manifest that says what a state's numbers are."""

    state_names = ("arm/position", *(f"{name}/{entry}" for name in NAMES for entry in POSE_ENTRIES), "tool/position/x")

    def state_indices(self, names):
        return tuple(map(self.state_names.index, names))


def reading(*, names=NAMES, position=POSITION, orientation=UPRIGHT, **options):
    return ObjectLayout(Manifest(), **options).reading(
        stamp=3.0, names=names, position=position, orientation=orientation
    )


def test_objects_are_those_whose_whole_pose_is_in_the_state():
    layout = ObjectLayout(Manifest())
    assert layout.names == NAMES
    assert layout.indices == list(range(1, 15))


@given(order=st.permutations([0, 1, 2]))
def test_the_order_of_a_message_does_not_matter_and_other_objects_are_ignored(order):
    names, position = [*NAMES, "mug"], [*POSITION, [1.0, 1.0, 1.0]]
    found = reading(
        names=[names[index] for index in order],
        position=[position[index] for index in order],
        orientation=np.tile(UPRIGHT[0], (3, 1)),
    )
    np.testing.assert_allclose(found.pose, np.hstack([POSITION, UPRIGHT]))


@given(yaw=st.floats(-0.7, 0.7), quarter=st.integers(0, 3), sign=st.sampled_from([-1.0, 1.0]))
def test_a_cube_that_was_turned_by_a_quarter_looks_the_same(yaw, quarter, sign):
    def turn(angle):
        return np.array([0.0, 0.0, np.sin(angle / 2), np.cos(angle / 2)])

    seen = sign * quaternion_product(turn(yaw), turn(quarter * np.pi / 2))
    found = reading(orientation=[seen, UPRIGHT[1]], canonical_orientation=canonical_orientation)
    np.testing.assert_allclose(found.pose[0, 3:], turn(yaw), atol=1e-9)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"names": ("block_red", "mug")}, "object 'block_blue' is missing in the object poses; got: block_red, mug"),
        ({"names": ("block_red", "block_blue", "block_red")}, "object 'block_red' is there twice"),
        ({"position": POSITION[:1], "orientation": UPRIGHT[:1]}, "2 names but 1 poses"),
        ({"position": [[np.nan, 0.0, 0.0], [0.0, 0.0, 0.0]]}, "pose of object 'block_red' must be finite. Got .*nan"),
        ({"orientation": [[0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.0]]}, "'block_blue' must be a unit quaternion"),
    ],
)
def test_bad_poses_are_refused_with_the_reason(change, message):
    with pytest.raises(StateError, match=message):
        reading(**change)
