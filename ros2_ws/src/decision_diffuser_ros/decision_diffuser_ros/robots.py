"""The robots that this package can demonstrate, by the name that the command line uses."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from decision_diffuser_ros.data.episode import Episode
from decision_diffuser_ros.errors import ConfigurationError


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
    return _quadruped("quadruped_gaits", single_skill=single_skill)


def _quadruped_composition(single_skill: bool) -> Demonstrations:
    """One gait an episode: what two gaits at once look like is nothing that this data could tell."""
    return _quadruped("quadruped_composition", single_skill=True)


def _quadruped(name: str, *, single_skill: bool) -> Demonstrations:
    from decision_diffuser_ros.simulation import quadruped_demonstrations as quadruped

    ranges = quadruped.DemonstrationRange()
    if single_skill:
        ranges = replace(ranges, switching_share=0.0)
    record = functools.partial(quadruped.record_episode, ranges=ranges)
    return Demonstrations(record, quadruped.attributes(ranges, name=name))


ROBOTS: dict[str, Callable[[bool], Demonstrations]] = {
    "quadruped_gaits": _quadruped_gaits,
    "quadruped_composition": _quadruped_composition,
}
