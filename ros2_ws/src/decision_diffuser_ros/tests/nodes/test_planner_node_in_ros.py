"""The planner node as a process, over real ROS topics and services, with a robot made of messages."""

import os
import re
import signal

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("decision_diffuser_msgs", reason="needs the workspace built and sourced")

from decision_diffuser_msgs.msg import PlannerStatus
from rclpy.qos import DurabilityPolicy
from std_srvs.srv import Trigger

from decision_diffuser_ros.simulation.quadruped_model import (
    JOINT_LOWER,
    JOINT_NAMES,
    JOINT_UPPER,
    MAX_VELOCITY,
    STANDING_POSE,
)
from tests.nodes.processes import NodeProcess
from tests.nodes.robot import CONTROL_PERIOD, Robot

pytestmark = pytest.mark.ros

HOLD_AFTER = 0.5  # [s]


@pytest.fixture(scope="module")
def planner(standing_bundle, tmp_path_factory):
    """A planner that has configured and activated itself, in simulated time, waiting for its plans."""
    node = start_planner(standing_bundle, tmp_path_factory.mktemp("planner") / "log")
    yield node
    node.stop()


def start_planner(bundle, log, *, namespace="", **parameters):
    defaults = {
        "autostart": True,
        "use_sim_time": True,
        "synchronous_planning": True,
        "bundle": bundle,
        "watchdog.hold_after_in_simulation": HOLD_AFTER,
        "watchdog.frozen_after": 0.0,  # this robot says the same again and again
    }
    return NodeProcess("planner_node", log, parameters={**defaults, **parameters}, namespace=namespace)


@pytest.fixture(scope="module")
def shared_robot(context, planner):
    robot = Robot(context)
    robot.wait_for_status(lambda status: status.mode >= PlannerStatus.WAITING)
    yield robot
    robot.close()


@pytest.fixture
def robot(shared_robot):
    """A robot whose planner begins anew."""
    shared_robot.position = STANDING_POSE.copy()
    shared_robot.set_condition("trot")
    shared_robot.begin_anew()
    shared_robot.wait_for_mode(PlannerStatus.WAITING)
    return shared_robot


def assert_safe(commands, start):
    """Finite, inside the limits, and no step larger than the joints' velocity limits allow."""
    assert np.isfinite(commands).all()
    assert (commands >= JOINT_LOWER - 1e-6).all()
    assert (commands <= JOINT_UPPER + 1e-6).all()
    change = np.abs(np.diff(np.vstack([start, commands]), axis=0))
    assert (change <= MAX_VELOCITY * CONTROL_PERIOD + 1e-9).all()


def test_the_first_command_is_the_current_pose_and_all_are_safe(robot):
    robot.position = STANDING_POSE + 0.1 * np.cos(np.arange(12))
    commands = robot.steps(30)
    np.testing.assert_allclose(commands[0], robot.position, atol=1e-9)
    assert np.abs(commands[-1] - robot.position).max() > 0.05
    assert_safe(commands, robot.position)
    status = robot.wait_for_mode(PlannerStatus.ACTIVE)
    assert status.model == "quadruped_gaits"
    assert status.skills == ["trot"]


def test_joints_are_found_by_name_in_any_order_beside_others(robot):
    robot.position = STANDING_POSE + 0.1 * np.cos(np.arange(12))
    order = np.random.default_rng(0).permutation(12)
    names = ["wheel", *(JOINT_NAMES[index] for index in order)]
    command = robot.step(names=names, position=[9.0, *robot.position[order]])
    np.testing.assert_allclose(command, robot.position, atol=1e-9)


def test_an_unknown_skill_is_refused_with_the_list_and_the_gait_goes_on(robot):
    robot.steps(3)
    response = robot.set_skill("galop")
    assert not response.success
    assert response.message == "skill 'galop' is not in model 'quadruped_gaits'; available: bound, pace, trot"
    assert_safe(robot.steps(3), robot.position)
    assert robot.list_skills().active == ["trot"]
    assert robot.status.mode == PlannerStatus.ACTIVE


def test_a_switch_is_acknowledged_and_changes_the_commands(robot):
    before = robot.steps(25)[-1]
    response = robot.set_skill("pace", "bound", weights=[0.7, 0.3], number_names=["forward_speed"], numbers=[0.4])
    assert response.success
    assert response.message == "0.7*pace & 0.3*bound & forward_speed=0.4"
    status = robot.wait_for_status(lambda status: status.skills == ["pace", "bound"])
    assert status.condition == response.message
    assert list(status.weights) == [0.7, 0.3]
    after = robot.steps(3)
    assert np.abs(after[-1] - before).max() > 1e-3
    assert_safe(after, before)


def test_a_condition_is_asked_as_an_expression_and_answered_in_normal_form(robot):
    before = robot.steps(25)[-1]
    response = robot.set_condition("0.7*trot&!(bound | 0.3*pace) & forward_speed = 0.5")
    assert response.success
    assert response.normalised == "0.7*trot & !bound & 0.3*!pace & forward_speed=0.5"
    assert response.message == ""
    status = robot.wait_for_status(lambda status: status.condition == response.normalised)
    assert status.skills == ["trot", "bound", "pace"]
    assert list(status.weights) == [0.7, -1.0, -0.3]
    assert (status.number_names, list(status.numbers)) == (["forward_speed"], [0.5])
    after = robot.steps(3)
    assert np.abs(after[-1] - before).max() > 1e-3
    assert_safe(after, before)


def test_of_alternatives_one_is_followed_and_the_status_says_which(robot):
    response = robot.set_condition("pace | bound")
    assert (response.success, response.normalised) == (True, "pace | bound")
    robot.steps(6)
    status = robot.wait_for_status(lambda status: status.plan_condition in ("pace", "bound"))
    assert (status.condition, status.skills) == ("pace | bound", [])
    followed, plan_id = status.plan_condition, status.plan_id
    robot.steps(20)
    assert robot.wait_for_status(lambda status: status.plan_id > plan_id).plan_condition == followed
    assert robot.status.refused_plans == 0


def test_skills_asked_together_alternate_and_the_status_says_what_was_asked(robot):
    both = "trot & pace"
    assert robot.set_condition(both).success
    followed = [robot.step() is not None and robot.status.plan_condition for _ in range(60)]
    assert both in followed
    assert {"trot", "pace"} & set(followed)
    assert robot.wait_for_status(lambda status: status.plan_condition in ("trot", "pace")).condition == both
    assert robot.status.skills == ["trot", "pace"]


def test_an_alternative_that_contradicts_itself_is_left_out(robot):
    response = robot.set_condition("pace & !pace | bound")
    assert (response.success, response.normalised) == (True, "bound")
    assert "left out what cannot be fulfilled: pace & !pace: pace and !pace contradict" in response.message


@pytest.mark.parametrize(
    "expression, reason",
    [
        ("trot & & pace", "at character 8 of 'trot & & pace': expected "),
        ("galop", "'galop' is not in model 'quadruped_gaits'; available: bound, pace, trot, forward_speed=0 to 1.1"),
        ("forward_speed=3", "forward_speed must be a number from 0 to 1.1 [m/s], got 3"),
        ("bound & !bound", "bound and !bound contradict each other"),
        ("!" * 500 + "trot", "at most 100 of (, ! and *"),
    ],
)
def test_a_condition_that_is_refused_changes_nothing(robot, expression, reason):
    robot.set_condition("pace & forward_speed=0.4")
    robot.steps(3)
    response = robot.set_condition(expression)
    assert (response.success, response.normalised) == (False, "")
    assert reason in response.message
    assert "\n" not in response.message
    assert_safe(robot.steps(3), robot.position)
    assert robot.list_skills().condition == "pace & forward_speed=0.4"


def test_numbers_of_a_condition_stay_when_another_skill_is_set(robot):
    assert robot.set_condition("(pace | bound) & forward_speed=0.4").success
    assert robot.set_skill("trot").message == "trot & forward_speed=0.4"


def test_skills_are_listed_with_the_numbers_the_model_takes(robot):
    response = robot.list_skills()
    assert response.skills == ["trot", "pace", "bound"]
    assert response.number_names == ["forward_speed"]
    assert response.number_units == ["m/s"]


@pytest.mark.parametrize(
    "reading, reason",
    [
        ({"names": JOINT_NAMES[1:], "position": STANDING_POSE[1:]}, "joint 'FR_hip_joint' is missing"),
        ({"position": [*STANDING_POSE[:-1], np.nan]}, "position of joint 'RL_lower_joint' must be finite. Got nan"),
        ({"position": STANDING_POSE[1:]}, "12 names but 11 values of position"),
        ({"velocity": [*np.zeros(11), np.inf]}, "velocity of joint 'RL_lower_joint' must be finite"),
        ({"orientation": (0.0, 0.0, 0.0, 0.0)}, "must be a unit quaternion"),
    ],
)
def test_bad_readings_are_refused_and_counted_and_the_robot_holds(robot, reading, reason):
    held = robot.steps(5)[-1]
    count = len(robot.commands)
    refused_before = robot.status.refused_joint_states + robot.status.refused_imus
    robot.time += CONTROL_PERIOD
    robot.say(**reading)
    status = robot.wait_for_mode(PlannerStatus.HOLD)
    assert status.refused_joint_states + status.refused_imus == refused_before + 1
    assert status.message.startswith("no good ")
    assert reason in status.message
    np.testing.assert_allclose(robot.commands[count:], np.tile(held, (len(robot.commands) - count, 1)), atol=0.02)
    assert_safe(robot.steps(3), robot.commands[-1])


def test_states_that_stay_away_hold_the_last_command_and_come_back(robot):
    held = robot.steps(25)[-1]
    stale_before = robot.status.stale_states
    status = robot.wait_for_mode(PlannerStatus.HOLD)
    assert re.fullmatch(f"no good (IMU reading|joint state) for more than {HOLD_AFTER} s", status.message)
    assert status.stale_states == stale_before + 1
    np.testing.assert_allclose(robot.commands[-1], held, atol=1e-9)
    robot.spin_until(lambda: (robot.step(), robot.status.mode == PlannerStatus.ACTIVE)[1])


def test_a_missing_velocity_is_taken_from_the_positions(robot):
    robot.steps(3)
    assert_safe(robot.steps(5, velocity=[]), robot.position)
    assert robot.status.mode == PlannerStatus.ACTIVE


def test_a_tilted_robot_is_damped_until_reset(robot):
    robot.steps(3)
    robot.position = STANDING_POSE + 0.05
    command = robot.step(roll=1.2)
    assert "tilted by 1.20 rad" in robot.wait_for_mode(PlannerStatus.DAMPING).message
    np.testing.assert_allclose(command, robot.position, atol=1e-9)
    robot.steps(20)
    assert robot.status.mode == PlannerStatus.DAMPING
    robot.begin_anew()
    robot.step()
    robot.wait_for_mode(PlannerStatus.ACTIVE)


def test_an_emergency_stop_lasts_until_reset(robot):
    robot.steps(3)
    assert robot.call(Trigger, "estop").success
    robot.steps(3)
    assert "emergency stop" in robot.wait_for_mode(PlannerStatus.DAMPING).message
    robot.begin_anew()
    robot.step()
    robot.wait_for_mode(PlannerStatus.ACTIVE)


def test_a_plan_is_previewed_for_those_who_look(robot):
    robot.look_at_plans()
    robot.spin_until(lambda: (robot.step(), len(robot.plans) > 0)[1])
    plan = robot.plans[-1]
    assert plan.joint_names == list(JOINT_NAMES)
    assert len(plan.points) == 24
    times = [point.time_from_start.sec + 1e-9 * point.time_from_start.nanosec for point in plan.points]
    np.testing.assert_allclose(np.diff([0.0, *times]), CONTROL_PERIOD, rtol=1e-6)
    assert len(plan.points[0].velocities) == 12


def test_whoever_comes_late_is_told_the_last_status_too(robot):
    (status,) = robot.node.get_publishers_info_by_topic("planner/status")
    assert status.qos_profile.durability == DurabilityPolicy.TRANSIENT_LOCAL


def test_a_killed_planner_process_is_replaced_while_commands_go_on(robot, planner):
    robot.steps(3)
    restarts = robot.status.planner_restarts
    os.kill(planner.planner_child(), signal.SIGKILL)
    commands = robot.steps(30)
    robot.wait_for_status(lambda status: status.planner_restarts == restarts + 1)
    assert_safe(commands, robot.position)
    robot.spin_until(lambda: (robot.step(), robot.status.mode == PlannerStatus.ACTIVE)[1])


def test_deactivate_leaves_the_last_command_and_the_node_can_be_configured_again(robot):
    last = robot.steps(10)[-1]
    count = len(robot.commands)
    assert robot.transition("deactivate")
    assert robot.spin_until(lambda: len(robot.commands) > count)
    np.testing.assert_array_equal(robot.commands[-1], last)
    robot.wait_for_mode(PlannerStatus.INACTIVE)
    robot.time += CONTROL_PERIOD
    robot.say()
    assert not robot.spin_until(lambda: len(robot.commands) > count + 1, timeout=0.3)
    assert robot.transition("cleanup")
    robot.wait_for_mode(PlannerStatus.UNCONFIGURED)
    assert robot.set_skill("trot").message == "no model is loaded yet; configure the node first"
    assert robot.set_condition("trot").message == "no model is loaded yet; configure the node first"
    assert robot.transition("configure")
    assert robot.transition("activate")
    robot.wait_for_mode(PlannerStatus.WAITING)
    assert_safe(robot.steps(3), robot.position)
