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


def demonstrations_of(robot: str, *, single_skill: bool = False) -> Demonstrations:
    """The recorder of a robot's demonstrations; its simulator is imported only here.

    Args:
        robot: a name in `ROBOTS`.
        single_skill: never change skill within an episode.

    Raises:
        ConfigurationError: when there is no such robot.
    """
    if robot not in ROBOTS:
        raise ConfigurationError(f"robot {robot!r} is not known; available: {', '.join(sorted(ROBOTS))}")
    return ROBOTS[robot](single_skill)


def _quadruped_gaits(single_skill: bool) -> Demonstrations:
    from decision_diffuser_ros.simulation.quadruped_course import DemonstrationRange

    ranges = DemonstrationRange()
    return _quadruped("quadruped_gaits", replace(ranges, switching_share=0.0) if single_skill else ranges)


def _quadruped_composition(single_skill: bool) -> Demonstrations:
    """One gait an episode, half of them begun in mid-stride: what two gaits at once look like is not in this data."""
    from decision_diffuser_ros.simulation.quadruped_course import DemonstrationRange

    ranges = DemonstrationRange(steps=125, switching_share=0.0, striding_share=0.5)
    return _quadruped("quadruped_composition", ranges)


def _quadruped(name: str, ranges: DemonstrationRange) -> Demonstrations:
    from decision_diffuser_ros.simulation import quadruped_demonstrations as quadruped

    record = functools.partial(quadruped.record_episode, ranges=ranges)
    return Demonstrations(record, quadruped.attributes(ranges, name=name))


def _block_stacking(single_skill: bool) -> Demonstrations:
    """Every episode shows one constraint, `single_skill` or not."""
    from decision_diffuser_ros.simulation import stacking_demonstrations as stacking

    ranges = stacking.StackingRange()
    record = functools.partial(stacking.record_episode, ranges=ranges)
    return Demonstrations(record, stacking.attributes(ranges))


def _circles(single_skill: bool) -> Demonstrations:
    """Every episode shows one constraint, `single_skill` or not."""
    from decision_diffuser_ros.simulation import circles_demonstrations as circles

    return Demonstrations(circles.record_episode, circles.attributes())


ROBOTS: dict[str, Callable[[bool], Demonstrations]] = {
    "quadruped_gaits": _quadruped_gaits,
    "quadruped_composition": _quadruped_composition,
    "block_stacking": _block_stacking,
    "circles": _circles,
}
