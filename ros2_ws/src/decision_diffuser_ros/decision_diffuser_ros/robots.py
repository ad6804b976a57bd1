"""The robots that this package can demonstrate, by the name that the command line uses."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from decision_diffuser_ros.data.episode import Episode
from decision_diffuser_ros.errors import ConfigurationError

if TYPE_CHECKING:
    from decision_diffuser_ros.simulation.quadruped_course import DemonstrationRange


@dataclass(frozen=True)
class Demonstrations:
    """An expert that can be recorded.

    Attributes:
        record: (seed, number) -> the episode.
        attributes: facts about the data set: names and units of states and actions, step duration, skills.
    """

    record: Callable[[int, int], Episode]
    attributes: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Variety:
    """What may be different about a robot's demonstrations.

    Attributes:
        single_skill: never change skill within an episode.
        command_delay: after which the quadruped's commands take hold, as on a robot, another one in each episode and at
            most this [s].
    """

    single_skill: bool = False
    command_delay: float = 0.0


def demonstrations_of(robot: str, variety: Variety | None = None) -> Demonstrations:
    """The recorder of a robot's demonstrations; its simulator is imported only here.

    Args:
        robot: a name in `ROBOTS`.
        variety: what is different about them.

    Raises:
        ConfigurationError: when there is no such robot, or its commands are never late, or not so late.
    """
    if robot not in ROBOTS:
        raise ConfigurationError(f"robot {robot!r} is not known; available: {', '.join(sorted(ROBOTS))}")
    variety = variety or Variety()
    if variety.command_delay and robot not in LATE_COMMANDS:
        raise ConfigurationError(f"late commands are for {' and '.join(sorted(LATE_COMMANDS))}. Got {robot}")
    return ROBOTS[robot](variety)


def _quadruped_gaits(variety: Variety) -> Demonstrations:
    from decision_diffuser_ros.simulation.quadruped_course import DemonstrationRange

    ranges = DemonstrationRange()
    ranges = replace(ranges, switching_share=0.0) if variety.single_skill else ranges
    return _quadruped("quadruped_gaits", ranges, variety)


def _quadruped_composition(variety: Variety) -> Demonstrations:
    """One gait an episode, most begun in mid-stride: what two gaits at once look like is not in this data.

    The strides are as short as composed gaits make them, and disturbed, as strides of a planner are never quite the
    expert's.
    """
    from decision_diffuser_ros.simulation.quadruped_course import DemonstrationRange

    ranges = DemonstrationRange(
        steps=125,
        switching_share=0.0,
        striding_share=0.75,
        striding_steps=(18, 65),
        striding_calm_steps=(8, 25),
    )
    return _quadruped("quadruped_composition", ranges, variety)


def _quadruped(name: str, ranges: DemonstrationRange, variety: Variety) -> Demonstrations:
    from decision_diffuser_ros.simulation import quadruped_demonstrations as quadruped
    from decision_diffuser_ros.simulation.quadruped_course import command_delays

    ranges = replace(ranges, command_delays=command_delays(variety.command_delay))
    record = functools.partial(quadruped.record_episode, ranges=ranges)
    return Demonstrations(record, quadruped.attributes(ranges, name=name))


def _block_stacking(variety: Variety) -> Demonstrations:
    """Every episode shows one constraint, whatever the variety."""
    from decision_diffuser_ros.simulation import stacking_demonstrations as stacking

    ranges = stacking.StackingRange()
    record = functools.partial(stacking.record_episode, ranges=ranges)
    return Demonstrations(record, stacking.attributes(ranges))


def _circles(variety: Variety) -> Demonstrations:
    """Every episode shows one constraint, whatever the variety."""
    from decision_diffuser_ros.simulation import circles_demonstrations as circles

    return Demonstrations(circles.record_episode, circles.attributes())


ROBOTS: dict[str, Callable[[Variety], Demonstrations]] = {
    "quadruped_gaits": _quadruped_gaits,
    "quadruped_composition": _quadruped_composition,
    "block_stacking": _block_stacking,
    "circles": _circles,
}

LATE_COMMANDS = frozenset({"quadruped_gaits", "quadruped_composition"})
"""Robots whose demonstrations know commands that take hold late."""
