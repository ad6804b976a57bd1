"""How an episode of block stacking starts: which blocks stand on which, where, and where the arm is."""

from dataclasses import dataclass, replace

import numpy as np

from decision_diffuser_ros.simulation.block_arrangement import BLOCKS, Arrangement, piles_of, random_arrangement
from decision_diffuser_ros.simulation.stacking_model import BLOCK_SIZE
from decision_diffuser_ros.simulation.table_places import AZIMUTH_RANGE, RADIUS_RANGE, random_places
from decision_diffuser_ros.simulation.tool_place import ToolPlace

PileSizes = tuple[int, ...]

YAW_GAP = 0.09
"""How far a block's yaw stays from the diagonal of 45 degrees, on either side of which a gripper takes hold of other
faces [rad]."""


@dataclass(frozen=True)
class StackingStart:
    """What a reset draws at random.

    Attributes:
        pile_sizes: how often each kind of arrangement comes, by the sizes of its piles.
        pile_offset: largest deviation of a block from the one below, in x and in y [m].
        pile_turn: largest deviation of a block's yaw from the one below, but for quarter turns [rad].
        tool_height: lowest and highest of the tool [m].
        elbow_swing: largest deviation of the elbow from where it belongs [rad].
    """

    pile_sizes: tuple[tuple[PileSizes, float], ...]
    pile_offset: float = 0.006
    pile_turn: float = 0.06
    tool_height: tuple[float, float] = (0.25, 0.32)
    elbow_swing: float = 0.3

    def draw_arrangement(self, random: np.random.Generator) -> Arrangement:
        """What each block stands on."""
        share = np.array([share for _, share in self.pile_sizes])
        sizes, _ = self.pile_sizes[random.choice(len(share), p=share / share.sum())]
        return random_arrangement(random, sizes)

    def draw_blocks(self, random: np.random.Generator, arrangement: Arrangement) -> tuple[np.ndarray, np.ndarray]:
        """Positions of the blocks' centres (4, 3) [m] and their yaws (4,) [rad]."""
        position, yaw = np.zeros((len(BLOCKS), 3)), np.zeros(len(BLOCKS))
        piles = piles_of(arrangement)
        for pile, place in zip(piles, random_places(random, len(piles)), strict=True):
            turn = random.uniform(-1, 1) * (np.pi / 4 - YAW_GAP - self.pile_turn)
            for level, block in enumerate(pile):
                offset = self.pile_offset * random.uniform(-1, 1, 2) if level else 0.0
                position[block] = [*(place + offset), BLOCK_SIZE * (level + 0.5)]
                yaw[block] = turn + self.pile_turn * random.uniform(-1, 1) + np.pi / 2 * random.integers(4)
        return position, yaw

    def draw_tool(self, random: np.random.Generator) -> ToolPlace:
        """Where the tool is: above everything, the elbow anywhere near its place."""
        radius, azimuth = random.uniform(*RADIUS_RANGE), random.uniform(*AZIMUTH_RANGE)
        place = radius * np.array([np.cos(azimuth), np.sin(azimuth)])
        over = ToolPlace.over(place, height=random.uniform(*self.tool_height), yaw=random.uniform(-0.7, 0.7))
        swing = self.elbow_swing * random.uniform(-1, 1)
        return replace(over, elbow_angle=over.elbow_angle + swing)


SCATTERED_START = StackingStart((((1, 1, 1, 1), 1.0),))
"""All blocks on the table."""
STACKED_START = StackingStart((((4,), 0.2), ((3, 1), 0.25), ((2, 2), 0.3), ((2, 1, 1), 0.25)))
"""At least one block stands on another one."""
