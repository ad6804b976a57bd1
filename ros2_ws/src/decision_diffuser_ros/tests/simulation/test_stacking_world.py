"""The stacking world: what is held is held by friction, and the same targets give the same world."""

import numpy as np
import pytest

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.simulation import stacking_model as model
from decision_diffuser_ros.simulation.iiwa_kinematics import joint_position_for_tool
from decision_diffuser_ros.simulation.stacking_world import StackingWorld, StackingWorldSettings

BLOCKS = np.array([[0.5, 0.0, 0.025], [0.5, 0.2, 0.025], [0.5, -0.2, 0.025], [0.6, 0.35, 0.025]])


@pytest.fixture(scope="module")
def world():
    world = StackingWorld()
    yield world
    world.close()


def reset(world, *, height=0.025):
    world.reset(joint_position=over_red(height), block_position=BLOCKS, block_yaw=np.array([0.0, 0.3, 2.0, -1.0]))


def over_red(height):
    return joint_position_for_tool(np.array([0.5, 0.0, height]), yaw=0.0)


def grasp_and_lift(world, *, height=0.2):
    reset(world)
    for opening in (0.068, 0.056, 0.044, 0.04, 0.04):
        world.step(np.append(over_red(0.025), opening))
    for tool_height in np.linspace(0.025, height, 6):
        world.step(np.append(over_red(tool_height), model.OPENING_CLOSED))


def test_a_gripped_block_is_lifted_and_falls_when_the_gripper_opens(world):
    grasp_and_lift(world)
    assert world.block_position[0, 2] == pytest.approx(0.2, abs=0.003)
    assert world.gripped.tolist() == [True, False, False, False]
    for _ in range(8):
        world.step(np.append(over_red(0.2), model.OPENING_OPEN))
    assert world.block_position[0, 2] < 0.06
    assert not world.gripped.any()


def test_a_held_block_does_not_creep(world):
    grasp_and_lift(world)
    before = world.block_position[0]
    for _ in range(20):
        world.step(world.targets)
    np.testing.assert_allclose(world.block_position[0], before, atol=0.002)


def test_fingers_without_friction_hold_nothing():
    slippery = StackingWorld(StackingWorldSettings(friction=0.005))
    grasp_and_lift(slippery)
    assert slippery.block_position[0, 2] < 0.06
    slippery.close()


def test_nothing_but_the_gear_of_the_fingers_is_a_constraint(world):
    grasp_and_lift(world)
    assert world._client.getNumConstraints() == 1


def test_the_arm_arrives_at_its_targets_at_the_end_of_a_control_step(world):
    reset(world, height=0.2)
    for height in np.linspace(0.2, 0.15, 4):
        world.step(np.append(over_red(height), model.OPENING_OPEN))
    np.testing.assert_allclose(world.joint_position, over_red(0.15), atol=0.01)
    world.step(world.targets)
    np.testing.assert_allclose(world.joint_position, over_red(0.15), atol=0.002)


def test_the_same_targets_give_the_same_world_whatever_was_before(world):
    reset(world)
    world.step(np.append(over_red(0.03), 0.04))
    first = world.state()
    grasp_and_lift(world)
    reset(world)
    world.step(np.append(over_red(0.03), 0.04))
    np.testing.assert_array_equal(world.state(), first)


def test_a_state_has_an_entry_for_each_of_its_names(world):
    reset(world)
    state = dict(zip([entry.name for entry in model.STATE_ENTRIES], world.state(), strict=True))
    assert len(state) == 36
    assert state["gripper/opening"] == pytest.approx(model.OPENING_OPEN)
    assert [state[f"block_green/position/{axis}"] for axis in "xyz"] == pytest.approx(BLOCKS[1])
    assert state["block_green/orientation/z"] == pytest.approx(np.sin(0.15), abs=1e-6)
    assert state["lbr_iiwa_joint_4/position"] == pytest.approx(over_red(0.025)[3])


@pytest.mark.parametrize(("setting", "message"), [({"time_step": 0.1}, "time_step"), ({"friction": 0.0}, "friction")])
def test_impossible_physics_are_refused(setting, message):
    with pytest.raises(ConfigurationError, match=message):
        StackingWorldSettings(**setting)
