"""One closed-loop episode in which the quadruped is asked for an expression, and the gaits that a classifier saw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from decision_diffuser_ros.errors import BundleError
from decision_diffuser_ros.evaluation.gait_classifier import GaitClassifier
from decision_diffuser_ros.evaluation.gait_pattern import PAIRS
from decision_diffuser_ros.evaluation.random_streams import DRIVER_STREAM
from decision_diffuser_ros.simulation import quadruped_model as model
from decision_diffuser_ros.simulation.quadruped_env import QuadrupedGaitsEnv
from decision_diffuser_ros.simulation.quadruped_model import CONTROL_STEP
from decision_diffuser_ros.simulation.quadruped_world import QuadrupedWorld

PLANNER, SUMMED, EXPERT = "planner", "summed", "expert"
"""Who drives: the planner; the planner with all conditions told to the network as one; the scripted expert."""


@dataclass(frozen=True, kw_only=True)
class ExpressionTask:
    """What is asked of the robot in one episode.

    Attributes:
        seed: start, friction and the planner's noise come from it.
        expression: what is asked, see `planner.expression`; of the expert, a gait.
        driver: one of `PLANNER`, `SUMMED` and `EXPERT`.
        steps: control steps of the episode.
    """

    seed: int
    expression: str
    driver: str = PLANNER
    steps: int = 250


@dataclass(frozen=True, kw_only=True)
class ExpressionRollout:
    """What happened.

    Attributes:
        task: what was asked.
        survived: whether the robot stood on its feet to the end.
        gait_probability: (windows, gaits) the classifier's, one row for each window of joint states.
        window_centre: (windows,) control step that each of them is about, 0 after the first.
        foot_contacts: (steps survived, 4) bool.
        forward_speed: (steps survived,) progress along the heading [m/s].
    """

    task: ExpressionTask
    survived: bool
    gait_probability: np.ndarray
    window_centre: np.ndarray
    foot_contacts: np.ndarray
    forward_speed: np.ndarray


class Driver(Protocol):
    """Joint targets, one control step after another."""

    def start(self, rng: np.random.Generator) -> None:
        """Begins an episode."""

    def targets(self, world: QuadrupedWorld) -> np.ndarray:
        """Joint targets of this control step, (12,) [rad]."""


def run_expression_episode(
    task: ExpressionTask, driver: Driver, env: QuadrupedGaitsEnv, classifier: GaitClassifier
) -> ExpressionRollout:
    """Lets the driver do the task; ends early when the robot falls."""
    env.reset(seed=task.seed)
    driver.start(np.random.default_rng([task.seed, DRIVER_STREAM]))
    joint_states, contacts, speeds, fallen = [], [], [], False
    for _ in range(task.steps):
        _, progress, fallen, _, info = env.step(driver.targets(env.world))
        joint_states.append(np.concatenate([env.world.joint_position, env.world.joint_velocity]))
        contacts.append(info["foot_contacts"])
        speeds.append(progress / CONTROL_STEP)
        if fallen:
            break
    return ExpressionRollout(
        task=task,
        survived=not fallen,
        gait_probability=classifier.probabilities(np.array(joint_states)),
        window_centre=classifier.window_centres(len(joint_states)),
        foot_contacts=np.array(contacts),
        forward_speed=np.array(speeds),
    )


def check_classifier(classifier: GaitClassifier) -> GaitClassifier:
    """The classifier, refused unless it tells the quadruped's gaits apart by joint states. Raises BundleError.

    It must take the joint states of `run_expression_episode`, and its probabilities must be in the order of `PAIRS`.
    """
    expected = [f"{joint}/{quantity}" for quantity in ("position", "velocity") for joint in model.JOINT_NAMES]
    got = [entry.name for entry in classifier.record.inputs]
    if got != expected or classifier.record.step_duration != CONTROL_STEP:
        raise BundleError(
            f"expected a gait classifier that takes {', '.join(expected[:2])}, ... every {CONTROL_STEP} s; "
            f"got {', '.join(got[:2])}, ... every {classifier.record.step_duration} s"
        )
    if classifier.gaits != tuple(PAIRS):
        raise BundleError(
            f"expected a gait classifier of {', '.join(PAIRS)}, in this order; got {', '.join(classifier.gaits)}; "
            "train one with `decision-diffuser train gait_classifier` on demonstrations of all of them"
        )
    return classifier
