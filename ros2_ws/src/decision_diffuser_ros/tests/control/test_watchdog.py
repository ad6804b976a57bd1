"""Stale readings and tilt lead to caution, and out of it only by the rules."""

import math

import pytest

from decision_diffuser_ros.control.watchdog import SafetyMode, Watchdog, WatchdogSettings
from decision_diffuser_ros.errors import ConfigurationError


def watchdog_at_zero(**settings):
    defaults = {"hold_after": 0.1, "damping_after": 0.5, "recovery_time": 0.2, "tilt_limit": 0.8}
    return Watchdog(WatchdogSettings(**{**defaults, **settings}), sources=("joint state", "IMU"), now=0.0)


def report_all(watchdog, now):
    watchdog.report("joint state", now)
    watchdog.report("IMU", now)


@pytest.mark.parametrize(
    "now, mode", [(0.1, SafetyMode.ACTIVE), (0.11, SafetyMode.HOLD), (0.5, SafetyMode.HOLD), (0.51, SafetyMode.DAMPING)]
)
def test_the_oldest_source_decides(now, mode):
    watchdog = watchdog_at_zero()
    watchdog.report("joint state", now)
    decision = watchdog.check(now)
    assert decision.mode is mode
    assert ("IMU" in decision.reason) == (mode is not SafetyMode.ACTIVE)


def test_hold_ends_when_all_sources_have_been_fresh_for_the_recovery_time():
    watchdog = watchdog_at_zero()
    modes = []
    for tick in range(60):
        now = tick * 0.01
        if tick < 5 or tick >= 20:
            report_all(watchdog, now)
        modes.append(watchdog.check(now).mode)
    assert modes[14] is SafetyMode.ACTIVE
    assert set(modes[15:39]) == {SafetyMode.HOLD}
    assert set(modes[40:]) == {SafetyMode.ACTIVE}


def test_damping_ends_only_by_an_explicit_reset():
    watchdog = watchdog_at_zero()
    watchdog.check(0.6)
    for tick in range(100):
        report_all(watchdog, 0.6 + tick * 0.02)
        assert watchdog.check(0.6 + tick * 0.02).mode is SafetyMode.DAMPING
    watchdog.reset(3.0)
    assert watchdog.check(3.0).mode is SafetyMode.ACTIVE


@pytest.mark.parametrize(
    "tilt, mode", [(0.8, SafetyMode.ACTIVE), (0.81, SafetyMode.DAMPING), (math.nan, SafetyMode.DAMPING)]
)
def test_a_tilt_beyond_the_limit_lets_the_robot_down(tilt, mode):
    decision = watchdog_at_zero().check(0.0, tilt=tilt)
    assert decision.mode is mode


def test_a_reported_fault_holds_and_keeps_its_reason_until_recovery():
    watchdog = watchdog_at_zero()
    assert watchdog.check(0.0, fault="the plan is exhausted").mode is SafetyMode.HOLD
    report_all(watchdog, 0.1)
    assert watchdog.check(0.1).reason == "the plan is exhausted"
    report_all(watchdog, 0.25)
    assert watchdog.check(0.25).mode is SafetyMode.ACTIVE


def test_a_fault_that_lasts_lets_the_robot_down_but_not_one_that_comes_and_goes():
    watchdog = watchdog_at_zero(damping_after_fault=1.0, recovery_time=0.0)
    for tick in range(300):
        now = 0.01 * tick
        report_all(watchdog, now)
        assert watchdog.check(now, fault="no plan" if tick % 50 < 45 else "").mode is not SafetyMode.DAMPING
    for tick in range(300, 420):
        report_all(watchdog, 0.01 * tick)
        decision = watchdog.check(0.01 * tick, fault="no plan")
    assert decision.mode is SafetyMode.DAMPING
    assert decision.reason == "for more than 1 s: no plan"


@pytest.mark.parametrize("fault", ["", "there is no usable state"])
def test_every_time_that_states_become_stale_is_counted_once(fault):
    watchdog = watchdog_at_zero()
    for beginning in (0.0, 1.0):
        for tick in range(60):
            now = beginning + tick * 0.01
            if tick < 10 or tick > 30:
                report_all(watchdog, now)
            watchdog.check(now, fault=fault)
        report_all(watchdog, beginning + 1.0)
    assert watchdog.stale_count == 2


def test_a_fault_that_is_reported_is_not_counted_as_stale():
    watchdog = watchdog_at_zero()
    watchdog.check(0.0, fault="no plan")
    assert watchdog.stale_count == 0


def test_a_trip_is_latched():
    watchdog = watchdog_at_zero()
    watchdog.trip("emergency stop")
    assert watchdog.check(0.0).reason == "emergency stop"
    assert watchdog.check(0.01).mode is SafetyMode.DAMPING


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"hold_after": 0.6}, "`hold_after` must be above 0 and below `damping_after`. Got 0.6 s and 0.5 s"),
        ({"hold_after": 0.0}, "Got 0.0 s and 0.5 s"),
        ({"damping_after_fault": 0.0}, "`damping_after_fault` must be above 0. Got 0.0 s"),
        ({"recovery_time": -1.0}, "`recovery_time` must not be negative"),
        ({"tilt_limit": 4.0}, r"`tilt_limit` must be in \(0, pi\]. Got 4.0 rad"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ConfigurationError, match=message):
        watchdog_at_zero(**settings)
