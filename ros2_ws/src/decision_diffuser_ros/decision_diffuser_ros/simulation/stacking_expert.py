"""Scripted expert that turns any arrangement of the blocks into another, one pick and place after another.

A pick and place is a fixed sequence of phases, each a smooth motion of the tool in cylindrical coordinates about the
robot's base with analytic inverse kinematics. The tool points straight down and stops between phases. All that decides
is in the state: which block is next follows from the arrangement, and where several could be, from which one is nearest
to the tool; where it goes from the other blocks; the elbow from where the tool is. No block is preferred for its name,
and no side. So the same state leads to the same motion, but for the arrangement that is wanted, and whoever learns from
it has nothing else to guess.
"""

from __future__ import annotations

import enum
from dataclasses import replace

import numpy as np

from decision_diffuser_ros.planner.piles import TABLE, Arrangement, Move, next_move
from decision_diffuser_ros.simulation import stacking_model as model
from decision_diffuser_ros.simulation.block_arrangement import arrangement_of
from decision_diffuser_ros.simulation.block_orientation import yaw_of
from decision_diffuser_ros.simulation.iiwa_kinematics import tool_pose
from decision_diffuser_ros.simulation.stacking_model import BLOCK_SIZE, CONTROL_STEP
from decision_diffuser_ros.simulation.stacking_world import StackingWorld
from decision_diffuser_ros.simulation.table_places import place_aside
from decision_diffuser_ros.simulation.tool_place import HOME, ToolPlace

TRAVEL_CLEARANCE = 0.04  # [m], between what is carried and the highest pile
RELEASE_GAP = 0.002  # [m], under a block that is let go
LOST_DISTANCE = 0.03  # [m], from the tool to a block that it no longer holds
OPENING_TOLERANCE = 0.005  # [m], by which an open gripper may be less open
SPREAD_SPEED = 0.12  # [m/s], of the opening between the fingers
SLACK = 0.04  # [rad], of a joint off its path that is put right in one control step
RETURN_SHARE = 0.5  # of a greater deviation that remains after each control step
TOP_TO_MEAN_SPEED = 1.5  # of a motion that is smooth as 3 s^2 - 2 s^3
WAITING_DEVIATION = 0.12  # [rad], at which the path waits for the arm
STRAIGHT = np.zeros(2)  # [m], shift of an aim that is right


NO_MOVE = Move(block=-1, onto=TABLE)


class Phase(enum.IntEnum):
    """What the expert is doing."""

    APPROACH = 0
    DESCEND = 1
    CLOSE = 2
    LIFT = 3
    CARRY = 4
    LOWER = 5
    OPEN = 6
    RETREAT = 7
    GO_HOME = 8
    REST = 9


LEAST_STEPS = {
    Phase.APPROACH: 4,
    Phase.DESCEND: 6,
    Phase.CLOSE: 5,
    Phase.LIFT: 5,
    Phase.CARRY: 3,
    Phase.LOWER: 6,
    Phase.OPEN: 4,
    Phase.RETREAT: 5,
    Phase.GO_HOME: 3,
    Phase.REST: 1,
}
"""Shortest duration of each phase [control steps]: what needs precision takes longer than a planner's reaction."""


class StackingExpert:
    """Joint and gripper targets that build an arrangement, one control step after another.

    Args:
        goal: the arrangement to build.
        top_speed: of the fastest joint [rad/s].
    """

    def __init__(self, goal: Arrangement, *, top_speed: float = 2.0) -> None:
        self._goal = goal
        self._top_speed = top_speed
        self._started = False
        self._tool = self._from = HOME
        self._reference = HOME.joint_position()
        self._opening = model.OPENING_OPEN
        self._travel_height = HOME.height
        self._place = np.zeros(2)
        self._move = NO_MOVE
        self._wrong_shift, self._wrong_turn = STRAIGHT, 0.0
        self.phase = Phase.RETREAT
        self._phase_step = self._phase_steps = 0
        self.resting_steps = 0
        """Control steps since the arm came home with everything done."""

    @property
    def moved_block(self) -> int:
        """The block that is being moved, or -1."""
        return self._move.block

    @property
    def progress(self) -> float:
        """Share of the phase's control steps that are over."""
        return min(1.0, self._phase_step / self._phase_steps)

    @property
    def aims_wrong(self) -> bool:
        """Whether `aim_wrong` was called and not put right yet."""
        return bool(self._wrong_shift.any())

    def aim_wrong(self, shift: np.ndarray, *, turn: float) -> None:
        """From now on aim beside what is approached.

        Args:
            shift: of the aim in x and y, (2,) [m], not zero.
            turn: of the yaw [rad].
        """
        self._wrong_shift, self._wrong_turn = shift, turn

    def go_on(self, world: StackingWorld) -> None:
        """After a pause: the rest of the phase, from where the arm is, with a fresh start."""
        if self._started:
            self._begin(self.phase, world)

    def put_right(self, world: StackingWorld, *, upwards: bool) -> None:
        """Aim right again, with a fresh start of the phase from where the arm is, or up first and then once more."""
        self._wrong_shift, self._wrong_turn = STRAIGHT, 0.0
        self._begin(Phase.RETREAT if upwards else self.phase, world)

    def targets(self, world: StackingWorld) -> np.ndarray:
        """Targets for the coming control step, (8,): joint positions [rad] and gripper opening [m]."""
        if not self._started:
            self._start(world)
        deviation = world.joint_position - self._reference
        off_path = float(np.abs(deviation).max())
        if self._phase_step >= self._phase_steps:
            self._next_phase(world)
        elif self._has_lost_its_block(world):
            self._begin(Phase.RETREAT, world)
        if off_path < WAITING_DEVIATION:
            self._phase_step += 1
        smooth = self.progress**2 * (3 - 2 * self.progress)
        self._tool = self._from.towards(self._aim(world), smooth)
        self._reference = self._tool.joint_position()
        self.resting_steps += self.phase is Phase.REST
        remaining = RETURN_SHARE * deviation if off_path > SLACK else 0.0
        return np.append(self._reference + remaining, self._next_opening())

    def _start(self, world: StackingWorld) -> None:
        self._started = True
        self._tool = ToolPlace.of_arm(world.joint_position)
        self._reference = self._tool.joint_position()
        self._opening = world.opening
        if self._opening < model.OPENING_OPEN - OPENING_TOLERANCE:
            self._begin(Phase.OPEN, world)
            return
        self._begin(Phase.RETREAT, world)
        if self._tool.height >= self._travel_height:
            self._next_phase(world)

    def _next_phase(self, world: StackingWorld) -> None:
        if self.phase in (Phase.GO_HOME, Phase.REST, Phase.RETREAT):
            self._move = self._next_move(world)
            if self._move != NO_MOVE:
                self._begin(Phase.APPROACH, world)
            else:
                self._begin(Phase.GO_HOME if self.phase is Phase.RETREAT else Phase.REST, world)
        else:
            self._begin(Phase(self.phase + 1), world)

    def _next_move(self, world: StackingWorld) -> Move:
        """What to move now, of several the nearest to the tool."""
        position = world.block_position
        nearest_first = np.argsort(np.linalg.norm(position - tool_pose(world.joint_position)[0], axis=1))
        order = [int(block) for block in nearest_first]
        return next_move(arrangement_of(position), self._goal, order=order) or NO_MOVE

    def _begin(self, phase: Phase, world: StackingWorld) -> None:
        self.phase = phase
        self._from = self._tool
        self._travel_height = self._height_to_travel(world)
        if phase in (Phase.CARRY, Phase.LIFT):
            self._place = self._place_for_block(world)
        travel = np.abs(self._aim(world).joint_position() - self._reference).max()
        steps = int(np.ceil(TOP_TO_MEAN_SPEED * travel / self._top_speed / CONTROL_STEP))
        self._phase_step, self._phase_steps = 0, max(LEAST_STEPS[phase], steps)

    def _height_to_travel(self, world: StackingWorld) -> float:
        """Height of the tool at which it passes over every pile, with a block in the gripper."""
        height = world.block_position[:, 2]
        if self._move == NO_MOVE:
            return float(height.max()) + BLOCK_SIZE + TRAVEL_CLEARANCE
        highest = float(np.delete(height, self._move.block).max()) + BLOCK_SIZE + TRAVEL_CLEARANCE
        return max(highest, float(height[self._move.block]) + BLOCK_SIZE / 2 + TRAVEL_CLEARANCE)

    def _aim(self, world: StackingWorld) -> ToolPlace:
        """Where the tool is to be at the end of the phase, by what the world looks like now."""
        if self.phase in (Phase.GO_HOME, Phase.REST):
            return HOME
        if self.phase in (Phase.CLOSE, Phase.OPEN):
            return self._from
        if self.phase in (Phase.LIFT, Phase.RETREAT):
            return replace(self._from, height=max(self._travel_height, self._from.height))
        if self.phase in (Phase.APPROACH, Phase.DESCEND):
            block = self._move.block
            position, yaw = world.block_position[block], float(yaw_of(world.block_orientation[block]))
            height = self._travel_height if self.phase is Phase.APPROACH else float(position[2])
            return ToolPlace.over(position[:2] + self._wrong_shift, height=height, yaw=yaw + self._wrong_turn)
        position, yaw = self._destination(world)
        in_hand = world.block_position[self._move.block] - tool_pose(world.joint_position)[0]
        height = self._travel_height if self.phase is Phase.CARRY else position[2] + RELEASE_GAP - in_hand[2]
        place = position[:2] - in_hand[:2] + self._wrong_shift
        return ToolPlace.over(place, height=float(height), yaw=yaw + self._wrong_turn)

    def _destination(self, world: StackingWorld) -> tuple[np.ndarray, float]:
        """Position (3,) [m] and yaw [rad] that the moved block is to get."""
        onto = self._move.onto
        if onto == TABLE:
            return np.append(self._place, BLOCK_SIZE / 2), self._from.yaw
        position = world.block_position[onto] + [0.0, 0.0, BLOCK_SIZE]
        return position, float(yaw_of(world.block_orientation[onto]))

    def _place_for_block(self, world: StackingWorld) -> np.ndarray:
        """Where on the table the block would go, (2,) [m]."""
        place = world.block_position[:, :2]
        return place_aside(np.delete(place, self._move.block, axis=0), near=place[self._move.block])

    def _has_lost_its_block(self, world: StackingWorld) -> bool:
        if self.phase not in (Phase.LIFT, Phase.CARRY, Phase.LOWER):
            return False
        apart = world.block_position[self._move.block] - tool_pose(world.joint_position)[0]
        return bool(np.linalg.norm(apart) > LOST_DISTANCE)

    def _next_opening(self) -> float:
        holds = Phase.CLOSE <= self.phase <= Phase.LOWER
        goal = model.OPENING_CLOSED if holds else model.OPENING_OPEN
        change = SPREAD_SPEED * CONTROL_STEP
        self._opening += float(np.clip(goal - self._opening, -change, change))
        return self._opening
