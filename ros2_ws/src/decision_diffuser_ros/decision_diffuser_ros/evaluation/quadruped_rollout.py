"""One closed-loop episode of the quadruped, and what was seen of it."""

from dataclasses import dataclass

import numpy as np

from decision_diffuser_ros.evaluation.quadruped_policies import GaitPolicy
from decision_diffuser_ros.evaluation.random_streams import ASKED_STREAM, SENSOR_STREAM
from decision_diffuser_ros.simulation.quadruped_env import QuadrupedGaitsEnv

FORWARD_SPEED = (0.3, 1.0)  # [m/s], commanded


@dataclass(frozen=True, kw_only=True)
class GaitTask:
    """What is asked of the robot in one episode.

    Attributes:
        seed: start, friction, commanded speed, pushes and the planner's noise come from it.
        skills: gaits asked one after the other.
        switch_steps: when each gait after the first is asked, in control steps.
        steps: control steps of the episode.
        push_every: control steps between pushes; 0 for none.
        push_speed: change of the base's velocity at a push, forwards, backwards or sideways [m/s].
        command_delay: after which each command takes hold [s].
        sensor_noise: of what the planner sees, in multiples of ordinary sensors', see `sensor_noise`.
    """

    seed: int
    skills: tuple[str, ...]
    switch_steps: tuple[int, ...] = ()
    steps: int = 250
    push_every: int = 0
    push_speed: float = 0.0
    command_delay: float = 0.0
    sensor_noise: float = 0.0


@dataclass(frozen=True, kw_only=True)
class GaitRollout:
    """What happened.

    Attributes:
        task: what was asked.
        survived: whether the robot stood on its feet to the end.
        forward_speed_command: [m/s].
        foot_contacts: (steps survived, 4) bool.
        forward_speed: (steps survived,) along the base's x axis [m/s].
        plan_seconds: computing time of every plan [s].
    """

    task: GaitTask
    survived: bool
    forward_speed_command: float
    foot_contacts: np.ndarray
    forward_speed: np.ndarray
    plan_seconds: np.ndarray


def run_episode(task: GaitTask, policy: GaitPolicy, env: QuadrupedGaitsEnv) -> GaitRollout:
    """Lets the policy drive the robot through the task; ends early when the robot falls."""
    rng = np.random.default_rng([task.seed, ASKED_STREAM])
    env.reset(seed=task.seed, options={"command_delay": task.command_delay})
    command = float(rng.uniform(*FORWARD_SPEED))
    policy.start(task.skills[0], command, rng)
    policy.disturb(task.sensor_noise, np.random.default_rng([task.seed, SENSOR_STREAM]))
    later_skills = dict(zip(task.switch_steps, task.skills[1:], strict=True))
    contacts, speeds, fallen = [], [], False
    for control_step in range(task.steps):
        if control_step in later_skills:
            policy.ask(later_skills[control_step])
        if task.push_every and control_step % task.push_every == task.push_every - 1:
            env.world.push(_push(rng, task.push_speed))
        _, _, fallen, _, info = env.step(policy.targets(env.world))
        contacts.append(info["foot_contacts"])
        speeds.append(env.world.linear_velocity_in_base[0])
        if fallen:
            break
    return GaitRollout(
        task=task,
        survived=not fallen,
        forward_speed_command=command,
        foot_contacts=np.array(contacts),
        forward_speed=np.array(speeds),
        plan_seconds=np.array(policy.plan_seconds),
    )


def _push(rng: np.random.Generator, speed: float) -> np.ndarray:
    directions = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0]], dtype=float)
    return speed * directions[rng.integers(len(directions))]
