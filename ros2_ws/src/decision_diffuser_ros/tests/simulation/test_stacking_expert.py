"""The stacking expert: it builds what it is asked to build, and rebuilds what was spoilt."""

import numpy as np
import pytest

from decision_diffuser_ros.simulation.block_arrangement import SCATTERED, arrangement_of, from_piles
from decision_diffuser_ros.simulation.stacking_expert import Phase, StackingExpert
from decision_diffuser_ros.simulation.stacking_start import SCATTERED_START
from decision_diffuser_ros.simulation.stacking_world import StackingWorld
from decision_diffuser_ros.simulation.table_places import LEAST_DISTANCE, place_aside, random_places
from decision_diffuser_ros.simulation.tool_place import HOME


@pytest.fixture(scope="module")
def world():
    world = StackingWorld()
    yield world
    world.close()


def reset(world, arrangement=SCATTERED, seed=0):
    position, yaw = SCATTERED_START.draw_blocks(np.random.default_rng(seed), arrangement)
    world.reset(joint_position=HOME.joint_position(), block_position=position, block_yaw=yaw)


def run(world, expert, *, until=lambda expert: expert.resting_steps > 3, control_steps=250):
    targets = []
    for _ in range(control_steps):
        if until(expert):
            return np.array(targets)
        targets.append(expert.targets(world))
        world.step(targets[-1])
    raise AssertionError("the expert did not get there")


@pytest.mark.parametrize(
    ("start", "goal"),
    [
        (SCATTERED, from_piles([[2, 0, 3, 1]])),
        (from_piles([[0, 1], [2, 3]]), from_piles([[0, 2], [1, 3]])),
    ],
)
def test_it_builds_the_arrangement_it_is_asked_for_precisely(world, start, goal):
    reset(world, start)
    targets = run(world, StackingExpert(goal))
    assert arrangement_of(world.block_position) == goal
    for block, support in enumerate(goal):
        if support >= 0:
            apart = world.block_position[block] - world.block_position[support]
            np.testing.assert_allclose(apart, [0, 0, 0.05], atol=0.004)
    assert np.abs(np.diff(targets[:, :7], axis=0)).max() < 0.35  # [rad], in a control step


def test_it_goes_home_and_rests_when_all_is_done(world):
    reset(world)
    expert = StackingExpert(SCATTERED)
    run(world, expert)
    assert expert.phase is Phase.REST
    np.testing.assert_allclose(world.joint_position, HOME.joint_position(), atol=0.005)


def test_a_block_that_slips_out_of_the_gripper_is_fetched_again(world):
    reset(world)
    goal = from_piles([[0, 1], [2], [3]])
    expert = StackingExpert(goal)
    run(world, expert, until=lambda expert: expert.phase is Phase.LIFT)
    for _ in range(4):
        targets = expert.targets(world)
        targets[7] = 0.08
        world.step(targets)
    assert world.block_position[1, 2] < 0.03
    run(world, expert)
    assert arrangement_of(world.block_position) == goal


def test_an_arm_that_was_pushed_aside_comes_back_in_steps(world):
    reset(world)
    expert = StackingExpert(from_piles([[0, 1], [2], [3]]))
    run(world, expert, until=lambda expert: expert.phase is Phase.APPROACH, control_steps=2)
    world.step(world.targets + np.array([0.2, 0, 0, 0, 0, 0, 0, 0]))
    before = world.joint_position[0]
    targets = expert.targets(world)
    assert 0.05 < before - targets[0] < 0.15
    run(world, expert)


def test_a_free_place_is_away_from_all_blocks_and_random_places_from_each_other():
    random = np.random.default_rng(0)
    for _ in range(50):
        places = random_places(random, 4)
        place = place_aside(places[1:], near=places[0])
        apart = np.linalg.norm(places - place, axis=1)
        assert apart.min() >= LEAST_DISTANCE
        assert apart[0] < 0.45
