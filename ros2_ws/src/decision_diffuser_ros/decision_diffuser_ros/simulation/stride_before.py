"""The walk in another gait before an episode that begins in mid-stride; none of it is recorded.

Where a trained planner has turns to drive, it drives at the end of some of these walks, and on into the episode's own
gait: the recording then begins where a change of gait leads *it*, and the expert puts right what is wrong there. With n
steps of the other gait, the learner's from a on, and m of the episode's own:

    control step     0 ... a-1    a ... n-1    n ... n+m-1    n+m ...
    gait asked         other        other          own          own
    robot gets        expert       learner       learner       expert, recorded
"""

from __future__ import annotations

import numpy as np

from decision_diffuser_ros.simulation import quadruped_model as model
from decision_diffuser_ros.simulation.gait_expert import GaitExpert
from decision_diffuser_ros.simulation.learner_turns import LearnersTurn, LearnerTurns
from decision_diffuser_ros.simulation.quadruped_course import SKILLS, DemonstrationRange, target_disturbance
from decision_diffuser_ros.simulation.quadruped_env import QuadrupedGaitsEnv

State = tuple[np.ndarray, dict[str, object]]
"""What the environment says of the robot: its state (30,), and facts."""


def stride(
    env: QuadrupedGaitsEnv,
    expert: GaitExpert,
    ranges: DemonstrationRange,
    random: np.random.Generator,
    *,
    turns: LearnerTurns | None = None,
) -> State | None:
    """Lets the robot walk another gait than the expert's for a while; how it ends, or None: the robot fell.

    The expert's clock runs all along, so that it goes on in the stride in which the robot is.
    """
    own = expert.skill
    other = str(random.choice([gait for gait in SKILLS if gait != own]))
    calm_steps = ranges.striding_calm_steps
    disturbance = None if calm_steps is None else target_disturbance(ranges, random, calm_steps=calm_steps)
    steps = int(random.integers(*ranges.striding_steps))
    change = None if turns is None or random.uniform() >= turns.share else _LearnersChange(turns, steps, random)
    asked = [other] * steps + [own] * (0 if change is None else change.steps_in_own_gait)
    for control_step, skill in enumerate(asked):
        expert.switch_to(skill)
        targets = expert.targets(env.world)
        if disturbance is not None and (change is None or control_step < change.begins):
            targets, _ = disturbance(targets)
        if change is not None:
            change.learner.observe(env.world, skill=skill, forward_speed=expert.forward_speed)
            targets = change.targets(control_step, targets)
        state, _, fallen, _, info = env.step(np.clip(targets, model.JOINT_LOWER, model.JOINT_UPPER))
        if fallen:
            return None
    return state, info


class _LearnersChange:
    """The learner's turn around the change of gait, after so many `steps` of the other gait.

    Attributes:
        learner: sees every control step of the walk.
        begins: the control step at which the turn begins, with the learner's preparation.
        steps_in_own_gait: how long it goes on after the change.
    """

    def __init__(self, turns: LearnerTurns, steps: int, random: np.random.Generator) -> None:
        self.learner = turns.learner
        self.begins = max(0, steps - int(random.integers(*turns.steps, endpoint=True)))
        self.steps_in_own_gait = int(random.integers(*turns.steps_after_change, endpoint=True))
        self._turn: LearnersTurn | None = None
        self.learner.start(random)

    def targets(self, control_step: int, targets: np.ndarray) -> np.ndarray:
        """What the robot gets at this control step: the expert's `targets` until the learner drives, (12,) [rad]."""
        if control_step == self.begins:
            self._turn = LearnersTurn(self.learner)
        if self._turn is None or self._turn.prepares(targets):
            return targets
        return self._turn.targets()
