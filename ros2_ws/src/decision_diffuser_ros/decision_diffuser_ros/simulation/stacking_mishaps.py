"""What goes wrong on a table: blocks that are bumped into before they are gripped, blocks that slip from the grip."""

from dataclasses import dataclass

import numpy as np

from decision_diffuser_ros.simulation.block_arrangement import TABLE, arrangement_of
from decision_diffuser_ros.simulation.block_orientation import yaw_of
from decision_diffuser_ros.simulation.stacking_expert import Phase, StackingExpert
from decision_diffuser_ros.simulation.stacking_start import YAW_GAP
from decision_diffuser_ros.simulation.stacking_world import StackingWorld

NUDGE_ROOM = 0.11  # [m], from a nudged block to all others
SLIP_STEPS = 3  # control steps for which the gripper opens


@dataclass(frozen=True)
class MishapRange:
    """How often things go wrong, and how far.

    Attributes:
        nudge_share: of the times that the arm moves towards a block on the table or comes down on it.
        nudge_shift: largest motion of the block in x and in y while the arm is on its way [m].
        nudge_turn: largest turn of the block meanwhile [rad].
        late_strength: share of both when the fingers are already around the block.
        slip_share: of the lifts, in which the gripper opens and loses the block.
    """

    nudge_share: float = 0.06
    nudge_shift: float = 0.03
    nudge_turn: float = 0.3
    late_strength: float = 0.25
    slip_share: float = 0.04


class Mishaps:
    """Makes things go wrong in one episode.

    Args:
        ranges: how often and how far.
        random: draws everything.
    """

    def __init__(self, ranges: MishapRange, random: np.random.Generator) -> None:
        self._ranges = ranges
        self._random = random
        self._last_phase = Phase.REST
        self._steps_to_nudge = 0
        self._slip_steps = 0

    def happen(self, world: StackingWorld, expert: StackingExpert) -> tuple[bool, bool]:
        """To be called before every control step, after the expert was asked.

        Returns:
            Whether a block was nudged just now, and whether the gripper opens, whatever the expert wants.
        """
        if expert.phase != self._last_phase:
            self._last_phase = expert.phase
            self._draw(expert.phase)
        nudged = self._steps_to_nudge == 1 and self._nudge(world, expert)
        slips = self._slip_steps > 0
        self._steps_to_nudge -= 1
        self._slip_steps -= 1
        return nudged, slips

    def _draw(self, phase: Phase) -> None:
        approaches = phase in (Phase.APPROACH, Phase.DESCEND)
        nudges = approaches and self._random.uniform() < self._ranges.nudge_share
        self._steps_to_nudge = int(self._random.integers(1, 4)) if nudges else 0
        if phase is Phase.LIFT and self._random.uniform() < self._ranges.slip_share:
            self._slip_steps = SLIP_STEPS

    def _nudge(self, world: StackingWorld, expert: StackingExpert) -> bool:
        block, random = expert.moved_block, self._random
        strength = 1.0 if expert.phase is Phase.APPROACH else self._ranges.late_strength
        shift = strength * self._ranges.nudge_shift * random.uniform(-1, 1, 2)
        turn = strength * self._ranges.nudge_turn * random.uniform(-1, 1)
        if abs(float(yaw_of(world.block_orientation[block])) + turn) > np.pi / 4 - YAW_GAP:
            turn = -turn
        arrangement = arrangement_of(world.block_position)
        place = world.block_position[:, :2]
        room = np.linalg.norm(np.delete(place, block, axis=0) - place[block] - shift, axis=1).min()
        if arrangement[block] != TABLE or block in arrangement or room < NUDGE_ROOM:
            return False
        world.nudge(block, shift=shift, turn=turn)
        return True
