"""What the planner says on /diagnostics once a second: mode, commands, plans, readings, limits.

Times are on the steady clock. In simulated time neither rate nor jitter nor age is judged: a simulation may be slow.
"""

from __future__ import annotations

import math

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.impl.rcutils_logger import RcutilsLogger

from decision_diffuser_ros.control.health import (
    HealthLevel,
    HealthReport,
    RecentIncrease,
    RecentValues,
    Threshold,
    percentiles,
    period_jitter,
)
from decision_diffuser_ros.control.planner_process import PlannerState
from decision_diffuser_ros.control.safe_controller import ControlDecision, ControlMode
from decision_diffuser_ros.nodes.control_stepper import ControlStepper
from decision_diffuser_ros.nodes.planner_parameters import PlannerParameters

MODE_LEVELS = {ControlMode.DAMPING: HealthLevel.ERROR, ControlMode.HOLD: HealthLevel.WARN}
PROCESS_LEVELS = {PlannerState.READY: HealthLevel.OK, PlannerState.FAILED: HealthLevel.ERROR}
ORDINARY_SCHEDULING = "ordinary"
EMERGENCY_STOP = "emergency stop in force until ~/reset"
LEVELS = {
    HealthLevel.OK: DiagnosticStatus.OK,
    HealthLevel.WARN: DiagnosticStatus.WARN,
    HealthLevel.ERROR: DiagnosticStatus.ERROR,
}


class PlannerDiagnostics:
    """Collects what happens in a session and reports on it; guarded by the session's lock."""

    def __init__(self, parameters: PlannerParameters, *, step_duration: float, simulated_time: bool) -> None:
        """Look back on a window of time, with the thresholds of the parameters."""

        def threshold(name: str, *, falling: bool = False, judged: bool = True) -> Threshold:
            if not judged:
                never = -math.inf if falling else math.inf
                return Threshold(name, never, never, falling=falling)
            warn, error = (getattr(parameters, f"diagnostics_{name}_{level}") for level in ("warn", "error"))
            return Threshold(f"diagnostics.{name}", float(warn), float(error), falling=falling)

        self.scheduling = ORDINARY_SCHEDULING
        """Of the node's threads, by the operating system."""
        self._window = parameters.diagnostics_window
        self._step_duration = step_duration
        self._rate = threshold("rate", falling=True, judged=not simulated_time)
        self._jitter = threshold("jitter", judged=not simulated_time)
        self._inference = threshold("inference")
        self._age = threshold("stale_age", judged=not simulated_time)
        self._drops = threshold("drops")
        self._limited = threshold("limited")
        self._command_times = RecentValues(window=self._window)
        self._plan_durations = RecentValues(window=self._window)
        self._refused, self._dropped, self._stale, self._lost, self._changed, self._published = (
            RecentIncrease(window=self._window) for _ in range(6)
        )
        self._commands = 0

    def begin(self) -> None:
        """Commands begin anew: the pause before is no jitter, and what limits changed before is the past."""
        for recent in (self._command_times, self._changed, self._published):
            recent.clear()

    def note_command(self, now: float) -> None:
        """Take note of a command that was published at steady time `now` [s]."""
        self._command_times.add(now, now)
        self._commands += 1

    def note_plan(self, now: float, seconds: float) -> None:
        """Take note of a plan that took `seconds` to make."""
        self._plan_durations.add(now, seconds)

    def reports(self, stepper: ControlStepper, now: float) -> list[HealthReport]:
        """Return how things are at steady time `now` [s], while control steps run."""
        return [
            self._mode_report(stepper),
            self._command_report(now),
            self._plan_report(stepper, now),
            self._reading_report(stepper, now),
            self._limit_report(stepper, now),
        ]

    def _mode_report(self, stepper: ControlStepper) -> HealthReport:
        decision = stepper.safe.decision
        mode = decision.mode.value
        return HealthReport("mode", mode_level(decision), decision.reason or mode, {"mode": mode})

    def _command_report(self, now: float) -> HealthReport:
        times = self._command_times.since(now)
        if times.size < 3:
            return HealthReport("commands", HealthLevel.OK, "no commands yet")
        rate = (times.size - 1) / (times[-1] - times[0])
        share = min(rate, times.size / max(now - times[0], 1e-9)) * self._step_duration  # silence lowers it
        middle, high, highest = percentiles(period_jitter(times, self._step_duration))
        return HealthReport(
            "commands",
            max(self._rate.level(share), self._jitter.level(highest)),
            f"{rate:.1f} Hz, period off by {1e3 * highest:.1f} ms in one of a hundred",
            {
                "rate [Hz]": f"{rate:.2f}",
                "expected rate [Hz]": f"{1.0 / self._step_duration:.2f}",
                "jitter p50 [ms]": _milliseconds(middle),
                "jitter p95 [ms]": _milliseconds(high),
                "jitter p99 [ms]": _milliseconds(highest),
                "scheduling": self.scheduling,
            },
        )

    def _plan_report(self, stepper: ControlStepper, now: float) -> HealthReport:
        middle, high, highest = percentiles(self._plan_durations.since(now))
        planner, counters = stepper.planner, stepper.counters
        drops = self._dropped.add(now, counters.refused_plans + counters.late_plans)
        restarts = self._lost.add(now, planner.restarts)
        levels = [
            self._inference.level(highest),
            self._drops.level(drops),
            PROCESS_LEVELS.get(planner.state, HealthLevel.WARN),
            HealthLevel.WARN if restarts else HealthLevel.OK,
        ]
        message = "no plans yet" if math.isnan(highest) else f"{1e3 * highest:.1f} ms in one plan of a hundred"
        if planner.state is not PlannerState.READY:
            message = f"the planner's process is {planner.state.value}: {planner.last_error}"
        return HealthReport(
            "plans",
            max(levels),
            "; ".join([message, *self._lately((drops, "late or refused"), (restarts, "restart(s) of its process"))]),
            {
                "inference p50 [ms]": _milliseconds(middle),
                "inference p95 [ms]": _milliseconds(high),
                "inference p99 [ms]": _milliseconds(highest),
                "plan age [ms]": _milliseconds(stepper.plan_age()),
                "refused and late plans in the window": f"{drops:.0f}",
                "late plans": str(counters.late_plans),
                "refused plans": str(counters.refused_plans),
                "process": planner.state.value,
                "process restarts": str(planner.restarts),
            },
        )

    def _reading_report(self, stepper: ControlStepper, now: float) -> HealthReport:
        counters = stepper.counters
        refused = self._refused.add(now, counters.refused_readings)
        stale = self._stale.add(now, stepper.safe.watchdog.stale_count)
        ages = stepper.ages(now)
        oldest = max(ages.values())
        level = max(self._age.level(oldest), self._drops.level(refused), HealthLevel.WARN if stale else HealthLevel.OK)
        troubles = self._lately((refused, "refused"), (stale, "gap(s)"))
        message = "; ".join([*troubles, *([stepper.last_refusal] if refused else [])]) or "good"
        values = {f"age of the last {source} [ms]": _milliseconds(age) for source, age in ages.items()}
        return HealthReport(
            "readings",
            level,
            message,
            {
                **values,
                "refused in the window": f"{refused:.0f}",
                "refused joint states": str(counters.refused_joint_states),
                "refused IMU readings": str(counters.refused_imus),
                "refused object poses": str(counters.refused_object_poses),
                "times stale": str(stepper.safe.watchdog.stale_count),
            },
        )

    def _lately(self, *counted: tuple[float, str]) -> list[str]:
        """Return what there was of each, for people; nothing of what there was none."""
        return [f"{count:.0f} {what} within {self._window:g} s" for count, what in counted if count]

    def _limit_report(self, stepper: ControlStepper, now: float) -> HealthReport:
        counts = stepper.safe.limiter.counts
        published = self._published.add(now, self._commands)
        changed = self._changed.add(now, counts.changed_commands) / max(published, 1.0)
        return HealthReport(
            "limits",
            self._limited.level(changed),
            f"{100.0 * min(changed, 1.0):.0f} % of the commands were changed",
            {
                "share changed [1]": f"{changed:.4f}",
                "by position": str(counts.position),
                "by velocity": str(counts.velocity),
                "by acceleration": str(counts.acceleration),
                "by effort": str(counts.effort),
            },
        )


def mode_level(decision: ControlDecision) -> HealthLevel:
    """Return how bad it is to be in this mode; to hold still because nothing is asked is fine."""
    return HealthLevel.OK if decision.is_pause else MODE_LEVELS.get(decision.mode, HealthLevel.OK)


def log_mode_change(logger: RcutilsLogger, before: ControlDecision, now: ControlDecision) -> None:
    """Log that there is another mode, as severely as diagnostics have it."""
    text = f"{before.mode.value} -> {now.mode.value}" + (f": {now.reason}" if now.reason else "")
    level = mode_level(now)
    if level is HealthLevel.ERROR:  # a call for each severity: rclpy refuses two from one line
        logger.error(text)
    elif level is HealthLevel.WARN:
        logger.warning(text)
    else:
        logger.info(text)


def idle_report(
    mode: str, *, trouble: str = "", failure: BaseException | None = None, is_stopped: bool = False
) -> HealthReport:
    """Return how a node is that sends no commands.

    Args:
        mode: in words, e.g. `inactive`.
        trouble: what went wrong in the last transition; empty for nothing.
        failure: the defect by which its control steps ended, None for none.
        is_stopped: whether an emergency stop is in force.
    """
    values = {"mode": mode}
    if failure is not None:
        return HealthReport("mode", HealthLevel.ERROR, f"the control loop ended by a defect: {failure!r}", values)
    warnings = [warning for warning in (trouble, EMERGENCY_STOP if is_stopped else "") if warning]
    if warnings:
        return HealthReport("mode", HealthLevel.WARN, "; ".join(warnings), values)
    return HealthReport("mode", HealthLevel.OK, f"{mode}: no commands", values)


def diagnostic_array(reports: list[HealthReport], *, node_name: str, hardware: str) -> DiagnosticArray:
    """Return the message, not stamped yet; names as diagnostic_updater makes them: `node: task`."""
    message = DiagnosticArray()
    for report in reports:
        message.status.append(
            DiagnosticStatus(
                level=LEVELS[report.level],
                name=f"{node_name.lstrip('/')}: {report.name}",
                message=report.message,
                hardware_id=hardware,
                values=[KeyValue(key=key, value=value) for key, value in report.values.items()],
            )
        )
    return message


def _milliseconds(seconds: float) -> str:
    return "unknown" if np.isnan(seconds) else f"{1e3 * seconds:.3f}"
