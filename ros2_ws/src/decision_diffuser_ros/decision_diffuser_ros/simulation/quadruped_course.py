"""What varies between demonstrations of the gaits, and the course of one of them, drawn from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from decision_diffuser_ros.simulation import quadruped_model as model
from decision_diffuser_ros.simulation.gait_parameters import GAITS
from decision_diffuser_ros.simulation.learner_turns import LearnerTurns
from decision_diffuser_ros.simulation.quadruped_env import STANDING_START, StartRange, check_command_delay
from decision_diffuser_ros.simulation.target_disturbance import TargetDisturbance

SKILLS = tuple(GAITS)
DELAY_STEP = 0.002
"""Between the delays that commands have in demonstrations in which they are late, one for each episode [s]."""


def command_delays(longest: float) -> tuple[float, ...]:
    """From none to the longest [s]: what lies between a state's being measured and the command for it taking hold.

    Raises:
        ConfigurationError: it is not a multiple of 2 ms that is shorter than a control step.
    """
    check_command_delay(longest, multiple_of=DELAY_STEP)
    return tuple(round(step * DELAY_STEP, 3) for step in range(round(longest / DELAY_STEP) + 1))


@dataclass(frozen=True)
class DemonstrationRange:
    """What varies between demonstrations.

    Attributes:
        steps: control steps of an episode.
        forward_speed: commanded, lowest and highest [m/s].
        friction: of the floor, lowest and highest.
        time_steps: of the physics, one drawn per episode [s].
        command_delays: between what is seen and when the command for it takes hold, one drawn per episode [s]:
            multiples of the longest time step, less than a control step.
        switching_share: share of the episodes that change gait.
        segment_steps: shortest and longest stretch of one gait in them.
        standing_share: share of the episodes that start from standing still.
        rough_share: share of the episodes that start with joints and body far from standing.
        striding_share: share of the episodes that start in mid-stride of another gait, which is not recorded.
        striding_steps: shortest and longest walk in that gait before the episode.
        striding_calm_steps: shortest and longest stretch between bursts of disturbance in that walk; None for no burst.
        new_speed_share: share of the episodes in which the commanded speed changes.
        speed_steps: shortest and longest stretch of one speed in them.
        disturbed_share: share of the episodes with bursts of disturbance on the joint targets.
        calm_steps: shortest and longest stretch between bursts.
        burst_steps: shortest and longest burst.
        target_noise: largest standard deviation of the noise in a burst [rad].
        freeze_share: share of the bursts in which the targets freeze instead.
        pushed_share: share of the episodes with pushes.
        push_speed: weakest and strongest change of the base's velocity [m/s].
        push_steps: shortest and longest time between pushes.
    """

    steps: int = 250
    forward_speed: tuple[float, float] = (0.25, 1.05)
    friction: tuple[float, float] = (0.4, 1.1)
    time_steps: tuple[float, ...] = (0.001, 0.002, 0.002)
    command_delays: tuple[float, ...] = (0.0,)
    switching_share: float = 0.55
    segment_steps: tuple[int, int] = (30, 110)
    standing_share: float = 0.3
    rough_share: float = 0.15
    striding_share: float = 0.0
    striding_steps: tuple[int, int] = (40, 65)
    striding_calm_steps: tuple[int, int] | None = None
    new_speed_share: float = 0.75
    speed_steps: tuple[int, int] = (45, 110)
    disturbed_share: float = 0.75
    calm_steps: tuple[int, int] = (35, 80)
    burst_steps: tuple[int, int] = (6, 20)
    target_noise: float = 0.1
    freeze_share: float = 0.2
    pushed_share: float = 0.6
    push_speed: tuple[float, float] = (0.1, 0.65)
    push_steps: tuple[int, int] = (35, 100)


@dataclass(frozen=True, kw_only=True)
class DemonstrationCourse:
    """What an episode asks of the expert and does to the robot, drawn before it begins.

    Attributes:
        skills: index of the gait asked at every control step, (steps,).
        forward_speeds: commanded at every control step, (steps,) [m/s].
        start: how the episode starts.
        phase: of the gait at the start.
        time_step: of the physics [s].
        command_delay: after which each command takes hold [s].
        pushes: control steps at which the robot is pushed.
        disturbance: of the expert's targets.
    """

    skills: np.ndarray
    forward_speeds: np.ndarray
    start: StartRange
    phase: float
    time_step: float
    command_delay: float
    pushes: frozenset[int]
    disturbance: TargetDisturbance

    @classmethod
    def drawn(
        cls,
        ranges: DemonstrationRange,
        random: np.random.Generator,
        *,
        first: int,
        turns: LearnerTurns | None = None,
    ) -> DemonstrationCourse:
        """A course that begins with the gait `first`; the order of the draws is part of what a seed means."""
        skills = _skill_schedule(ranges, random, first)
        forward_speeds = _speed_schedule(ranges, random)
        start, phase = _start(ranges, random)
        time_step = float(random.choice(ranges.time_steps))
        pushes = _push_steps(ranges, random)
        delays = ranges.command_delays
        command_delay = float(random.choice(delays)) if len(delays) > 1 else delays[0]
        disturbance = target_disturbance(ranges, random, calm_steps=ranges.calm_steps, turns=turns)
        return cls(
            skills=skills,
            forward_speeds=forward_speeds,
            start=start,
            phase=phase,
            time_step=time_step,
            command_delay=command_delay,
            pushes=pushes,
            disturbance=disturbance,
        )


def target_disturbance(
    ranges: DemonstrationRange,
    random: np.random.Generator,
    *,
    calm_steps: tuple[int, int],
    turns: LearnerTurns | None = None,
) -> TargetDisturbance:
    """Bursts of disturbance on the targets of all joints, with that many control steps between them."""
    return TargetDisturbance(
        random,
        joints=len(model.JOINT_NAMES),
        share=ranges.disturbed_share,
        calm_steps=calm_steps,
        burst_steps=ranges.burst_steps,
        noise=ranges.target_noise,
        freeze_share=ranges.freeze_share,
        turns=turns,
    )


def _skill_schedule(ranges: DemonstrationRange, random: np.random.Generator, first: int) -> np.ndarray:
    """Index of the gait asked at every control step, (steps,)."""
    schedule = np.full(ranges.steps, first, dtype=np.int8)
    if random.uniform() < ranges.switching_share:
        for start in _switch_steps(ranges.steps, ranges.segment_steps, random):
            others = [index for index in range(len(SKILLS)) if index != schedule[start - 1]]
            schedule[start:] = random.choice(others)
    return schedule


def _speed_schedule(ranges: DemonstrationRange, random: np.random.Generator) -> np.ndarray:
    """Commanded forward speed at every control step, (steps,) [m/s]."""
    schedule = np.full(ranges.steps, random.uniform(*ranges.forward_speed), dtype=np.float32)
    if random.uniform() < ranges.new_speed_share:
        for start in _switch_steps(ranges.steps, ranges.speed_steps, random):
            schedule[start:] = random.uniform(*ranges.forward_speed)
    return schedule


def _switch_steps(steps: int, stretch_steps: tuple[int, int], random: np.random.Generator) -> Iterator[int]:
    """Control steps at which something changes, from the end of the first stretch on.

    Lazily: the caller draws what begins at a step before the length of that stretch is drawn.
    """
    start = int(random.integers(*stretch_steps))
    while start < steps:
        yield start
        start += int(random.integers(*stretch_steps))


def _start(ranges: DemonstrationRange, random: np.random.Generator) -> tuple[StartRange, float]:
    """How the episode starts, and in which phase of the gait.

    A standing robot always starts with the same feet: which ones is nothing that the planner could know.
    """
    draw = random.uniform()
    if draw < ranges.standing_share:
        return replace(STANDING_START, friction=ranges.friction), 0.0
    rough = draw < ranges.standing_share + ranges.rough_share
    start = StartRange(friction=ranges.friction, joint_offset=0.2, tilt=0.12) if rough else StartRange(ranges.friction)
    return start, random.uniform()


def _push_steps(ranges: DemonstrationRange, random: np.random.Generator) -> frozenset[int]:
    """Control steps at which the robot is pushed."""
    if random.uniform() >= ranges.pushed_share:
        return frozenset()
    steps = np.cumsum(random.integers(*ranges.push_steps, size=ranges.steps // ranges.push_steps[0] + 1))
    return frozenset(int(step) for step in steps)
