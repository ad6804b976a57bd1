"""Demonstrations of the scripted expert: disturbed, pushed and switching gait, as the planner will meet the world.

Each episode is drawn from its own random generator: it is the same in whatever process and order it is recorded.
"""

import functools
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, NamedTuple

import numpy as np

from decision_diffuser_ros.data.description import DataDescription, state_entries, target_entries
from decision_diffuser_ros.data.episode import Episode
from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.simulation import quadruped_model as model
from decision_diffuser_ros.simulation.episode_recording import EpisodeRecording
from decision_diffuser_ros.simulation.gait_expert import GaitExpert
from decision_diffuser_ros.simulation.learner_turns import LearnerTurns
from decision_diffuser_ros.simulation.quadruped_course import (
    SKILLS,
    DemonstrationCourse,
    DemonstrationRange,
)
from decision_diffuser_ros.simulation.quadruped_env import QuadrupedGaitsEnv
from decision_diffuser_ros.simulation.quadruped_model import CONTROL_STEP
from decision_diffuser_ros.simulation.quadruped_world import QuadrupedWorldSettings
from decision_diffuser_ros.simulation.stride_before import stride

MOST_WALKS = 20
"""That are tried before an episode that begins in mid-stride."""


@functools.cache
def _environment(time_step: float) -> QuadrupedGaitsEnv:
    return QuadrupedGaitsEnv(settings=QuadrupedWorldSettings(time_step=time_step))


def _random_push(ranges: DemonstrationRange, random: np.random.Generator) -> np.ndarray:
    direction = random.uniform(0, 2 * np.pi)
    return random.uniform(*ranges.push_speed) * np.array([np.cos(direction), np.sin(direction), 0.0])


def _begin(
    env: QuadrupedGaitsEnv,
    course: DemonstrationCourse,
    ranges: DemonstrationRange,
    random: np.random.Generator,
    turns: LearnerTurns | None,
) -> tuple[GaitExpert, np.ndarray, dict[str, object]]:
    """The expert, and the state and facts that the episode begins with.

    A walk before it that ends in a fall is not the start of anything: another one is tried.

    Raises:
        ConfigurationError: all of them end in a fall.
    """
    skill, speed = SKILLS[course.skills[0]], float(course.forward_speeds[0])
    strides = ranges.striding_share > 0.0 and random.uniform() < ranges.striding_share
    options = {"start": course.start, "command_delay": course.command_delay}
    for _ in range(MOST_WALKS):
        expert = GaitExpert(skill=skill, forward_speed=speed, phase=course.phase)
        state, info = env.reset(seed=int(random.integers(2**31)), options=options)
        walked = stride(env, expert, ranges, random, turns=turns) if strides else (state, info)
        if walked is not None:
            return expert, *walked
    raise ConfigurationError(
        f"expected a robot that stays on its feet in `striding_steps`, got {MOST_WALKS} falls in {MOST_WALKS} walks; "
        f"disturb it less (`target_noise` is {ranges.target_noise:g} rad)"
    )


def record_episode(
    seed: int, number: int, ranges: DemonstrationRange | None = None, *, turns: LearnerTurns | None = None
) -> Episode:
    """Demonstration `number` of the collection `seed`, cut short where the robot falls.

    The gaits take turns in `number`. `states` (steps + 1, 30), `actions` (steps, 12) the expert's clean targets [rad];
    `extras` hold `disturbed` (whether the targets were disturbed or the robot pushed), `applied_actions`,
    `base_position` [m], `heading` [rad], `foot_contacts` and `forward_speed_command` [m/s]; where a trained planner has
    `turns` to drive, also `driven_by_learner` (steps,): disturbed, and the expert's targets go on being `actions`.
    """
    ranges = ranges or DemonstrationRange()
    random = np.random.default_rng([seed, number])
    course = DemonstrationCourse.drawn(ranges, random, first=number % len(SKILLS), turns=turns)
    env = _environment(course.time_step)
    skills, speeds = [SKILLS[skill] for skill in course.skills], course.forward_speeds
    expert, state, info = _begin(env, course, ranges, random, turns)
    recording: EpisodeRecording[_Step] = EpisodeRecording([state], [info])
    if turns is not None:
        turns.learner.start(random)
    for control_step, skill in enumerate(skills):
        expert.switch_to(skill)
        expert.forward_speed = float(speeds[control_step])
        is_pushed = control_step in course.pushes
        if is_pushed:
            env.world.push(_random_push(ranges, random))
        targets = expert.targets(env.world)
        if turns is not None:
            turns.learner.observe(env.world, skill=skill, forward_speed=expert.forward_speed)
        command, is_disturbed = course.disturbance(targets)
        command = np.clip(command, model.JOINT_LOWER, model.JOINT_UPPER)
        state, _, fallen, _, info = env.step(command)
        step = _Step(targets, command, is_disturbed or is_pushed, course.disturbance.driven_by_learner)
        recording.add(step, state, info)
        if fallen:
            break
    attributes = {
        "seed": seed,
        "number": number,
        "time_step": course.time_step,
        "command_delay": course.command_delay,
        "standing_start": course.start.joint_offset == 0,
        "fallen": bool(fallen),
    }
    episode = _episode(recording, course, attributes)
    return episode if turns is None else _with_who_drove(episode, recording)


class _Step(NamedTuple):
    """What was done in a control step."""

    action: np.ndarray
    applied_action: np.ndarray
    disturbed: bool
    driven_by_learner: bool


def _episode(recording: EpisodeRecording[_Step], course: DemonstrationCourse, attributes: Mapping[str, Any]) -> Episode:
    """What was recorded, labelled with what the course asked."""
    return Episode(
        states=np.array(recording.states),
        actions=recording.of_steps("action"),
        skills=course.skills[: len(recording)],
        extras={
            "disturbed": recording.of_steps("disturbed"),
            "applied_actions": recording.of_steps("applied_action", np.float32),
            "base_position": recording.of_states("base_position", np.float32),
            "heading": recording.of_states("heading", np.float32),
            "foot_contacts": recording.of_states("foot_contacts"),
            "forward_speed_command": course.forward_speeds[: len(recording)],
        },
        attributes=attributes,
    )


def _with_who_drove(episode: Episode, recording: EpisodeRecording[_Step]) -> Episode:
    return replace(episode, extras={**episode.extras, "driven_by_learner": recording.of_steps("driven_by_learner")})


def attributes(ranges: DemonstrationRange, *, name: str = "quadruped_gaits") -> dict[str, object]:
    """Facts about the data set `name`: what its numbers mean, and what varied."""
    description = DataDescription(
        name=name,
        robot="unitree_a1",
        state=state_entries(model.JOINT_NAMES, has_velocities=True, has_imu=True),
        action=target_entries(model.JOINT_NAMES),
        joint_names=model.JOINT_NAMES,
        skill_names=SKILLS,
        step_duration=CONTROL_STEP,
    )
    return {"description": description.to_json(), "ranges": asdict(ranges)}
