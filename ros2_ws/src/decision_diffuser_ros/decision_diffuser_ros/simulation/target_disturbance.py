"""Bursts of disturbance on an expert's joint targets, as a robot that follows a learned planner will meet them."""

from __future__ import annotations

import numpy as np

from decision_diffuser_ros.simulation.learner_turns import LearnersTurn, LearnerTurns

LONGEST_FREEZE = 6  # [control steps]
LEAST_NOISE = 0.01  # [rad], standard deviation in a burst


class TargetDisturbance:
    """Turns clean targets into what the robot gets: calm stretches, and bursts of disturbance between.

    What follows a burst is a recovery, and a calm one: that is what the planner is to learn, not the burst.

    Args:
        random: draws everything.
        joints: how many targets there are.
        share: of the episodes that are disturbed at all.
        calm_steps: shortest and longest stretch between bursts.
        burst_steps: shortest and longest burst.
        noise: largest standard deviation of the noise in a burst [rad].
        freeze_share: share of the bursts in which the targets freeze instead.
        turns: bursts in which a trained planner drives instead; None for none.

    Attributes:
        driven_by_learner: whether the last targets that were asked for are the trained planner's.
    """

    def __init__(
        self,
        random: np.random.Generator,
        *,
        joints: int,
        share: float,
        calm_steps: tuple[int, int],
        burst_steps: tuple[int, int],
        noise: float,
        freeze_share: float,
        turns: LearnerTurns | None = None,
    ) -> None:
        self.driven_by_learner = False
        self._random = random
        self._joints = joints
        self._disturbs = random.uniform() < share
        self._noise = np.zeros(joints)
        self._calm_range, self._burst_range = calm_steps, burst_steps
        self._largest_noise, self._freeze_share = noise, freeze_share
        self._calm_steps = int(random.integers(calm_steps[1]))
        self._burst_steps = 0
        self._turns = turns

    def __call__(self, targets: np.ndarray, *, strength: float = 1.0) -> tuple[np.ndarray, bool]:
        """The disturbed targets, (joints,) [rad], and whether they are disturbed at all.

        Args:
            targets: the clean ones, (joints,) [rad].
            strength: of the noise, 1 for all of it.
        """
        self.driven_by_learner = False
        if not self._disturbs or self._calm_steps > 0:
            self._calm_steps -= 1
            return targets, False
        if self._burst_steps == 0:
            self._begin_burst(targets)
        if self._turn is not None and self._turn.prepares(targets):
            return targets, False
        self._burst_steps -= 1
        if self._burst_steps == 0:
            self._calm_steps = int(self._random.integers(*self._calm_range))
        if self._turn is not None:
            self.driven_by_learner = True
            return self._turn.targets(), True
        if self._frozen is not None:
            return self._frozen, True
        fresh = self._random.normal(size=self._joints) * self._noise_scale * np.sqrt(1 - self._memory**2)
        self._noise = self._memory * self._noise + fresh
        return targets + strength * self._noise, True

    def _begin_burst(self, targets: np.ndarray) -> None:
        random = self._random
        self._turn = None
        if self._turns is not None and random.uniform() < self._turns.share:
            self._burst_steps = int(random.integers(*self._turns.steps, endpoint=True))
            self._turn = LearnersTurn(self._turns.learner)
            return
        freezes = random.uniform() < self._freeze_share
        longest = LONGEST_FREEZE if freezes else self._burst_range[1]
        self._burst_steps = int(random.integers(self._burst_range[0] // 2, longest))
        self._frozen = targets.copy() if freezes else None
        self._noise_scale = random.uniform(LEAST_NOISE, self._largest_noise)
        self._memory = random.choice([0.0, 0.7, 0.9, 1.0])
        self._noise = random.normal(size=self._joints) * self._noise_scale
