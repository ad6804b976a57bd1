"""What /diagnostics says of readings, commands and limits, and of a node that is not active."""

import threading
from types import SimpleNamespace

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("decision_diffuser_msgs", reason="needs the workspace built and sourced")

from rclpy.logging import get_logger

from decision_diffuser_ros.control.health import HealthLevel
from decision_diffuser_ros.control.safe_controller import ControlDecision, ControlMode
from decision_diffuser_ros.nodes.control_stepper import ControlStepper
from decision_diffuser_ros.nodes.diagnostics import PlannerDiagnostics, idle_report, log_mode_change
from decision_diffuser_ros.nodes.planner_session import PlannerSession
from tests.nodes.test_planning_parameters import assembly, parameters

WINDOW = 10.0  # [s]


@pytest.mark.parametrize(
    "counter, shown",
    [
        ("refused_joint_states", "refused joint states"),
        ("refused_imus", "refused IMU readings"),
        ("refused_object_poses", "refused object poses"),
    ],
)
def test_refused_readings_of_every_source_are_a_warning_as_long_as_they_are_recent(quadruped_bundle, counter, shown):
    assembled = assembly(quadruped_bundle, simulated_time=True)
    stepper = ControlStepper(assembled, simulated_time=True, wait_for_plans=False, wait_for_first_plan=False)
    options = parameters(quadruped_bundle, diagnostics_window=WINDOW)
    diagnostics = PlannerDiagnostics(options, step_duration=0.02, simulated_time=True)
    stepper.activate(0.0)

    def readings(now):
        (report,) = [report for report in diagnostics.reports(stepper, now) if report.name == "readings"]
        return report

    assert (readings(0.0).level, readings(0.0).message) == (HealthLevel.OK, "good")
    setattr(stepper.counters, counter, 3)
    stepper.last_refusal = "joint 'knee' is missing"
    refused = readings(1.0)
    assert (refused.level, refused.message) == (HealthLevel.WARN, "3 refused within 10 s; joint 'knee' is missing")
    assert refused.values[shown] == "3"
    assert readings(2.0 + WINDOW).level is HealthLevel.OK


def test_a_warning_says_what_it_is_about(quadruped_bundle):
    assembled = assembly(quadruped_bundle, simulated_time=True)
    stepper = ControlStepper(assembled, simulated_time=True, wait_for_plans=False, wait_for_first_plan=False)
    options = parameters(quadruped_bundle, diagnostics_window=WINDOW)
    diagnostics = PlannerDiagnostics(options, step_duration=0.02, simulated_time=True)
    stepper.activate(0.0)
    diagnostics.reports(stepper, 0.0)
    stepper.counters.late_plans = 2
    stepper.counters.refused_plans = 1
    assembled.planner.restarts = 1
    stepper.safe.watchdog.stale_count = 4
    reports = {report.name: report for report in diagnostics.reports(stepper, 1.0)}
    assert reports["plans"].message.endswith("; 3 late or refused within 10 s; 1 restart(s) of its process within 10 s")
    assert reports["readings"].message == "4 gap(s) within 10 s"
    assert reports["readings"].level is HealthLevel.WARN


@pytest.mark.parametrize(
    "decision, severity",
    [
        (ControlDecision(ControlMode.DAMPING, None, "why"), "error"),
        (ControlDecision(ControlMode.HOLD, None, "why"), "warning"),
        (ControlDecision(ControlMode.HOLD, None, "why", is_pause=True), "info"),
    ],
)
def test_a_change_of_mode_is_logged_as_severely_as_diagnostics_have_it(decision, severity):
    logged = []
    logger = SimpleNamespace(
        **{name: lambda text, name=name: logged.append((name, text)) for name in ("error", "warning", "info")}
    )
    log_mode_change(logger, ControlDecision(ControlMode.ACTIVE, None, ""), decision)
    assert logged == [(severity, f"active -> {decision.mode.value}: why")]


def test_one_logger_takes_changes_to_every_mode(capfd):
    logger = get_logger("test_changes_of_mode")
    for mode in (ControlMode.ACTIVE, ControlMode.HOLD, ControlMode.DAMPING, ControlMode.ACTIVE):
        log_mode_change(logger, ControlDecision(ControlMode.WAITING, None, ""), ControlDecision(mode, None, ""))
    logged = "".join(capfd.readouterr())
    severities = [line.partition("]")[0].strip("[") for line in logged.splitlines() if "test_changes_of_mode" in line]
    assert severities == ["INFO", "WARN", "ERROR", "INFO"]


@pytest.mark.parametrize("is_pause, level", [(False, HealthLevel.WARN), (True, HealthLevel.OK)])
def test_to_hold_because_nothing_is_asked_is_no_warning(quadruped_bundle, monkeypatch, is_pause, level):
    assembled = assembly(quadruped_bundle, simulated_time=True)
    stepper = ControlStepper(assembled, simulated_time=True, wait_for_plans=False, wait_for_first_plan=False)
    diagnostics = PlannerDiagnostics(parameters(quadruped_bundle), step_duration=0.02, simulated_time=True)
    decision = ControlDecision(ControlMode.HOLD, None, "nothing is asked", is_pause)
    monkeypatch.setattr(type(stepper.safe), "decision", decision)
    (report,) = [report for report in diagnostics.reports(stepper, 0.0) if report.name == "mode"]
    assert (report.level, report.message) == (level, "nothing is asked")


@pytest.mark.parametrize("simulated_time, level", [(True, HealthLevel.OK), (False, HealthLevel.ERROR)])
def test_commands_that_come_at_any_time_are_an_error_in_real_time_only(quadruped_bundle, simulated_time, level):
    assembled = assembly(quadruped_bundle, simulated_time=simulated_time)
    stepper = ControlStepper(assembled, simulated_time=simulated_time, wait_for_plans=False, wait_for_first_plan=False)
    options = parameters(quadruped_bundle)
    diagnostics = PlannerDiagnostics(options, step_duration=0.02, simulated_time=simulated_time)
    stepper.activate(0.0)
    for now in (0.0, 0.02, 0.4, 0.42, 1.0):
        diagnostics.note_command(now)
    (report,) = [report for report in diagnostics.reports(stepper, 1.0) if report.name == "commands"]
    assert report.level is level


def test_the_commands_say_how_their_threads_are_scheduled(quadruped_bundle):
    assembled = assembly(quadruped_bundle, simulated_time=False)
    stepper = ControlStepper(assembled, simulated_time=False, wait_for_plans=False, wait_for_first_plan=False)
    diagnostics = PlannerDiagnostics(parameters(quadruped_bundle), step_duration=0.02, simulated_time=False)
    stepper.activate(0.0)
    for step in range(4):
        diagnostics.note_command(0.02 * step)

    def scheduling():
        (report,) = [report for report in diagnostics.reports(stepper, 0.06) if report.name == "commands"]
        return report.values["scheduling"]

    assert scheduling() == "ordinary"
    diagnostics.scheduling = "real time, priority 40"
    assert scheduling() == "real time, priority 40"


class Limited:
    """Commands of which the limits change a share, and what is said of that."""

    def __init__(self, bundle, *, window=WINDOW):
        assembled = assembly(bundle, simulated_time=True)
        self.stepper = ControlStepper(assembled, simulated_time=True, wait_for_plans=False, wait_for_first_plan=False)
        options = parameters(bundle, diagnostics_window=window)
        self.diagnostics = PlannerDiagnostics(options, step_duration=0.02, simulated_time=True)
        self.now = 0.0
        self.stepper.activate(self.now)

    def command(self, count, *, changed):
        """So many commands, of which the first `changed` were changed."""
        for tick in range(count):
            self.now += 0.02
            self.stepper.safe.limiter.counts.changed_commands += tick < changed
            self.diagnostics.note_command(self.now)

    def report(self):
        (report,) = [each for each in self.diagnostics.reports(self.stepper, self.now) if each.name == "limits"]
        return report


def test_changed_commands_are_a_share_of_those_of_the_same_window(quadruped_bundle):
    limited = Limited(quadruped_bundle)
    limited.report()
    limited.command(100, changed=90)
    assert (limited.report().level, limited.report().values["share changed [1]"]) == (HealthLevel.ERROR, "0.9000")
    limited.command(300, changed=30)
    assert limited.report().values["share changed [1]"] == "0.3000"
    limited.command(500, changed=0)
    assert limited.report().level is HealthLevel.OK


def test_commands_that_begin_anew_begin_with_none_that_was_changed(quadruped_bundle):
    limited = Limited(quadruped_bundle)
    limited.report()
    limited.command(100, changed=90)
    limited.diagnostics.begin()
    report = limited.report()
    assert (report.level, report.message) == (HealthLevel.OK, "0 % of the commands were changed")
    limited.command(10, changed=5)
    assert limited.report().values["share changed [1]"] == "0.5000"


def test_a_long_window_has_all_its_commands(quadruped_bundle):
    limited = Limited(quadruped_bundle, window=1000.0)
    limited.report()
    limited.command(10_000, changed=4_000)
    limited.command(20_000, changed=0)
    assert limited.report().values["share changed [1]"] == f"{4_000 / 30_000:.4f}"


DEFECT = ZeroDivisionError("division by zero")


@pytest.mark.parametrize(
    "trouble, failure, is_stopped, level, message",
    [
        ("", None, False, HealthLevel.OK, "inactive: no commands"),
        ("no such model", None, False, HealthLevel.WARN, "no such model"),
        ("", None, True, HealthLevel.WARN, "emergency stop in force until ~/reset"),
        ("no such model", None, True, HealthLevel.WARN, "no such model; emergency stop in force until ~/reset"),
        ("", DEFECT, True, HealthLevel.ERROR, f"the control loop ended by a defect: {DEFECT!r}"),
    ],
)
def test_a_node_that_sends_no_commands_says_why_if_it_is_no_good_news(trouble, failure, is_stopped, level, message):
    report = idle_report("inactive", trouble=trouble, failure=failure, is_stopped=is_stopped)
    assert (report.name, report.level, report.message) == ("mode", level, message)
    assert report.values == {"mode": "inactive"}


def test_an_inactive_session_whose_control_steps_ended_by_a_defect_is_an_error():
    session = SimpleNamespace(lock=threading.RLock(), is_active=False, failure=DEFECT)
    (report,) = PlannerSession.health_reports(session, is_stopped=False)
    assert report.level is HealthLevel.ERROR
    assert "division by zero" in report.message
    session.failure = None
    (report,) = PlannerSession.health_reports(session, is_stopped=False)
    assert report.level is HealthLevel.OK
