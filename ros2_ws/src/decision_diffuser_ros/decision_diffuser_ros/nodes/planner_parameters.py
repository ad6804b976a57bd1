"""The planner node's parameters. What is not set comes from the model's manifest."""

from __future__ import annotations

from dataclasses import dataclass

from rclpy.node import Node

from decision_diffuser_ros.nodes.parameter_declaration import (
    ParameterSpec,
    ParameterType,
    declare_parameters,
    read_parameters,
)
from decision_diffuser_ros.nodes.safety_parameters import DIAGNOSTICS_SPECS, SAFETY_SPECS

FORWARD_COMMAND = "forward_command"
JOINT_TRAJECTORY = "joint_trajectory"
HOLD = "hold"
RAMP = "ramp"
FROM_URDF = "; not set: as the robot description says; never wider than it"
FROM_MANIFEST = "; not set: as the model's manifest says"

SPECS = (
    ParameterSpec("autostart", False, "configure and activate by itself", read_only=True),
    # The model
    ParameterSpec("bundle", "quadruped_gaits", "name of a shipped model, or path of a model bundle"),
    ParameterSpec(
        "device",
        "cpu",
        "what the network runs on; auto: the GPU if there is one, else the CPU, with a warning",
        choices=("cpu", "cuda", "tensorrt", "auto"),
    ),
    ParameterSpec(
        "allow_cpu_fallback",
        False,
        "whether the CPU may stand in, with a warning, where `device` is not there or does not start; auto: always",
    ),
    ParameterSpec("threads", 1, "threads of one network evaluation", "1", 1, 64),
    ParameterSpec("joints", ParameterType.STRING_ARRAY, "joints in the order of the controller" + FROM_MANIFEST),
    ParameterSpec(
        "step_duration",
        ParameterType.DOUBLE,
        "duration of a control step, refused unless it is the model's" + FROM_MANIFEST,
        "s",
        0.001,
        1.0,
    ),
    # What is asked of it
    ParameterSpec(
        "skill", ParameterType.STRING, "skill asked at first; not set: the model's first; empty: unconditioned"
    ),
    ParameterSpec(
        "forward_speed",
        ParameterType.DOUBLE,
        "speed asked at first, for models that take one; not set: none",
        "m/s",
        0.0,
        100.0,
    ),
    ParameterSpec(
        "condition",
        ParameterType.STRING,
        "expression asked at first, in place of skill and forward_speed; not set: those; empty: unconditioned",
    ),
    # How it plans
    ParameterSpec(
        "sampler",
        ParameterType.STRING,
        "how noise becomes a plan: in few steps, or as in the paper" + FROM_MANIFEST,
        choices=("ddim", "ddpm"),
    ),
    ParameterSpec("denoising_steps", ParameterType.INTEGER, "denoising steps of a plan" + FROM_MANIFEST, "1", 1, 1000),
    ParameterSpec("guidance_weight", ParameterType.DOUBLE, "weight of the conditions" + FROM_MANIFEST, "1", 0.0, 100.0),
    ParameterSpec(
        "unguided_levels", ParameterType.INTEGER, "least noisy levels without guidance" + FROM_MANIFEST, "1", 0, 1000
    ),
    ParameterSpec("temperature", ParameterType.DOUBLE, "factor on the noise's variance" + FROM_MANIFEST, "1", 0.0, 1.0),
    ParameterSpec(
        "history", ParameterType.INTEGER, "observed states in a plan" + FROM_MANIFEST, "control steps", 1, 1000
    ),
    ParameterSpec(
        "candidates", ParameterType.INTEGER, "plans of each branch to choose from" + FROM_MANIFEST, "1", 1, 64
    ),
    ParameterSpec(
        "branch_margin",
        ParameterType.DOUBLE,
        "by how much a plan of another branch must be better than of the one in use" + FROM_MANIFEST,
        "nat",
        0.0,
        1e6,
    ),
    ParameterSpec(
        "negation_weight",
        ParameterType.DOUBLE,
        "weight of a NOT that an expression gives none" + FROM_MANIFEST,
        "1",
        0.0,
        100.0,
    ),
    ParameterSpec(
        "outcome_steps",
        ParameterType.INTEGER,
        "denoising steps of an outcome, for models that plan one" + FROM_MANIFEST,
        "1",
        1,
        1000,
    ),
    ParameterSpec(
        "composition_choose_every",
        1,
        "from one composed plan for A & B to the next, between which plans are for the one of them that it chose; "
        "1: every plan is composed",
        "plans",
        1,
        1000,
    ),
    ParameterSpec("seed", 0, "seed of the noise", "", 0),
    ParameterSpec("replan_every", 2, "period of plan requests", "control steps", 1, 1000),
    ParameterSpec("planning_latency_steps", 1, "age at which a plan comes in use", "control steps", 0, 1000),
    ParameterSpec(
        "longest_planning_latency_steps",
        0,
        "the age grows up to this with the measured planning time (p95); 0, and with use_sim_time: it does not grow",
        "control steps",
        0,
        1000,
    ),
    ParameterSpec(
        "plan_to_deadline",
        True,
        "run fewer denoising steps, at least one, where a plan would come too late; not with use_sim_time",
    ),
    ParameterSpec(
        "commit_prefix", False, "plans begin with the states that the robot is led through while they are made"
    ),
    ParameterSpec("one_call_sampling", False, "run all denoising steps of a plan in one call of the network's graph"),
    ParameterSpec(
        "synchronous_planning",
        False,
        "wait for a plan that is due instead of going on with the old one; for simulation in lockstep",
    ),
    # Commands
    ParameterSpec(
        "step_on_states",
        True,
        "begin a control step with the joint state whose stamp says that it is due, and send its command at once; "
        "without such a state, or if false, on the steady clock; always with use_sim_time",
    ),
    ParameterSpec(
        "preparation_time",
        0.002,
        "on the steady clock, how long before its command leaves a control step begins, so that it leaves on time",
        "s",
        0.0,
        0.1,
    ),
    ParameterSpec(
        "realtime_priority",
        0,
        "of the node's threads, not of the planner's process: Linux's SCHED_FIFO; 0: ordinary scheduling",
        "1",
        0,
        99,
    ),
    ParameterSpec(
        "commands_per_step",
        1,
        "how often a control step's command is sent, evenly apart: 2 makes 100 Hz of 50 Hz",
        "1",
        1,
        20,
    ),
    ParameterSpec(
        "command_interface",
        FORWARD_COMMAND,
        "the controller that commands are for",
        choices=(FORWARD_COMMAND, JOINT_TRAJECTORY),
    ),
    ParameterSpec(
        "trajectory_shape",
        HOLD,
        "as the model was trained: hold reaches the targets after trajectory_lead and stays; ramp takes the whole "
        "control step, then comes to rest within trajectory_lead",
        choices=(HOLD, RAMP),
    ),
    ParameterSpec("trajectory_points", 5, "points of a ramp on the way to the targets", "1", 1, 1000),
    ParameterSpec(
        "trajectory_lead",
        0.005,
        "time from a trajectory's stamp to its first point; of a ramp, to stop",
        "s",
        0.0005,
        1.0,
    ),
    ParameterSpec(
        "hold_without_condition", False, "hold still while nothing is asked, rather than follow unconditioned plans"
    ),
    ParameterSpec("blend_duration", 0.3, "from the current pose to the plan's commands", "s", 0.0, 60.0),
    ParameterSpec(
        "limits.position_lower", ParameterType.DOUBLE_ARRAY, "of each of `joints`" + FROM_URDF, "rad", -100.0, 100.0
    ),
    ParameterSpec(
        "limits.position_upper", ParameterType.DOUBLE_ARRAY, "of each of `joints`" + FROM_URDF, "rad", -100.0, 100.0
    ),
    ParameterSpec("limits.position_margin", 0.0, "commands stay so far inside the position limits", "rad", 0.0, 1.0),
    ParameterSpec(
        "limits.velocity",
        ParameterType.DOUBLE_ARRAY,
        "of the commanded position, of each of `joints`" + FROM_URDF,
        "rad/s",
        0.001,
        1000.0,
    ),
    ParameterSpec(
        "limits.acceleration",
        ParameterType.DOUBLE_ARRAY,
        "of the commanded position, of each of `joints`; not set: unlimited",
        "rad/s^2",
        0.001,
        1e9,
    ),
    ParameterSpec(
        "limits.effort",
        ParameterType.DOUBLE_ARRAY,
        "that a command may ask of each of `joints`, with both gains below" + FROM_URDF,
        "N m",
        0.001,
        1e9,
    ),
    ParameterSpec(
        "joint_controller.position_gain",
        ParameterType.DOUBLE_ARRAY,
        "of the controller of each of `joints`; not set: effort is not limited here",
        "N m/rad",
        0.001,
        1e6,
    ),
    ParameterSpec(
        "joint_controller.velocity_gain",
        ParameterType.DOUBLE_ARRAY,
        "of the controller of each of `joints`; not set: effort is not limited here",
        "N m s/rad",
        0.0,
        1e6,
    ),
    ParameterSpec(
        "gripper.joints",
        ParameterType.STRING_ARRAY,
        "whose positions add up to the gripper's opening, for models that see it; not set: none",
    ),
    ParameterSpec("gripper.opening_lower", 0.0, "smallest opening that is commanded", "m", 0.0, 1.0),
    ParameterSpec("gripper.opening_upper", 0.085, "largest opening that is commanded", "m", 0.0, 1.0),
    ParameterSpec("gripper.velocity", 0.15, "of the commanded opening", "m/s", 0.001, 10.0),
    ParameterSpec("gripper.open_above", 0.06, "opening at which the gripper holds nothing", "m", 0.0, 1.0),
    # Objects, for models that see some
    ParameterSpec(
        "objects.are_cubes",
        False,
        "take of the 24 orientations in which a cube looks alike the one that the model was trained with",
    ),
    ParameterSpec("objects.height_margin", 0.025, "by which what is above something is higher", "m", 0.001, 1.0),
    ParameterSpec("objects.settle_time", 1.0, "without motion of any object until all have settled", "s", 0.0, 60.0),
    ParameterSpec("objects.settle_distance", 0.002, "which an object may move within that time", "m", 1e-6, 1.0),
    ParameterSpec(
        "stack_blocks.time_limit", 120.0, "of a ~/stack_blocks goal that has none of its own", "s", 0.1, 36000.0
    ),
    ParameterSpec("robot_description", ParameterType.STRING, "URDF that limits the joints, as text; not set: none"),
    ParameterSpec("robot_description_file", ParameterType.STRING, "path of the URDF instead; not set: none"),
    ParameterSpec(
        "robot_description_topic",
        ParameterType.STRING,
        "topic of the URDF instead, as robot_state_publisher sends it; not set: none",
    ),
    ParameterSpec("robot_description_timeout", 5.0, "for the topic to be heard at configure", "s", 0.1, 3600.0),
    *SAFETY_SPECS,
    *DIAGNOSTICS_SPECS,
)


@dataclass(frozen=True, kw_only=True)
class PlannerParameters:
    """Values of all parameters, by name with dots as underscores; None where not set."""

    autostart: bool
    bundle: str
    device: str
    allow_cpu_fallback: bool
    threads: int
    joints: tuple[str, ...] | None
    step_duration: float | None
    skill: str | None
    forward_speed: float | None
    condition: str | None
    sampler: str | None
    denoising_steps: int | None
    guidance_weight: float | None
    unguided_levels: int | None
    temperature: float | None
    history: int | None
    candidates: int | None
    branch_margin: float | None
    negation_weight: float | None
    outcome_steps: int | None
    composition_choose_every: int
    seed: int
    replan_every: int
    planning_latency_steps: int
    longest_planning_latency_steps: int
    plan_to_deadline: bool
    commit_prefix: bool
    one_call_sampling: bool
    synchronous_planning: bool
    step_on_states: bool
    preparation_time: float
    realtime_priority: int
    commands_per_step: int
    command_interface: str
    trajectory_shape: str
    trajectory_points: int
    trajectory_lead: float
    hold_without_condition: bool
    blend_duration: float
    limits_position_lower: tuple[float, ...] | None
    limits_position_upper: tuple[float, ...] | None
    limits_position_margin: float
    limits_velocity: tuple[float, ...] | None
    limits_acceleration: tuple[float, ...] | None
    limits_effort: tuple[float, ...] | None
    joint_controller_position_gain: tuple[float, ...] | None
    joint_controller_velocity_gain: tuple[float, ...] | None
    gripper_joints: tuple[str, ...] | None
    gripper_opening_lower: float
    gripper_opening_upper: float
    gripper_velocity: float
    gripper_open_above: float
    objects_are_cubes: bool
    objects_height_margin: float
    objects_settle_time: float
    objects_settle_distance: float
    stack_blocks_time_limit: float
    robot_description: str | None
    robot_description_file: str | None
    robot_description_topic: str | None
    robot_description_timeout: float
    watchdog_hold_after: float
    watchdog_hold_after_in_simulation: float
    watchdog_damping_after: float
    watchdog_damping_after_without_plan: float
    watchdog_frozen_after: float
    watchdog_recovery_time: float
    watchdog_tilt_limit: float
    damping_rest_pose: tuple[float, ...] | None
    damping_velocity: float
    planner_process_start_timeout: float
    planner_process_hang_timeout: float
    planner_process_refusal_limit: int
    planner_process_memory_limit: int | None
    planner_process_realtime_priority: int
    planner_process_restart_limit: int
    diagnostics_window: float
    diagnostics_rate_warn: float
    diagnostics_rate_error: float
    diagnostics_jitter_warn: float
    diagnostics_jitter_error: float
    diagnostics_inference_warn: float
    diagnostics_inference_error: float
    diagnostics_stale_age_warn: float
    diagnostics_stale_age_error: float
    diagnostics_drops_warn: int
    diagnostics_drops_error: int
    diagnostics_limited_warn: float
    diagnostics_limited_error: float

    def __post_init__(self) -> None:
        for spec in SPECS:
            spec.check(getattr(self, spec.name.replace(".", "_")))

    @classmethod
    def declare(cls, node: Node) -> None:
        """Declare every parameter on `node`."""
        declare_parameters(node, SPECS)

    @classmethod
    def read(cls, node: Node) -> PlannerParameters:
        """Return the node's values now. Raises ConfigurationError for one that is not accepted."""
        return read_parameters(node, cls, SPECS)
