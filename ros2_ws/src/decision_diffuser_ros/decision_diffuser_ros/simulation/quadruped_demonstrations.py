"""Demonstrations of the scripted expert: disturbed, pushed and switching gait, as the planner will meet the world.

Each episode is drawn from its own random generator: it is the same in whatever process and order it is recorded.
"""

import functools
from dataclasses import asdict, dataclass, replace

import numpy as np

from decision_diffuser_ros.data.description import DataDescription
from decision_diffuser_ros.data.episode import Episode
from decision_diffuser_ros.planner.manifest_records import Entry
from decision_diffuser_ros.simulation import quadruped_model as model
from decision_diffuser_ros.simulation.gait_expert import GaitExpert
from decision_diffuser_ros.simulation.gait_parameters import GAITS
from decision_diffuser_ros.simulation.quadruped_env import STANDING_START, QuadrupedGaitsEnv, StartRange
from decision_diffuser_ros.simulation.quadruped_model import CONTROL_STEP
from decision_diffuser_ros.simulation.quadruped_world import QuadrupedWorldSettings
from decision_diffuser_ros.simulation.target_disturbance import TargetDisturbance

SKILLS = tuple(GAITS)


@dataclass(frozen=True)
class DemonstrationRange:
    """What varies between demonstrations.

    Attributes:
        steps: control steps of an episode.
        forward_speed: commanded, lowest and highest [m/s].
        friction: of the floor, lowest and highest.
        time_steps: of the physics, one drawn per episode [s].
        switching_share: share of the episodes that change gait.
        segment_steps: shortest and longest stretch of one gait in them.
        standing_share: share of the episodes that start from standing still.
        rough_share: share of the episodes that start with joints and body far from standing.
        striding_share: share of the episodes that start in mid-stride of another gait, which is not recorded.
        striding_steps: shortest and longest walk in that gait before the episode.
        new_speed_share: share of the episodes in which the commanded speed changes once.
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
    switching_share: float = 0.55
    segment_steps: tuple[int, int] = (30, 110)
    standing_share: float = 0.3
    rough_share: float = 0.15
    striding_share: float = 0.0
    striding_steps: tuple[int, int] = (40, 65)
    new_speed_share: float = 0.3
    disturbed_share: float = 0.75
    calm_steps: tuple[int, int] = (35, 80)
    burst_steps: tuple[int, int] = (6, 20)
    target_noise: float = 0.1
    freeze_share: float = 0.2
    pushed_share: float = 0.6
    push_speed: tuple[float, float] = (0.1, 0.65)
    push_steps: tuple[int, int] = (35, 100)


def _skill_schedule(ranges: DemonstrationRange, random: np.random.Generator, first: int) -> np.ndarray:
    """Index of the gait asked at every control step, (steps,)."""
    schedule = np.full(ranges.steps, first, dtype=np.int8)
    if random.uniform() < ranges.switching_share:
        start = int(random.integers(*ranges.segment_steps))
        while start < ranges.steps:
            others = [index for index in range(len(SKILLS)) if index != schedule[start - 1]]
            schedule[start:] = random.choice(others)
            start += int(random.integers(*ranges.segment_steps))
    return schedule


def _speed_schedule(ranges: DemonstrationRange, random: np.random.Generator) -> np.ndarray:
    """Commanded forward speed at every control step, (steps,) [m/s]."""
    schedule = np.full(ranges.steps, random.uniform(*ranges.forward_speed), dtype=np.float32)
    if random.uniform() < ranges.new_speed_share:
        schedule[random.integers(ranges.steps // 4, ranges.steps) :] = random.uniform(*ranges.forward_speed)
    return schedule


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


@functools.cache
def _environment(time_step: float) -> QuadrupedGaitsEnv:
    return QuadrupedGaitsEnv(settings=QuadrupedWorldSettings(time_step=time_step))


def _push_steps(ranges: DemonstrationRange, random: np.random.Generator) -> set[int]:
    if random.uniform() >= ranges.pushed_share:
        return set()
    steps = np.cumsum(random.integers(*ranges.push_steps, size=ranges.steps // ranges.push_steps[0] + 1))
    return {int(step) for step in steps}


def _random_push(ranges: DemonstrationRange, random: np.random.Generator) -> np.ndarray:
    direction = random.uniform(0, 2 * np.pi)
    return random.uniform(*ranges.push_speed) * np.array([np.cos(direction), np.sin(direction), 0.0])


def _stride(
    env: QuadrupedGaitsEnv, expert: GaitExpert, ranges: DemonstrationRange, random: np.random.Generator
) -> tuple[np.ndarray, dict[str, object]]:
    """Lets the expert walk another gait for a while; the state and facts that the episode then begins with."""
    expert.switch_to(str(random.choice([gait for gait in SKILLS if gait != expert.skill])))
    for _ in range(int(random.integers(*ranges.striding_steps))):
        state, _, _, _, info = env.step(expert.targets(env.world))
    return state, info


def record_episode(seed: int, number: int, ranges: DemonstrationRange | None = None) -> Episode:
    """Demonstration `number` of the collection `seed`, cut short where the robot falls.

    The gaits take turns in `number`. `states` (steps + 1, 30), `actions` (steps, 12) the expert's clean targets [rad];
    `extras` hold `disturbed` (whether the targets were disturbed or the robot pushed), `applied_actions`,
    `base_position` [m], `heading` [rad], `foot_contacts` and `forward_speed_command` [m/s].
    """
    ranges = ranges or DemonstrationRange()
    random = np.random.default_rng([seed, number])
    schedule = _skill_schedule(ranges, random, first=number % len(SKILLS))
    speeds = _speed_schedule(ranges, random)
    start, phase = _start(ranges, random)
    env = _environment(float(random.choice(ranges.time_steps)))
    expert = GaitExpert(skill=SKILLS[schedule[0]], forward_speed=float(speeds[0]), phase=phase)
    pushes = _push_steps(ranges, random)
    disturbance = TargetDisturbance(
        random,
        joints=len(model.JOINT_NAMES),
        share=ranges.disturbed_share,
        calm_steps=ranges.calm_steps,
        burst_steps=ranges.burst_steps,
        noise=ranges.target_noise,
        freeze_share=ranges.freeze_share,
    )
    state, info = env.reset(seed=int(random.integers(2**31)), options={"start": start})
    if ranges.striding_share > 0.0 and random.uniform() < ranges.striding_share:
        state, info = _stride(env, expert, ranges, random)
    states, infos, actions, applied, disturbed = [state], [info], [], [], []
    for control_step, skill in enumerate(schedule):
        expert.switch_to(SKILLS[skill])
        expert.forward_speed = float(speeds[control_step])
        if control_step in pushes:
            env.world.push(_random_push(ranges, random))
        targets = expert.targets(env.world)
        command, is_disturbed = disturbance(targets)
        command = np.clip(command, model.JOINT_LOWER, model.JOINT_UPPER)
        state, _, fallen, _, info = env.step(command)
        actions.append(targets)
        applied.append(command)
        disturbed.append(is_disturbed or control_step in pushes)
        states.append(state)
        infos.append(info)
        if fallen:
            break
    return Episode(
        states=np.array(states, dtype=np.float32),
        actions=np.array(actions, dtype=np.float32),
        skills=schedule[: len(actions)],
        extras={
            "disturbed": np.array(disturbed),
            "applied_actions": np.array(applied, dtype=np.float32),
            "base_position": np.array([info["base_position"] for info in infos], dtype=np.float32),
            "heading": np.array([info["heading"] for info in infos], dtype=np.float32),
            "foot_contacts": np.array([info["foot_contacts"] for info in infos]),
            "forward_speed_command": speeds[: len(actions)],
        },
        attributes={
            "seed": seed,
            "number": number,
            "time_step": env.world.settings.time_step,
            "standing_start": start.joint_offset == 0,
            "fallen": bool(fallen),
        },
    )


def attributes(ranges: DemonstrationRange, *, name: str = "quadruped_gaits") -> dict[str, object]:
    """Facts about the data set `name`: what its numbers mean, and what varied."""
    imu = [("gravity_direction", "1"), ("angular_velocity", "rad/s")]
    description = DataDescription(
        name=name,
        robot="unitree_a1",
        state=(
            *(Entry(f"{joint}/position", "rad") for joint in model.JOINT_NAMES),
            *(Entry(f"{joint}/velocity", "rad/s") for joint in model.JOINT_NAMES),
            *(Entry(f"{quantity}/{axis}", unit) for quantity, unit in imu for axis in "xyz"),
        ),
        action=tuple(Entry(f"{joint}/position_target", "rad") for joint in model.JOINT_NAMES),
        joint_names=model.JOINT_NAMES,
        skill_names=SKILLS,
        step_duration=CONTROL_STEP,
    )
    return {"description": description.to_json(), "ranges": asdict(ranges)}
