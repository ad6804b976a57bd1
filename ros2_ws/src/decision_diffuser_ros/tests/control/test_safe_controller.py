"""What the robot is told, whatever happens to states and plans."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decision_diffuser_ros.control.limits import CommandLimiter, CommandLimits
from decision_diffuser_ros.control.receding_horizon import RecedingHorizonController, RecedingHorizonSettings
from decision_diffuser_ros.control.safe_controller import (
    ControlMode,
    Measurement,
    SafeController,
    SafeControllerSettings,
)
from decision_diffuser_ros.control.watchdog import Watchdog, WatchdogSettings
from decision_diffuser_ros.errors import PlanError

STEP = 0.02
MANIFEST = SimpleNamespace(state_dim=2, plan_steps=10, history=3)
MAX_VELOCITY = 10.0
MAX_ACCELERATION = 200.0
POSITION_GAIN = 80.0  # [N m/rad]
START = np.array([0.5, -0.5])
PLANNED = np.array([0.1, 0.2])


class Robot:
    """Drives a SafeController on a made-up clock; the plan asks for the same joint targets throughout."""

    def __init__(self, *, max_acceleration=None, max_effort=None, **options):
        limits = CommandLimits(
            lower=[-1, -1],
            upper=[1, 1],
            max_velocity=[MAX_VELOCITY] * 2,
            max_acceleration=max_acceleration,
            max_effort=max_effort,
            position_gain=[POSITION_GAIN] * 2,
            velocity_gain=[0.0] * 2,
        )
        self.limiter = CommandLimiter(limits, step_duration=STEP)
        self.safe = SafeController(
            controller=RecedingHorizonController(
                manifest=MANIFEST,
                inverse_dynamics=lambda state, next_state: next_state,
                settings=RecedingHorizonSettings(replan_every=2),
            ),
            limiter=self.limiter,
            watchdog=Watchdog(WatchdogSettings(), sources=("joint state",), now=0.0),
            settings=SafeControllerSettings(step_duration=STEP, blend_duration=0.1, **options),
        )
        self.now = 0.0
        self.planning = True

    def step(self, *, measured=START, tilt=0.0, planned=PLANNED, has_state=True, known=None, after=STEP):
        """One control step `after` the last one [s]; returns its decision. Without state, `known` is measured."""
        self.now += after
        if has_state:
            self.safe.watchdog.report("joint state", self.now)
            request = self.safe.observe(measured, Measurement(joint_position=measured, tilt=tilt))
            if request is not None and self.planning:
                plan = SimpleNamespace(states=np.tile(planned, (MANIFEST.plan_steps, 1)))
                self.safe.accept(request, plan)
        else:
            self.safe.miss(known)
        return self.safe.command(self.now)

    def steps(self, count, **options):
        """Several control steps; returns the last decision."""
        return [self.step(**options) for _ in range(count)][-1]


def test_nothing_is_commanded_before_a_state_and_a_plan():
    robot = Robot()
    assert robot.step(has_state=False).command is None
    robot.planning = False
    decision = robot.step()
    assert decision.mode is ControlMode.WAITING
    assert decision.command is None
    assert "no plan" in decision.reason


def test_the_first_command_is_the_current_pose_and_the_plan_is_blended_in():
    robot = Robot()
    commands = np.stack([robot.step().command for _ in range(8)])
    np.testing.assert_array_equal(commands[0], START)
    np.testing.assert_allclose(commands[5:], np.tile(PLANNED, (3, 1)))
    assert (np.diff(np.abs(commands - PLANNED).max(axis=1)) <= 0).all()


def test_stale_states_hold_the_last_command_then_lead_to_damping():
    robot = Robot()
    last = robot.steps(10).command
    decisions = [robot.step(has_state=False) for _ in range(30)]
    assert all(decision.mode is ControlMode.HOLD for decision in decisions[:24])
    assert all(decision.mode is ControlMode.DAMPING for decision in decisions[25:])
    np.testing.assert_array_equal(np.stack([decision.command for decision in decisions]), np.tile(last, (30, 1)))
    assert "no good joint state" in decisions[20].reason


def test_after_a_hold_commands_blend_in_again_from_what_was_held():
    robot = Robot()
    held = robot.steps(10).command
    robot.steps(8, has_state=False)
    target = np.array([0.9, 0.9])
    decisions = [robot.step(planned=target) for _ in range(30)]
    resumed = next(index for index, decision in enumerate(decisions) if decision.mode is ControlMode.ACTIVE)
    assert resumed * STEP >= WatchdogSettings().recovery_time - 1.01 * STEP
    np.testing.assert_array_equal(decisions[resumed].command, held)
    np.testing.assert_allclose(decisions[-1].command, target)


def test_an_exhausted_plan_holds_and_says_so():
    robot = Robot()
    robot.steps(5)
    robot.planning = False
    decision = robot.steps(MANIFEST.plan_steps + 2)
    assert decision.mode is ControlMode.HOLD
    assert "exhausted" in decision.reason
    np.testing.assert_allclose(decision.command, robot.limiter.command)


def test_a_tilted_robot_is_damped_by_commanding_what_is_measured():
    robot = Robot()
    robot.steps(10)
    measured = np.array([0.15, 0.25])
    decision = robot.step(tilt=1.0, measured=measured)
    assert decision.mode is ControlMode.DAMPING
    np.testing.assert_allclose(decision.command, measured)


def test_damping_without_measurements_leads_to_the_rest_pose_slowly():
    robot = Robot(rest_pose=(0.0, 0.0), damping_velocity=1.0)
    last = robot.steps(10).command
    robot.safe.watchdog.trip("emergency stop")
    commands = np.stack([last, *(robot.step(has_state=False).command for _ in range(20))])
    assert np.abs(np.diff(commands, axis=0)).max() <= 1.0 * STEP + 1e-12
    np.testing.assert_allclose(commands[-1], [0.0, 0.0], atol=1e-12)


def test_damping_ends_by_a_new_activation_only():
    robot = Robot()
    robot.steps(10)
    robot.step(tilt=1.0)
    assert robot.steps(50).mode is ControlMode.DAMPING
    robot.safe.activate(robot.now)
    decision = robot.step(measured=np.array([0.3, 0.3]))
    np.testing.assert_array_equal(decision.command, [0.3, 0.3])
    assert decision.mode is ControlMode.ACTIVE


@pytest.mark.parametrize("planning", [True, False])
def test_an_emergency_stop_before_the_first_command_lets_the_robot_down_with_or_without_a_plan(planning):
    robot = Robot()
    robot.planning = planning
    robot.safe.watchdog.trip("emergency stop")
    decision = robot.step()
    assert (decision.mode, decision.reason) == (ControlMode.DAMPING, "emergency stop")
    np.testing.assert_array_equal(decision.command, START)


@pytest.mark.parametrize("planning", [True, False])
def test_a_robot_that_lies_on_its_side_is_let_down_with_or_without_a_plan(planning):
    robot = Robot()
    robot.planning = planning
    decision = robot.step(tilt=2.0)
    assert decision.mode is ControlMode.DAMPING
    np.testing.assert_array_equal(decision.command, START)
    assert robot.step(tilt=0.0).mode is ControlMode.DAMPING


def test_an_emergency_stop_after_a_reset_without_plans_lets_the_robot_down():
    robot = Robot()
    robot.steps(10)
    robot.planning = False
    robot.safe.activate(robot.now)
    assert robot.steps(5).mode is ControlMode.WAITING
    robot.safe.watchdog.trip("emergency stop")
    where = np.array([0.4, 0.4])
    np.testing.assert_array_equal(robot.step(measured=where).command, where)


def test_without_a_measured_joint_an_emergency_stop_has_no_command_to_begin_with_and_says_so():
    robot = Robot()
    robot.safe.watchdog.trip("emergency stop")
    decision = robot.step(has_state=False)
    assert (decision.mode, decision.command) == (ControlMode.DAMPING, None)
    assert decision.reason == "emergency stop; no command: no joint is measured"
    np.testing.assert_array_equal(robot.step().command, START)


def test_joints_count_where_another_source_is_silent():
    robot = Robot(max_effort=[20.0] * 2, rest_pose=(-1.0, -1.0))
    robot.steps(10)
    pushed = PLANNED + 0.1
    known = Measurement(joint_position=pushed, joint_velocity=np.zeros(2))
    robot.steps(20, has_state=False, known=known)
    pushed += 0.5
    held = robot.steps(10, has_state=False, known=known)
    assert np.abs(POSITION_GAIN * (held.command - pushed)).max() <= 20.0 + 1e-9
    damped = robot.steps(30, has_state=False, known=known)
    assert damped.mode is ControlMode.DAMPING
    np.testing.assert_allclose(damped.command, pushed)


def test_a_robot_that_tips_over_while_its_joints_are_silent_is_let_down():
    robot = Robot()
    robot.steps(10)
    assert robot.step(has_state=False).mode is not ControlMode.DAMPING
    assert robot.step(has_state=False, known=Measurement(tilt=2.0)).mode is ControlMode.DAMPING


def test_control_steps_that_come_closer_may_change_the_command_by_less():
    robot = Robot(max_acceleration=[MAX_ACCELERATION] * 2, follows_steady_clock=True)
    commands = np.stack([robot.step(after=0.5 * STEP, planned=np.array([-0.9, 0.9])).command for _ in range(60)])
    velocity = np.diff(commands, axis=0) / (0.5 * STEP)
    assert np.abs(velocity).max() <= MAX_VELOCITY + 1e-9
    assert np.abs(np.diff(velocity, axis=0)).max() <= MAX_ACCELERATION * 0.5 * STEP + 1e-6
    np.testing.assert_allclose(commands[-1], [-0.9, 0.9])


def test_simulated_time_is_another_than_that_of_the_steady_clock():
    quick, slow = Robot(), Robot()
    for _ in range(20):
        np.testing.assert_array_equal(quick.step(after=1e-4).command, slow.step().command)


def test_missed_steps_start_the_history_anew():
    robot = Robot()
    robot.steps(5)
    robot.step(has_state=False)
    request = robot.safe.observe(START, Measurement(joint_position=START, tilt=0.0))
    assert len(request.history) == 1


def test_a_bad_plan_is_counted_and_the_old_one_goes_on():
    robot = Robot()
    robot.steps(10)
    requests = [robot.safe.observe(START, Measurement(joint_position=START, tilt=0.0)) for _ in range(2)]
    request = next(request for request in requests if request is not None)
    with pytest.raises(PlanError, match="NaN"):
        robot.safe.accept(request, SimpleNamespace(states=np.full((MANIFEST.plan_steps, 2), np.nan)))
    assert robot.safe.refused_plans == 1
    assert robot.step().mode is ControlMode.ACTIVE


EVENTS = st.lists(
    st.fixed_dictionaries(
        {
            "has_state": st.booleans(),
            "tilt": st.sampled_from([0.0, 0.1, 2.0]),
            "measured": st.tuples(st.floats(-3, 3), st.floats(-3, 3)).map(np.array),
            "planned": st.tuples(st.floats(-50, 50), st.floats(-50, 50)).map(np.array),
        }
    ),
    min_size=1,
    max_size=60,
)


@given(events=EVENTS)
@settings(max_examples=60, deadline=None)
def test_whatever_happens_commands_are_finite_and_never_jump(events):
    robot = Robot(rest_pose=(0.0, 0.0))
    last = None
    for event in events:
        command = robot.step(**event).command
        if command is None:
            assert last is None
            continue
        assert np.isfinite(command).all()
        if last is None:
            np.testing.assert_allclose(
                command, np.clip(event["measured"], np.minimum(command, -1), np.maximum(command, 1))
            )
            last = event["measured"]
        assert np.abs(command - last).max() <= MAX_VELOCITY * STEP + 1e-9
        assert (np.abs(command) <= np.maximum(1.0, np.abs(last)) + 1e-12).all()
        last = command


@given(events=EVENTS)
@settings(max_examples=60, deadline=None)
def test_plan_seams_switches_holds_and_damping_keep_the_acceleration_limit(events):
    robot = Robot(max_acceleration=[MAX_ACCELERATION] * 2, rest_pose=(0.0, 0.0))
    last, velocity = None, np.zeros(2)
    for event in events:
        command = robot.step(**event | {"measured": np.clip(event["measured"], -1.0, 1.0)}).command
        if command is None:
            continue
        if last is not None:
            new_velocity = (command - last) / STEP
            assert np.abs(new_velocity).max() <= MAX_VELOCITY + 1e-6
            assert np.abs(new_velocity - velocity).max() <= MAX_ACCELERATION * STEP + 1e-6
            velocity = new_velocity
        else:
            velocity = (command - robot.safe._measured.joint_position) / STEP
            assert np.abs(velocity).max() <= MAX_ACCELERATION * STEP + 1e-6
        last = command


def test_a_robot_that_holds_comes_to_rest_within_the_acceleration_limit_and_stays():
    robot = Robot(max_acceleration=[MAX_ACCELERATION] * 2)
    robot.steps(4, planned=np.array([-0.9, 0.9]))
    commands = np.stack([robot.step(has_state=False).command for _ in range(24)])
    assert robot.safe.decision.mode is ControlMode.HOLD
    np.testing.assert_array_equal(commands[-10:], np.tile(commands[-1], (10, 1)))


def test_a_pause_holds_the_last_command_and_ends_with_the_first_plan_for_what_is_asked():
    robot = Robot()
    active = robot.steps(12).command
    robot.safe.pause("nothing is asked")
    paused = [robot.step(planned=-PLANNED) for _ in range(5)]
    assert {decision.mode for decision in paused} == {ControlMode.HOLD}
    assert paused[-1].reason == "nothing is asked"
    assert all(decision.is_pause for decision in paused)
    np.testing.assert_array_equal(paused[-1].command, active)
    robot.planning = False
    robot.safe.controller.set_conditions(("something",))
    robot.safe.resume()
    assert robot.steps(3).mode is ControlMode.HOLD  # the plan there is was made for something else
    robot.planning = True
    assert robot.steps(4).mode is ControlMode.ACTIVE


def test_a_fault_in_a_pause_is_a_fault():
    robot = Robot()
    robot.steps(12)
    robot.safe.pause("nothing is asked")
    assert robot.steps(3).is_pause
    stale = [robot.step(has_state=False) for _ in range(20)][-1]
    assert (stale.mode, stale.is_pause) == (ControlMode.HOLD, False)
    assert "state" in stale.reason


def test_a_pause_does_not_hide_a_fault():
    robot = Robot()
    robot.steps(3)
    robot.safe.pause("nothing is asked")
    decision = robot.step(tilt=1.0)
    assert decision.mode is ControlMode.DAMPING
    assert "tilted" in decision.reason


def test_a_gripper_does_not_let_go_in_damping():
    robot = Robot(kept=(1,))
    last = robot.steps(12).command
    robot.safe.watchdog.trip("emergency stop")
    command = robot.step(measured=last + 0.05).command
    np.testing.assert_allclose(command, [last[0] + 0.05, last[1]])


@pytest.mark.parametrize("stopped", [False, True])
def test_a_gripper_does_not_let_go_where_commands_begin_anew(stopped):
    robot = Robot(kept=(1,))
    last = robot.steps(12).command
    robot.safe.activate(robot.now)
    if stopped:
        robot.safe.watchdog.trip("emergency stop")
    command = robot.step(measured=last + 0.05).command
    np.testing.assert_allclose(command, [last[0] + 0.05, last[1]])


def test_a_gripper_that_something_else_has_moved_begins_where_it_is():
    robot = Robot(kept=(1,))
    last = robot.steps(12).command
    robot.safe.activate(robot.now)
    elsewhere = last - [0.0, 1.1 * MAX_VELOCITY * 0.1]
    np.testing.assert_allclose(robot.step(measured=elsewhere).command, elsewhere)
