"""The receding-horizon controller with everything that keeps its commands safe.

Once a control step, from one thread::

    request = controller.observe(now, state, ...)   or   controller.miss(now)
    ... the planner works on the request, beside this loop ...
    controller.accept(request, plan)                for every plan that has arrived
    decision = controller.command(now)              what to publish, if anything

    WAITING  no fresh state or no plan yet: no command
    ACTIVE   commands follow the plan, blended in from the current pose, within the limits
    HOLD     the last command stays
    DAMPING  commands follow the measured joints, so that the robot's own controllers only brake;
             without fresh measurements they lead to the rest pose, slowly
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from decision_diffuser_ros.control.blending import BlendIn
from decision_diffuser_ros.control.limits import CommandLimiter
from decision_diffuser_ros.control.receding_horizon import PlanRequest, RecedingHorizonController
from decision_diffuser_ros.control.watchdog import SafetyMode, Watchdog
from decision_diffuser_ros.errors import ConfigurationError, PlanError

if TYPE_CHECKING:
    from decision_diffuser_ros.planner.planner import Plan


class ControlMode(enum.Enum):
    """What the commands of a control step are."""

    WAITING = "waiting"
    ACTIVE = "active"
    HOLD = "hold"
    DAMPING = "damping"


@dataclass(frozen=True, eq=False)
class ControlDecision:
    """What is done at a control step, and why.

    Attributes:
        mode: of the controller.
        command: ``(action_dim,)`` [rad]; None for none.
        reason: for people; empty where there is none to give.
        is_pause: whether the robot holds still because nothing is asked of it, and nothing is wrong.
    """

    mode: ControlMode
    command: NDArray[np.float64] | None
    reason: str
    is_pause: bool = False


@dataclass(frozen=True, kw_only=True)
class SafeControllerSettings:
    """How commands begin and how the robot is let down.

    Attributes:
        step_duration: of a control step [s].
        blend_duration: from the current pose to the plan's commands [s].
        damping_velocity: joint velocity towards the rest pose [rad/s].
        rest_pose: joint positions of the robot at rest [rad]; None stays at the last command.
        kept_in_damping: entries of a command that stay as they are in DAMPING: a gripper does not let go.
    """

    step_duration: float
    blend_duration: float = 0.3
    damping_velocity: float = 1.0
    rest_pose: tuple[float, ...] | None = None
    kept_in_damping: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.damping_velocity > 0.0:
            raise ConfigurationError(f"`damping_velocity` must be above 0. Got {self.damping_velocity} rad/s")


class SafeController:
    """Decides at every control step what the robot is told."""

    def __init__(
        self,
        *,
        controller: RecedingHorizonController,
        limiter: CommandLimiter,
        watchdog: Watchdog,
        settings: SafeControllerSettings,
    ) -> None:
        self.controller = controller
        self.limiter = limiter
        self.watchdog = watchdog
        self.refused_plans = 0
        self._settings = settings
        self._pause_reason = ""
        self._is_resuming = False
        self.activate(0.0)

    @property
    def decision(self) -> ControlDecision:
        """What was decided at the last control step."""
        return self._decision

    @property
    def plans_followed(self) -> int:
        """Plans accepted since the activation."""
        return self._plans_followed

    def activate(self, now: float) -> None:
        """Begin anew at steady time `now` [s], without state, plan or command; ends DAMPING."""
        self.controller.reset()
        self.watchdog.reset(now)
        self._measured: NDArray[np.float64] | None = None
        self._velocity: NDArray[np.float64] | None = None
        self._tilt = 0.0
        self._observed = self._gap = self._started = False
        self._plans_followed = 0
        self._blend: BlendIn | None = None
        self._decision = ControlDecision(ControlMode.WAITING, None, "waiting for a fresh state")

    def pause(self, reason: str) -> None:
        """Hold still in HOLD from the next control step on, for a reason that is no fault."""
        self._pause_reason, self._is_resuming = reason, False

    def resume(self) -> None:
        """End a pause with the first plan for what is asked; harmless when there is none."""
        self._is_resuming = bool(self._pause_reason)

    def observe(
        self,
        state: ArrayLike,
        *,
        joint_position: ArrayLike,
        joint_velocity: ArrayLike | None = None,
        tilt: float,
        gap: bool = False,
    ) -> PlanRequest | None:
        """Return the plan request due at this control step, None when none is due.

        Args:
            state: ``(state_dim,)``, SI units.
            joint_position: measured, in the order of the commands ``(action_dim,)`` [rad].
            joint_velocity: likewise [rad/s]; None where it is not measured, and then effort is not limited.
            tilt: of the base [rad].
            gap: control steps were missed since the last state; history and plan start anew.

        Raises:
            StateError: the state is not valid; the control step is to be reported as missed.
        """
        if gap or self._gap:
            self.controller.reset()
        request = self.controller.observe(state)
        self._measured = np.array(joint_position, dtype=np.float64)
        self._velocity = None if joint_velocity is None else np.array(joint_velocity, dtype=np.float64)
        self._tilt = tilt
        self._observed, self._gap = True, False
        return request

    def miss(self) -> None:
        """Take note that this control step has no usable state."""
        self._observed, self._gap = False, True

    def accept(self, request: PlanRequest, plan: Plan) -> None:
        """Take a plan that has arrived; a plan that is not valid is counted and dropped.

        Raises:
            PlanError: the plan is not valid.
        """
        try:
            self._plans_followed += self.controller.accept(request, plan)
        except PlanError:
            self.refused_plans += 1
            raise

    def command(self, now: float) -> ControlDecision:
        """Return what to publish at steady time `now` [s]."""
        target, fault = self._plan_target()
        if not self._started and not self._start(target, fault, now):
            return self._decision
        safety = self.watchdog.check(now, tilt=self._tilt, fault=fault)
        paused = self._pause()
        if safety.mode is SafetyMode.ACTIVE and target is not None and not paused:
            mode, command = ControlMode.ACTIVE, self._active_command(target)
        elif safety.mode is SafetyMode.DAMPING:
            mode, command = ControlMode.DAMPING, self._damping_command()
        else:
            mode, command = ControlMode.HOLD, self._last_command()
        wrong = safety.reason or fault
        self._decision = ControlDecision(mode, self._limited(command), wrong or paused, bool(paused) and not wrong)
        return self._decision

    def last_command(self) -> NDArray[np.float64] | None:
        """Return a safe command to leave the robot with: the last one; None if there was none."""
        return self._last_command() if self._started else None

    def _plan_target(self) -> tuple[NDArray[np.float64] | None, str]:
        """Return the plan's joint targets, or None and why there are none."""
        if not self._observed:
            return None, "there is no usable state"
        try:
            return self.controller.action(), ""
        except PlanError as error:
            return None, str(error)

    def _pause(self) -> str:
        """Return why there is a pause; a pause that is to end does so once the plan is for what is asked."""
        request = self.controller.plan_request
        if self._is_resuming and request is not None and request.conditions == self.controller.conditions:
            self._pause_reason, self._is_resuming = "", False
        return self._pause_reason

    def _start(self, target: NDArray[np.float64] | None, fault: str, now: float) -> bool:
        """Return whether commands may begin, which they do from the measured pose."""
        if target is None or self._measured is None:
            self._decision = ControlDecision(ControlMode.WAITING, None, f"waiting: {fault}")
            return False
        if self.watchdog.decision.mode is not SafetyMode.DAMPING:
            self.watchdog.reset(now)
        self.limiter.reset(self._measured)
        self._started = True
        return True

    def _limited(self, command: NDArray[np.float64]) -> NDArray[np.float64]:
        """Limit a command, its effort too where the joints are measured at this control step."""
        if not self._observed:
            return self.limiter.limit(command)
        return self.limiter.limit(command, position=self._measured, velocity=self._velocity)

    def _active_command(self, target: NDArray[np.float64]) -> NDArray[np.float64]:
        if self._decision.mode is not ControlMode.ACTIVE or self._blend is None:
            self._blend = BlendIn(
                self._last_command(),
                duration=self._settings.blend_duration,
                step_duration=self._settings.step_duration,
            )
        return self._blend.blend(target)

    def _damping_command(self) -> NDArray[np.float64]:
        last = self._last_command()
        command = last.copy()
        if self._observed and self._measured is not None:
            command = self._measured.copy()
        elif self._settings.rest_pose is not None:
            change = self._settings.damping_velocity * self._settings.step_duration
            command = last + np.clip(np.array(self._settings.rest_pose) - last, -change, change)
        kept = list(self._settings.kept_in_damping)
        command[kept] = last[kept]
        return command

    def _last_command(self) -> NDArray[np.float64]:
        command = self.limiter.command
        if command is None:
            raise PlanError("there is no last command: the controller has not started")
        return command
