"""Aims that miss: the expert goes to beside a block or a pile, notices on the way and puts it right.

A planner that has learnt from an expert who never misses does not know what to do a few centimetres beside a block,
where its own small errors soon take it. What is done while the aim is wrong is no example; what follows is.
"""

from dataclasses import dataclass

import numpy as np

from decision_diffuser_ros.simulation.stacking_expert import Phase, StackingExpert
from decision_diffuser_ros.simulation.stacking_world import StackingWorld

LATE_SHIFT = 0.010  # [m], up to which open fingers still come down around a block
EARLIEST = 0.3  # share of the way after which a wrong aim is noticed at the earliest
BLOCK_CLEARANCE = 0.55  # share of the way down after which the tool would meet a block


@dataclass(frozen=True)
class WrongAimRange:
    """How often the expert aims wrong, and how far off.

    Attributes:
        share: of the times that the arm moves towards a block, or with one to where it is put.
        shift: smallest and largest distance from the right place [m].
        turn: largest error of the yaw [rad].
    """

    share: float = 0.35
    shift: tuple[float, float] = (0.004, 0.06)
    turn: float = 0.35


class WrongAims:
    """Makes the expert of one episode aim wrong, and notice.

    Args:
        ranges: how often and how far.
        random: draws everything.
    """

    def __init__(self, ranges: WrongAimRange, random: np.random.Generator) -> None:
        self._ranges = ranges
        self._random = random
        self._last_phase = Phase.REST
        self._noticed_phase = Phase.APPROACH
        self._noticed_progress = 0.0
        self._distance = 0.0

    def happen(self, world: StackingWorld, expert: StackingExpert) -> bool:
        """Whether the expert's aim is wrong; to be called every control step, after the expert was asked."""
        was_wrong = expert.aims_wrong
        begins = expert.phase != self._last_phase and expert.phase in (Phase.APPROACH, Phase.CARRY)
        self._last_phase = expert.phase
        if was_wrong and expert.phase >= self._noticed_phase and expert.progress >= self._noticed_progress:
            upwards = expert.phase is Phase.DESCEND and self._distance > LATE_SHIFT
            expert.put_right(world, upwards=upwards)
            self._last_phase = expert.phase
        elif begins and not was_wrong and self._random.uniform() < self._ranges.share:
            self._misdirect(expert)
        return was_wrong

    def _misdirect(self, expert: StackingExpert) -> None:
        random = self._random
        self._distance = float(np.exp(random.uniform(*np.log(self._ranges.shift))))
        direction = random.uniform(-np.pi, np.pi)
        shift = self._distance * np.array([np.cos(direction), np.sin(direction)])
        expert.aim_wrong(shift, turn=self._ranges.turn * random.uniform(-1, 1))
        goes_down = expert.phase is Phase.APPROACH and random.uniform() < 0.5
        lowest = 1.0 if self._distance < LATE_SHIFT else BLOCK_CLEARANCE
        self._noticed_phase = Phase.DESCEND if goes_down else expert.phase
        self._noticed_progress = random.uniform(0.0, lowest) if goes_down else random.uniform(EARLIEST, 1.0)
