"""The planner as the quadruped's learner: it drives, as it is deployed, in some bursts of its own demonstrations.

The planner sees every control step, so that a turn begins in full stride: with a whole history, with a plan as old as
in the middle of a run, and without the blending-in of a robot that has just been switched on.
"""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from decision_diffuser_ros.data.description import DataDescription
from decision_diffuser_ros.data.episode import Episode
from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.evaluation.asked_speed import number_kind, numbers_for_speed
from decision_diffuser_ros.evaluation.deployment import DeployedPlanner, DeploymentSettings, EvaluatedModel
from decision_diffuser_ros.evaluation.quadruped_policies import LIMITS
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.conditions import Condition
from decision_diffuser_ros.planner.manifest import Manifest
from decision_diffuser_ros.planner.planner import Planner
from decision_diffuser_ros.robots import Demonstrations
from decision_diffuser_ros.simulation.learner_turns import LearnerTurns
from decision_diffuser_ros.simulation.quadruped_world import QuadrupedWorld

ROBOT = "unitree_a1"


@dataclass(frozen=True, eq=False)
class _Reading:
    """What the planner is shown at a control step: state (30,), joint position (12,) [rad], tilt [rad]."""

    state: np.ndarray
    joint_position: np.ndarray
    tilt: float


class QuadrupedLearner:
    """A `Learner`: the planner as it is deployed.

    Args:
        planner: of the bundle.
        settings: how it is run; the duration of blending in is not used.
    """

    def __init__(self, planner: Planner, settings: DeploymentSettings) -> None:
        self.manifest = planner.bundle.manifest
        self._planner = DeployedPlanner(planner, replace(settings, blend_duration=0.0), LIMITS)
        self._readings: deque[_Reading] = deque(maxlen=self.manifest.history)
        self._latency_steps = max(1, settings.receding_horizon.planning_latency_steps)  # the first command is the pose

    def start(self, random: np.random.Generator) -> None:
        """Begins an episode; `random` draws the plans' noise."""
        self._random = random
        self._readings.clear()

    def observe(self, world: QuadrupedWorld, *, skill: str, forward_speed: float) -> None:
        """Sees the robot at this control step and what is asked of it, the speed in [m/s]; plans nothing."""
        self._readings.append(_Reading(world.state(), world.joint_position, world.tilt))
        self._conditions = (Condition({"skill": skill, **numbers_for_speed(self.manifest, forward_speed)}),)

    def take_over(self) -> int:
        """Begins a turn; for how many control steps to prepare: until history and plan are as in mid-run."""
        before = [reading.state for reading in list(self._readings)[:-1]]
        self._planner.start(self._conditions, self._random, history=before)
        return self.manifest.history - len(self._readings) + self._latency_steps

    def prepare(self, command: np.ndarray) -> None:
        """Plans at this control step, in which the robot still gets `command`, (12,) [rad]."""
        self.targets()
        self._planner.overrule(command)

    def targets(self) -> np.ndarray:
        """Joint targets of this control step of the turn, (12,) [rad]."""
        now = self._readings[-1]
        self._planner.ask(self._conditions)
        return self._planner.command(now.state, measured=now.joint_position, tilt=now.tilt)


def with_learner(demonstrations: Demonstrations, model: EvaluatedModel, *, share: float) -> Demonstrations:
    """The quadruped's demonstrations with turns of the learner; the bundle is loaded once in every process.

    Args:
        demonstrations: of the quadruped, whose `record` takes `turns`.
        model: the bundle and how it is run.
        share: of the bursts that are the learner's.

    Raises:
        ConfigurationError: the share is out of range, or the bundle does not fit the demonstrations.
        BundleError: the bundle is damaged.
    """
    description = DataDescription.from_metadata({"attributes": demonstrations.attributes})
    if description.robot != ROBOT:
        raise ConfigurationError(f"only {ROBOT} has turns of a learner in its demonstrations. Got {description.robot}")
    manifest = _bundle(model).manifest
    _require_fit(manifest, description, demonstrations.attributes["ranges"])
    turns = _turns(model, share)
    facts = {
        "name": manifest.name,
        "sha256": {name: record.sha256 for name, record in manifest.files.items()},
        "sampling": asdict(model.sampling or manifest.sampling),
        "receding_horizon": asdict(model.deployment.receding_horizon),
        "share": turns.share,
        "steps": turns.steps,
        "steps_after_change": turns.steps_after_change,
    }
    return Demonstrations(
        functools.partial(_record, demonstrations.record, model, share), {**demonstrations.attributes, "learner": facts}
    )


def _record(record: Callable[..., Episode], model: EvaluatedModel, share: float, seed: int, number: int) -> Episode:
    return record(seed, number, turns=_turns(model, share))


def _turns(model: EvaluatedModel, share: float) -> LearnerTurns:
    return LearnerTurns(learner=_learner(model), share=share)


@functools.cache
def _learner(model: EvaluatedModel) -> QuadrupedLearner:
    return QuadrupedLearner(Planner(_bundle(model), settings=model.sampling), model.deployment)


@functools.cache
def _bundle(model: EvaluatedModel) -> Bundle:
    return Bundle.load(model.bundle, threads=1)


def _require_fit(manifest: Manifest, description: DataDescription, ranges: Any) -> None:
    """Raises ConfigurationError unless the model can drive whatever the demonstrations ask."""
    speed = number_kind(manifest)
    fastest = ranges["forward_speed"][1]
    unknown = sorted(set(description.skill_names) - set(manifest.names_of("skill")))
    requirements = (
        (manifest.robot == description.robot, f"moves {manifest.robot}, not {description.robot}"),
        (manifest.state == description.state, f"has other states: {_names(manifest.state_names)}"),
        (manifest.action == description.action, f"has other actions: {_names(manifest.action_names)}"),
        (manifest.step_duration == description.step_duration, f"plans in steps of {manifest.step_duration} s"),
        (not unknown, f"cannot be asked for {', '.join(unknown)}"),
        (
            speed is not None and (speed.unit != "m/s" or speed.largest >= fastest),
            f"cannot be asked for a forward_speed of {fastest} m/s",
        ),
    )
    for is_met, misfit in requirements:
        if not is_met:
            raise ConfigurationError(f"the learner '{manifest.name}' does not fit '{description.name}': it {misfit}")


def _names(names: Sequence[str]) -> str:
    """How many names, and the last of them, which tells most where one list goes on for longer than another."""
    return f"{len(names)}, up to '{names[-1]}'"
