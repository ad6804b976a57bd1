"""The receding-horizon controller with everything that keeps its commands safe.

Once a control step, from one thread::

    request = controller.observe(state, measured)   or   controller.miss(measured)
    ... the planner works on the request, beside this loop ...
    controller.accept(request, plan)                for every plan that has arrived
    decision = controller.command(now)              what to publish, if anything

    WAITING  no fresh state or no plan yet: no command, unless the robot is to be let down
    ACTIVE   commands follow the plan, blended in from the current pose, within the limits
    HOLD     the last command stays
    DAMPING  commands follow the measured joints, so that the robot's own controllers only brake;
             without fresh measurements they lead to the rest pose, slowly
"""

from __future__ import annotations

import enum
import math
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

SHORTEST_STEP = 0.25
"""In step durations, what a control step counts for at least, however soon after the last one it comes."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Measurement:
    """What is measured of the robot at a control step; None for what is not, or is too old.

    Attributes:
        joint_position: in the order of the commands ``(action_dim,)`` [rad].
        joint_velocity: likewise [rad/s]; without it effort is not limited.
        tilt: of the base [rad].
    """

    joint_position: NDArray[np.float64] | None = None
    joint_velocity: NDArray[np.float64] | None = None
    tilt: float | None = None


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
        follows_steady_clock: whether control steps come `step_duration` apart on the steady clock; of two that come
            closer, the second may change the command by as much less. Simulated time is another.
        blend_duration: from the current pose to the plan's commands [s].
        damping_velocity: joint velocity towards the rest pose [rad/s].
        rest_pose: joint positions of the robot at rest [rad]; None stays at the last command.
        kept: entries of a command that stay as they are in DAMPING, and where commands begin anew near the
            last ones: a gripper does not let go.
    """

    step_duration: float
    follows_steady_clock: bool = False
    blend_duration: float = 0.3
    damping_velocity: float = 1.0
    rest_pose: tuple[float, ...] | None = None
    kept: tuple[int, ...] = ()

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
        """Plans that came in use since the activation."""
        return self.controller.plans_followed - self._plans_before

    def activate(self, now: float) -> None:
        """Begin anew at steady time `now` [s], without state, plan or command; ends DAMPING."""
        self.controller.reset()
        self.watchdog.reset(now)
        self._measured = Measurement()
        self._tilt = 0.0
        self._last_step = -math.inf
        self._observed = self._gap = self._started = False
        self._plans_before = self.controller.plans_followed
        self._blend: BlendIn | None = None
        self._decision = ControlDecision(ControlMode.WAITING, None, "waiting for a fresh state")

    def pause(self, reason: str) -> None:
        """Hold still in HOLD from the next control step on, for a reason that is no fault."""
        self._pause_reason, self._is_resuming = reason, False

    def resume(self) -> None:
        """End a pause with the first plan for what is asked; harmless when there is none."""
        self._is_resuming = bool(self._pause_reason)

    def observe(self, state: ArrayLike, measured: Measurement, *, gap: bool = False) -> PlanRequest | None:
        """Return the plan request due at this control step, None when none is due.

        Args:
            state: ``(state_dim,)``, SI units.
            measured: of the robot now.
            gap: control steps were missed since the last state; history and plan start anew.

        Raises:
            StateError: the state is not valid; the control step is to be reported as missed.
        """
        if gap or self._gap:
            self.controller.reset()
        request = self.controller.observe(state)
        self._take(measured)
        self._observed, self._gap = True, False
        return request

    def miss(self, measured: Measurement | None = None) -> None:
        """Take note that this control step has no usable state.

        Args:
            measured: of the robot nevertheless: joints count where an IMU is silent, and the other way round.
        """
        self._take(measured or Measurement())
        self._observed, self._gap = False, True

    def accept(self, request: PlanRequest, plan: Plan) -> None:
        """Take a plan that has arrived; a plan that is not valid is counted and dropped.

        Raises:
            PlanError: the plan is not valid.
        """
        try:
            self.controller.accept(request, plan)
        except PlanError:
            self.refused_plans += 1
            raise

    def command(self, now: float) -> ControlDecision:
        """Return what to publish at steady time `now` [s]."""
        duration, self._last_step = self._step_duration(now), now
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
        limited = self._limited(command, duration)
        self._decision = ControlDecision(mode, limited, wrong or paused, bool(paused) and not wrong)
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
        """Return whether commands may begin, which they do from the measured pose.

        A robot that is to be let down is so without a plan: after a reset it still follows its last command.
        """
        self.watchdog.check_tilt(self._tilt)
        safety = self.watchdog.decision
        is_let_down = safety.mode is SafetyMode.DAMPING
        if self._measured.joint_position is None or (target is None and not is_let_down):
            mode = ControlMode.DAMPING if is_let_down else ControlMode.WAITING
            reason = f"{safety.reason}; no command: no joint is measured" if is_let_down else f"waiting: {fault}"
            self._decision = ControlDecision(mode, None, reason)
            return False
        if not is_let_down:
            self.watchdog.reset(now)
        self.limiter.reset(self._first_pose(self._measured.joint_position))
        self._started = True
        return True

    def _first_pose(self, measured: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the pose that commands begin from: the measured one, but a gripper goes on pressing as it was told.

        Where it is further from what it was told last than blending in could bring it, something else has moved it.
        """
        pose, last = measured.copy(), self.limiter.command
        if last is not None:
            near = np.abs(last - pose) <= self.limiter.limits.max_velocity * self._settings.blend_duration
            kept = [entry for entry in self._settings.kept if near[entry]]
            pose[kept] = last[kept]
        return pose

    def _take(self, measured: Measurement) -> None:
        """Remember what is measured now; the base is tilted as it was last seen."""
        self._measured = measured
        if measured.tilt is not None:
            self._tilt = measured.tilt

    def _step_duration(self, now: float) -> float:
        """Time since the last control step [s], at most that of a step: what limits of velocity are to go by."""
        period = self._settings.step_duration
        if not self._settings.follows_steady_clock:
            return period
        return min(period, max(now - self._last_step, SHORTEST_STEP * period))

    def _limited(self, command: NDArray[np.float64], duration: float) -> NDArray[np.float64]:
        """Limit a command, its effort too where the joints are measured at this control step."""
        measured = self._measured
        return self.limiter.limit(
            command, position=measured.joint_position, velocity=measured.joint_velocity, duration=duration
        )

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
        if self._measured.joint_position is not None:
            command = self._measured.joint_position.copy()
        elif self._settings.rest_pose is not None:
            change = self._settings.damping_velocity * self._settings.step_duration
            command = last + np.clip(np.array(self._settings.rest_pose) - last, -change, change)
        kept = list(self._settings.kept)
        command[kept] = last[kept]
        return command

    def _last_command(self) -> NDArray[np.float64]:
        command = self.limiter.command
        if command is None:
            raise PlanError("there is no last command: the controller has not started")
        return command
