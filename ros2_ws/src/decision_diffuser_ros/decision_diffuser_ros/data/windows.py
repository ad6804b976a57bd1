"""Which stretches of the demonstrations a plan is learnt from.

A window is named by its current control step t within an episode of T control steps:

    slot       0 ... K-1            K ... K+P-1
    state      s[t-K+1] ... s[t]    s[t+1] ... s[t+P]
    is         observed             planned
    asked      anything             one skill: skills[t] = ... = skills[t+P-1], and one speed where speeds are asked

All planned states are real (t + P <= T) and lead to states for which one thing was asked, so that a window has one
label; nothing is padded past the end of an episode. Where the episode ended in a fall, its last
stretch is nothing to plan for and counts as if it were not there. The history may begin before the episode
does; such slots are missing and the model is told so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from decision_diffuser_ros.data.demonstration_set import DemonstrationSet
from decision_diffuser_ros.errors import DataError

NEVER = np.iinfo(np.int32).max


@dataclass(frozen=True)
class WindowIndex:
    """All windows of a demonstration set; every array has shape `(windows,)`.

    Attributes:
        current_state: row of s[t] in the set's `states`.
        current_action: row of the action taken at t in the set's `actions` and `skills`.
        available_history: how many of the K observed slots the episode has, 1 to K.
        remaining_steps: control steps from t until something else is asked (or to what led to a fall), at least P.
        steps_since_switch: control steps since another skill was asked; `NEVER` if none was.
    """

    current_state: np.ndarray
    current_action: np.ndarray
    available_history: np.ndarray
    remaining_steps: np.ndarray
    steps_since_switch: np.ndarray

    def __len__(self) -> int:
        return len(self.current_state)

    def just_after_switch(self, *, within: int) -> np.ndarray:
        """Indices of the windows whose skill was asked less than `within` control steps ago."""
        return np.flatnonzero(self.steps_since_switch < within)


def index_windows(
    demonstrations: DemonstrationSet,
    *,
    history: int,
    plan_steps: int,
    steps_before_fall: int = 0,
    disturbed: np.ndarray | None = None,
    asked_numbers: Sequence[np.ndarray] = (),
    starts_are_switches: bool = False,
) -> WindowIndex:
    """Every window of the demonstrations.

    Args:
        demonstrations: the episodes.
        history: K, observed slots.
        plan_steps: P, planned slots.
        steps_before_fall: how many control steps before a fall are not to be planned.
        disturbed: shape `(N,)`, control steps that are not to be planned because something other than the
            expert acted on the robot; they are welcome in a history, which makes the plan a recovery.
        asked_numbers: each of shape `(N,)`, numbers that were asked beside the skill at each control step. A plan ends
            where one changes: begun under one and ended under another it would teach to put off what is asked.
        starts_are_switches: count the start of an episode as a switch too, as where the robot is found in motion.

    Raises:
        DataError: when no skill segment is long enough for one plan.
    """
    skills, lengths = demonstrations.skills, demonstrations.lengths
    action = np.arange(len(skills))
    episode_start = np.repeat(demonstrations.first_action, lengths)
    begins_episode = action == episode_start
    changes_skill = _differs_from_before(skills) & ~begins_episode
    begins_segment = begins_episode | changes_skill
    for numbers in asked_numbers:
        begins_segment |= _differs_from_before(numbers)

    segment = np.cumsum(begins_segment) - 1
    segment_end = np.r_[np.flatnonzero(begins_segment)[1:], len(skills)]
    sound_length = lengths - steps_before_fall * demonstrations.fallen
    sound_end = np.repeat(demonstrations.first_action + sound_length, lengths)
    remaining = np.minimum(segment_end[segment], sound_end) - action
    skill_start = np.maximum.accumulate(np.where(begins_episode | changes_skill, action, 0))
    follows_switch = changes_skill[skill_start] | starts_are_switches

    whole = np.flatnonzero((remaining >= plan_steps) & (_steps_until(disturbed, len(action)) >= plan_steps))
    if len(whole) == 0:
        raise DataError(
            f"no skill is asked for {plan_steps} undisturbed control steps on end in these demonstrations; "
            f"the longest stretch of one skill has {remaining.max()}"
        )
    return WindowIndex(
        current_state=demonstrations.state_of_action[whole],
        current_action=whole,
        available_history=np.minimum(action - episode_start + 1, history)[whole],
        remaining_steps=remaining[whole],
        steps_since_switch=np.where(follows_switch, action - skill_start, NEVER)[whole],
    )


def _differs_from_before(values: np.ndarray) -> np.ndarray:
    return np.r_[False, values[1:] != values[:-1]]


def _steps_until(disturbed: np.ndarray | None, count: int) -> np.ndarray:
    """Control steps from each one to the next that is disturbed, shape `(count,)`; 0 where it is itself."""
    if disturbed is None:
        return np.full(count, NEVER)
    next_disturbed = np.where(disturbed, np.arange(count), NEVER)
    return np.minimum.accumulate(next_disturbed[::-1])[::-1] - np.arange(count)
