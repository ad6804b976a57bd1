"""Puts a model bundle and parameters together into what controls a robot. No ROS here."""

from __future__ import annotations

import dataclasses
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from decision_diffuser_ros.control.limits import CommandLimiter
from decision_diffuser_ros.control.planner_process import PlannerProcess, SupervisionSettings
from decision_diffuser_ros.control.planner_worker import PlannerWorkerSettings
from decision_diffuser_ros.control.planning_latency import PlanningLatency
from decision_diffuser_ros.control.receding_horizon import RecedingHorizonController, RecedingHorizonSettings
from decision_diffuser_ros.control.safe_controller import SafeController, SafeControllerSettings
from decision_diffuser_ros.control.state_assembly import StateAssembler
from decision_diffuser_ros.control.watchdog import Watchdog, WatchdogSettings
from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.nodes.command_joints import CommandJoints
from decision_diffuser_ros.nodes.condition_request import Request, read_condition, require_few_rows
from decision_diffuser_ros.nodes.entry_units import require_si_units
from decision_diffuser_ros.nodes.limit_assembly import command_limits, in_action_order, require_rest_pose_within
from decision_diffuser_ros.nodes.skill_request import first_request
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.conditions import Conditions
from decision_diffuser_ros.planner.manifest import Manifest
from decision_diffuser_ros.planner.providers import providers_of
from decision_diffuser_ros.planner.settings import SamplingSettings
from decision_diffuser_ros.resources import model_directory
from decision_diffuser_ros.simulation.block_orientation import canonical_orientation

if TYPE_CHECKING:
    from decision_diffuser_ros.nodes.planner_parameters import PlannerParameters

logger = logging.getLogger(__name__)

JOINT_SOURCE = "joint state"
IMU_SOURCE = "IMU reading"
OBJECT_SOURCE = "object pose"
DEADLINE_SHARE = 0.9
"""Of the time until a plan comes in use, what its making may take; the rest is for the way there and back."""
BYTES_PER_MEBIBYTE = 2**20


@dataclass(frozen=True, eq=False)
class ControlAssembly:
    """All that a configured planner node has.

    Attributes:
        manifest: of the model.
        assembler: checks readings and makes states.
        safe: decides what is published.
        planner: the planner's process, not started yet.
        latency: learns how long plans take; None where it makes no difference.
        request: what is asked at first.
        joints: of commands, actions and readings.
        sources: of readings, which the watchdog watches.
        frozen_after: equal readings for so long are refused [s]; 0 for any time.
    """

    manifest: Manifest
    assembler: StateAssembler
    safe: SafeController
    planner: PlannerProcess
    latency: PlanningLatency | None
    request: Request
    joints: CommandJoints
    sources: tuple[str, ...]
    frozen_after: float


def assemble_control(
    parameters: PlannerParameters,
    *,
    simulated_time: bool,
    robot_description: str = "",
    warn: Callable[[str], object] = logger.warning,
) -> ControlAssembly:
    """Load and verify the bundle, check it against the parameters, and put everything together.

    Args:
        parameters: of the node.
        simulated_time: a pause of the simulation must not let the robot down: stale readings
            lead to HOLD only.
        robot_description: URDF that limits the joints; empty for none.
        warn: told of what is not as the parameters or the description might let one expect.

    Raises:
        BundleError: the bundle is damaged or not what its manifest says.
        ConfigurationError: the parameters do not fit the model; the message says expected and got.
        ConditionError: the model does not know the first skill, or the first condition cannot be read or is too much.
    """
    _require_patience(parameters, simulated_time=simulated_time)
    bundle = Bundle.load(model_directory(parameters.bundle))  # for inverse dynamics; the process has its own
    manifest = bundle.manifest
    require_si_units(manifest)
    _check_step_duration(parameters, manifest)
    joints = CommandJoints.of_model(manifest, parameters.joints)
    limiter = _limiter(parameters, manifest, joints, robot_description=robot_description, warn=warn)
    assembler = _state_assembler(parameters, manifest, needs_velocity=limiter.limits.max_effort is not None)
    sources = _sources(assembler)
    request = _first_request(parameters, manifest)
    conditions = accepted_conditions(request, parameters, manifest)
    safe = SafeController(
        controller=_controller(parameters, bundle),
        limiter=limiter,
        watchdog=_watchdog(parameters, sources=sources, simulated_time=simulated_time),
        settings=_safe_settings(parameters, manifest, joints, simulated_time=simulated_time),
    )
    safe.controller.set_conditions(conditions)
    latency = None if simulated_time else _planning_latency(parameters, manifest)
    require_rest_pose_within(safe.limiter.limits, parameters, joints)
    return ControlAssembly(
        manifest=manifest,
        assembler=assembler,
        safe=safe,
        planner=_planner_process(parameters, bundle, conditions, latency),
        latency=latency,
        request=request,
        joints=joints,
        sources=sources,
        frozen_after=parameters.watchdog_frozen_after,
    )


def _require_patience(parameters: PlannerParameters, *, simulated_time: bool) -> None:
    if parameters.synchronous_planning and not simulated_time:
        raise ConfigurationError(
            "`synchronous_planning` stops the control loop until a plan is there, which no real robot can wait for; "
            "set it to false, or use_sim_time to true. Got true and false"
        )


def _state_assembler(parameters: PlannerParameters, manifest: Manifest, *, needs_velocity: bool) -> StateAssembler:
    return StateAssembler(
        manifest,
        needs_velocity=needs_velocity,
        gripper_joints=parameters.gripper_joints or (),
        canonical_orientation=canonical_orientation if parameters.objects_are_cubes else None,
    )


def _controller(parameters: PlannerParameters, bundle: Bundle) -> RecedingHorizonController:
    settings = RecedingHorizonSettings(
        replan_every=parameters.replan_every,
        planning_latency_steps=parameters.planning_latency_steps,
        commits_prefix=parameters.commit_prefix,
        commands_per_step=parameters.commands_per_step,
    )
    return RecedingHorizonController(
        manifest=bundle.manifest, inverse_dynamics=bundle.inverse_dynamics, settings=settings
    )


def _limiter(
    parameters: PlannerParameters,
    manifest: Manifest,
    joints: CommandJoints,
    *,
    robot_description: str,
    warn: Callable[[str], object],
) -> CommandLimiter:
    limits = command_limits(parameters, joints, description=robot_description, warn=warn)
    return CommandLimiter(limits, step_duration=manifest.step_duration / parameters.commands_per_step)


def _first_request(parameters: PlannerParameters, manifest: Manifest) -> Request:
    """Return what is asked at first: the expression if there is one, else the skill."""
    if parameters.condition is None:
        if parameters.forward_speed is not None and manifest.kind("forward_speed") is None:
            kinds = ", ".join(kind.kind for kind in manifest.conditions) or "none"
            raise ConfigurationError(
                f"`forward_speed` is set, which model '{manifest.name}' does not take; it takes: {kinds}. Say in "
                "`condition` what is asked at first, in place of `skill` and `forward_speed`"
            )
        return first_request(manifest, skill=parameters.skill, numbers={"forward_speed": parameters.forward_speed})
    negation_weight = sampling_settings(parameters, manifest).negation_weight
    return read_condition(parameters.condition, manifest, negation_weight=negation_weight).request


def accepted_conditions(request: Request, parameters: PlannerParameters, manifest: Manifest) -> Conditions:
    """Return what a request asks of the model.

    Raises:
        ConditionError: it is more than a plan can be made for in time.
    """
    conditions = request.conditions(manifest)
    require_few_rows(conditions, candidates=sampling_settings(parameters, manifest).candidates)
    return conditions


def _planning_latency(parameters: PlannerParameters, manifest: Manifest) -> PlanningLatency:
    return PlanningLatency(
        least=parameters.planning_latency_steps,
        longest=min(parameters.longest_planning_latency_steps, manifest.plan_steps - parameters.replan_every),
        step_duration=manifest.step_duration,
    )


def _planner_process(
    parameters: PlannerParameters, bundle: Bundle, conditions: Conditions, latency: PlanningLatency | None
) -> PlannerProcess:
    """Return the process that will plan with the bundle, not yet started."""
    keeps_deadline = parameters.plan_to_deadline and latency is not None and latency.time_limit > 0.0
    # A GPU's driver takes far more addresses than memory.
    memory_limit = parameters.planner_process_memory_limit if parameters.device == "cpu" else None
    worker = PlannerWorkerSettings(
        bundle=str(bundle.directory),
        manifest=bundle.manifest,
        sampling=sampling_settings(parameters, bundle.manifest),
        providers=providers_of(parameters.device),
        allow_cpu_fallback=parameters.allow_cpu_fallback or parameters.device == "auto",
        threads=parameters.threads,
        seed=parameters.seed,
        conditions=conditions,
        time_limit=DEADLINE_SHARE * latency.time_limit if latency is not None and keeps_deadline else None,
        samples_in_one_call=parameters.one_call_sampling,
        choose_every=parameters.composition_choose_every,
        realtime_priority=parameters.planner_process_realtime_priority,
        memory_limit=None if memory_limit is None else memory_limit * BYTES_PER_MEBIBYTE,
    )
    supervision = SupervisionSettings(
        start_timeout=parameters.planner_process_start_timeout,
        hang_timeout=parameters.planner_process_hang_timeout,
        refusal_limit=parameters.planner_process_refusal_limit,
        restart_limit=parameters.planner_process_restart_limit,
    )
    return PlannerProcess(worker, supervision)


def sampling_settings(parameters: PlannerParameters, manifest: Manifest) -> SamplingSettings:
    """Return the manifest's settings with those of the parameters that are set.

    Raises:
        ConfigurationError: the model cannot do what is set.
    """
    names = (
        "sampler", "denoising_steps", "guidance_weight", "unguided_levels", "temperature", "history",
        "candidates", "branch_margin", "negation_weight", "outcome_steps",
    )  # fmt: skip
    given = {name: getattr(parameters, name) for name in names if getattr(parameters, name) is not None}
    settings = dataclasses.replace(manifest.sampling, **given)
    settings.check_against(denoising_steps=manifest.schedule.denoising_steps, history=manifest.history)
    return settings


def _check_step_duration(parameters: PlannerParameters, manifest: Manifest) -> None:
    given = parameters.step_duration
    if given is not None and not math.isclose(given, manifest.step_duration, rel_tol=1e-6):
        raise ConfigurationError(
            f"`step_duration` does not fit model '{manifest.name}': expected {manifest.step_duration:g} s, "
            f"got {given:g} s; a model runs at the rate it was trained at"
        )


def _sources(assembler: StateAssembler) -> tuple[str, ...]:
    """The sources of readings that the model needs."""
    needed = {JOINT_SOURCE: True, IMU_SOURCE: assembler.needs_imu, OBJECT_SOURCE: assembler.needs_objects}
    return tuple(source for source, is_needed in needed.items() if is_needed)


def _watchdog(parameters: PlannerParameters, *, sources: tuple[str, ...], simulated_time: bool) -> Watchdog:
    hold_after = parameters.watchdog_hold_after
    settings = WatchdogSettings(
        hold_after=parameters.watchdog_hold_after_in_simulation if simulated_time else hold_after,
        damping_after=math.inf if simulated_time else parameters.watchdog_damping_after,
        damping_after_fault=math.inf if simulated_time else parameters.watchdog_damping_after_without_plan,
        recovery_time=parameters.watchdog_recovery_time,
        tilt_limit=parameters.watchdog_tilt_limit,
    )
    return Watchdog(settings, sources=sources, now=0.0)


def _safe_settings(
    parameters: PlannerParameters, manifest: Manifest, joints: CommandJoints, *, simulated_time: bool
) -> SafeControllerSettings:
    rest_pose = None
    if parameters.damping_rest_pose is not None:
        rest_pose = tuple(in_action_order(parameters, "damping_rest_pose", joints).tolist())
    return SafeControllerSettings(
        step_duration=manifest.step_duration / parameters.commands_per_step,
        follows_steady_clock=not simulated_time,
        blend_duration=parameters.blend_duration,
        damping_velocity=parameters.damping_velocity,
        rest_pose=rest_pose,
        kept=() if joints.gripper_action is None else (joints.gripper_action,),
    )
