"""The learner's turns: bursts in which a trained planner drives the robot in the expert's place.

A planner leaves the expert's states in ways of its own, which noise does not make; from there the expert goes on, and
how it puts things right is what the next training learns (DAgger: Ross 2011). Who drives at which control step, with
two steps of preparation before a turn of three, and c the first step of the turn:

    control step      c-3     c-2     c-1      c      c+1     c+2     c+3
    robot gets      expert  expert  expert  learner learner learner expert
    learner            .    prepare prepare targets targets targets    .
    disturbed          .       .       .      yes     yes     yes      .
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from decision_diffuser_ros.errors import ConfigurationError

if TYPE_CHECKING:
    from decision_diffuser_ros.simulation.quadruped_world import QuadrupedWorld


class Learner(Protocol):
    """A planner that watches every control step of an episode and drives in some."""

    def start(self, random: np.random.Generator) -> None:
        """Begins an episode; `random` draws whatever the planner draws."""

    def observe(self, world: QuadrupedWorld, *, skill: str, forward_speed: float) -> None:
        """Sees the robot at this control step and what is asked of it, the speed in [m/s]; plans nothing."""

    def take_over(self) -> int:
        """Begins a turn; how many control steps, at least this one, it must prepare until it can drive."""

    def prepare(self, command: np.ndarray) -> None:
        """Plans at this control step, in which the robot still gets the expert's `command`, (joints,) [rad]."""

    def targets(self) -> np.ndarray:
        """Joint targets of this control step of the turn, (joints,) [rad]."""


class LearnersTurn:
    """One turn of a learner, which begins with its preparation."""

    def __init__(self, learner: Learner) -> None:
        self._learner = learner
        self._preparing_steps = learner.take_over()

    def prepares(self, command: np.ndarray) -> bool:
        """Whether it still prepares at this control step, which it then does; the robot gets `command`, (joints,)."""
        if self._preparing_steps == 0:
            return False
        self._preparing_steps -= 1
        self._learner.prepare(command)
        return True

    def targets(self) -> np.ndarray:
        """What the learner commands at this control step, (joints,) [rad]."""
        return self._learner.targets()


@dataclass(frozen=True, kw_only=True)
class LearnerTurns:
    """Who drives in the learner's turns, and how often.

    Attributes:
        learner: the planner.
        share: of the bursts that are the learner's.
        steps: shortest and longest turn.
        steps_after_change: how long it goes on driving in the episode's own gait, at least and at most, where it drives
            at the end of a walk in another one.
    """

    learner: Learner
    share: float
    steps: tuple[int, int] = (8, 25)
    steps_after_change: tuple[int, int] = (0, 25)

    def __post_init__(self) -> None:
        if not 0.0 < self.share <= 1.0:
            raise ConfigurationError(f"the learner's share of the bursts must be above 0, at most 1. Got {self.share}")
        if not 1 <= self.steps[0] <= self.steps[1]:
            raise ConfigurationError(f"`steps` must be a shortest turn of at least 1 and a longest. Got {self.steps}")
