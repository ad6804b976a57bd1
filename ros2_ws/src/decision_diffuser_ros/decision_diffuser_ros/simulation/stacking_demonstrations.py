"""Demonstrations of the stacking expert: disturbed, bumped into and put right, as the planner will meet the world.

Each episode is drawn from its own random generator: it is the same in whatever process and order it is recorded. It
is a demonstration of one constraint, which holds at its end; see `stacking_goals` for what else is built and why.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import numpy as np

from decision_diffuser_ros.data.description import DataDescription
from decision_diffuser_ros.data.episode import Episode
from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.simulation import stacking_model as model
from decision_diffuser_ros.simulation.block_arrangement import SCATTERED, Arrangement, arrangement_of, piles_of
from decision_diffuser_ros.simulation.block_constraints import CONSTRAINT_NAMES
from decision_diffuser_ros.simulation.episode_recording import EpisodeRecording
from decision_diffuser_ros.simulation.iiwa_kinematics import JOINT_NAMES
from decision_diffuser_ros.simulation.pauses import PauseRange, Pauses
from decision_diffuser_ros.simulation.stacking_env import BlockStackingEnv
from decision_diffuser_ros.simulation.stacking_expert import Phase, StackingExpert
from decision_diffuser_ros.simulation.stacking_goals import FROM_PILES, FROM_TABLE, GoalPreference
from decision_diffuser_ros.simulation.stacking_mishaps import MishapRange, Mishaps
from decision_diffuser_ros.simulation.stacking_prelude import Prelude, PreludeRange
from decision_diffuser_ros.simulation.stacking_start import SCATTERED_START, STACKED_START, StackingStart
from decision_diffuser_ros.simulation.stacking_world import StackingWorld
from decision_diffuser_ros.simulation.target_disturbance import TargetDisturbance
from decision_diffuser_ros.simulation.wrong_aims import WrongAimRange, WrongAims

CAREFUL_PHASES = (Phase.DESCEND, Phase.CLOSE, Phase.LOWER, Phase.OPEN)
ATTEMPTS = 10
PRELUDE_STEPS = 6  # control steps of the prelude that are recorded: a planner's history, and some more
DESCRIPTION = DataDescription(
    name="block_stacking",
    robot="kuka_iiwa",
    state=model.STATE_ENTRIES,
    action=model.ACTION_ENTRIES,
    joint_names=JOINT_NAMES,
    skill_names=CONSTRAINT_NAMES,
    step_duration=model.CONTROL_STEP,
    choice_kind="constraint",
)
"""What the numbers of the data set mean."""


@dataclass(frozen=True)
class StackingRange:
    """What varies between demonstrations.

    Attributes:
        scattered_share: share of the episodes that start with all blocks on the table.
        scattered: how these start.
        stacked: how the others start.
        from_table: what is built in the first ones.
        from_piles: what is built in the others.
        prelude: what the arm did before.
        rest_steps: control steps recorded after the arm has come home: at least as long as a plan, so that the planner
            sees what is to be done when nothing is.
        most_steps: control steps after which an attempt is given up.
        disturbed_share: share of the episodes with kicks on the joint targets.
        calm_steps: shortest and longest stretch between kicks.
        kick_steps: shortest and longest kick.
        target_noise: largest standard deviation of a kick [rad].
        careful_strength: of the kicks while fingers and blocks touch or nearly do; elsewhere it is 1.
        freeze_share: share of the kicks in which the targets freeze instead.
        mishaps: what happens to the blocks.
        wrong_aims: what the expert aims at.
        pauses: when the arm stops.
    """

    scattered_share: float = 0.35
    scattered: StackingStart = SCATTERED_START
    stacked: StackingStart = STACKED_START
    from_table: GoalPreference = FROM_TABLE
    from_piles: GoalPreference = FROM_PILES
    prelude: PreludeRange = field(default_factory=PreludeRange)
    rest_steps: int = 32
    most_steps: int = 600
    disturbed_share: float = 0.5
    calm_steps: tuple[int, int] = (50, 110)
    kick_steps: tuple[int, int] = (2, 4)
    target_noise: float = 0.06
    careful_strength: float = 0.2
    freeze_share: float = 0.2
    mishaps: MishapRange = field(default_factory=MishapRange)
    wrong_aims: WrongAimRange = field(default_factory=WrongAimRange)
    pauses: PauseRange = field(default_factory=PauseRange)


class _Disturbance:
    """Turns the expert's clean targets into what the arm gets, and lets mishaps happen to the blocks."""

    def __init__(self, ranges: StackingRange, random: np.random.Generator) -> None:
        self._careful_strength = ranges.careful_strength
        self._mishaps = Mishaps(ranges.mishaps, random)
        self._wrong_aims = WrongAims(ranges.wrong_aims, random)
        self._kicks = TargetDisturbance(
            random,
            joints=len(JOINT_NAMES),
            share=ranges.disturbed_share,
            calm_steps=ranges.calm_steps,
            burst_steps=ranges.kick_steps,
            noise=ranges.target_noise,
            freeze_share=ranges.freeze_share,
        )

    def __call__(self, targets: np.ndarray, world: StackingWorld, expert: StackingExpert) -> tuple[np.ndarray, bool]:
        """Targets (8,) [rad, m] within what the robot can do, and whether this is nothing to be planned."""
        strength = self._careful_strength if expert.phase in CAREFUL_PHASES else 1.0
        nudged, slips = self._mishaps.happen(world, expert)
        joints, kicked = self._kicks(targets[:-1], strength=strength)
        applied = np.append(joints, model.OPENING_OPEN if slips else targets[-1])
        aimed_wrong = self._wrong_aims.happen(world, expert)
        return np.clip(applied, model.ACTION_LOWER, model.ACTION_UPPER), nudged or slips or kicked or aimed_wrong


@functools.cache
def _environment() -> BlockStackingEnv:
    return BlockStackingEnv()


def record_episode(seed: int, number: int, ranges: StackingRange | None = None) -> Episode:
    """Demonstration `number` of the collection `seed`.

    An attempt that does not end in the arrangement it was to build is no demonstration; another one is made instead.
    `attributes` say how many failed before.

    `states` (steps + 1, 36); `actions` (steps, 8) the expert's clean targets [rad, m]; `skills` (steps,) the index in
    `CONSTRAINT_NAMES` of the one constraint that the episode shows. `extras` hold `constraints_hold` (steps + 1, 12),
    by height alone, whose last row are all labels that the episode could have; `applied_actions` (steps, 8);
    `disturbed` (steps,), whether anything but the expert acted, or it aimed wrong, or was still busy with something
    else; `phase` (steps,), see `Phase`; `moved_block` (steps,), -1 for none.

    Raises:
        ConfigurationError: when no attempt succeeds.
    """
    ranges = ranges or StackingRange()
    for attempt in range(ATTEMPTS):
        episode = record_attempt(seed, number, attempt, ranges)
        if episode.attributes["success"]:
            return episode
    raise ConfigurationError(
        f"none of {ATTEMPTS} attempts at demonstration {number} of seed {seed} built what it was to build within "
        f"{ranges.most_steps} control steps; allow more (`most_steps`), or disturb less"
    )


def record_attempt(seed: int, number: int, attempt: int, ranges: StackingRange) -> Episode:
    """One attempt at a demonstration, as `record_episode`; `attributes` say whether it was a `success`."""
    random = np.random.default_rng([seed, number, attempt])
    scattered = random.uniform() < ranges.scattered_share
    env = _environment()
    recording = _begin(ranges, random, ranges.scattered if scattered else ranges.stacked)
    first = arrangement_of(env.world.block_position)
    goal, label = _preference(ranges, first).draw(random, first)
    expert = StackingExpert(goal)
    disturb, pauses = _Disturbance(ranges, random), Pauses(ranges.pauses, random)
    begin = len(recording)
    while expert.resting_steps < ranges.rest_steps and len(recording) - begin < ranges.most_steps:
        is_pause, is_last = pauses.next_step()
        if not is_pause or len(recording) == 0:
            _record_step(recording, expert, disturb)
        else:
            _record_pause(recording, expert)
        if is_last:
            expert.go_on(env.world)
    attributes = {
        "seed": seed,
        "number": number,
        "attempt": attempt,
        "constraint": CONSTRAINT_NAMES[label],
        "scattered_start": scattered,
        "start": _text(first),
        "goal": _text(goal),
        "success": expert.resting_steps > 0 and arrangement_of(env.world.block_position) == goal,
    }
    return _episode(recording, label, attributes)


def _begin(ranges: StackingRange, random: np.random.Generator, start: StackingStart) -> EpisodeRecording[_Step]:
    """Starts the world, and records how the prelude ends."""
    env = _environment()
    state, info = env.reset(seed=int(random.integers(2**31)), options={"start": start})
    recording: EpisodeRecording[_Step] = EpisodeRecording([state], [info])
    arrangement = arrangement_of(env.world.block_position)
    prelude = Prelude(ranges.prelude, random, arrangement, _preference(ranges, arrangement))
    while not prelude.is_over(len(recording)):
        _record_step(recording, prelude.expert, lambda targets, world, expert: (targets, True))
    recording.forget_all_but(PRELUDE_STEPS)
    return recording


def _record_step(
    recording: EpisodeRecording[_Step],
    expert: StackingExpert,
    disturb: Callable[[np.ndarray, StackingWorld, StackingExpert], tuple[np.ndarray, bool]],
) -> None:
    """A control step of the expert, but for what `disturb` makes of its targets; it says whether that is no example."""
    env = _environment()
    targets = expert.targets(env.world)
    phase = expert.phase
    applied, disturbed = disturb(targets, env.world, expert)
    state, _, _, _, info = env.step(applied)
    recording.add(_Step(targets, applied, disturbed, phase, expert.moved_block), state, info)


def _record_pause(recording: EpisodeRecording[_Step], expert: StackingExpert) -> None:
    """A control step in which the arm gets the targets of the step before, whatever the expert is about."""
    before = recording.steps[-1].applied_action
    state, _, _, _, info = _environment().step(before)
    recording.add(_Step(before, before, True, expert.phase, expert.moved_block), state, info)


def _preference(ranges: StackingRange, arrangement: Arrangement) -> GoalPreference:
    return ranges.from_table if arrangement == SCATTERED else ranges.from_piles


class _Step(NamedTuple):
    """What was done in a control step."""

    action: np.ndarray
    applied_action: np.ndarray
    disturbed: bool
    phase: Phase
    moved_block: int


def _episode(recording: EpisodeRecording[_Step], label: int, attributes: Mapping[str, Any]) -> Episode:
    """What was recorded, labelled with one constraint."""
    return Episode(
        states=np.array(recording.states),
        actions=recording.of_steps("action"),
        skills=np.full(len(recording), label),
        extras={
            "constraints_hold": recording.of_states("constraints_hold"),
            "applied_actions": recording.of_steps("applied_action", np.float32),
            "disturbed": recording.of_steps("disturbed"),
            "phase": recording.of_steps("phase", np.int8),
            "moved_block": recording.of_steps("moved_block", np.int8),
        },
        attributes=attributes,
    )


def _text(arrangement: Arrangement) -> str:
    """The piles from bottom to top, e.g. `red blue, green, yellow`."""
    return ", ".join(" ".join(model.BLOCK_NAMES[block] for block in pile) for pile in piles_of(arrangement))


def attributes(ranges: StackingRange) -> dict[str, object]:
    """Facts about the data set: what its numbers mean, and what varied."""
    return {"description": DESCRIPTION.to_json(), "ranges": asdict(ranges)}
