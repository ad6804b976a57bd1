"""Diagnostics, emergency stop, quality of service and the robot description, over real ROS."""

import os
import signal

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("decision_diffuser_msgs", reason="needs the workspace built and sourced")

from decision_diffuser_msgs.msg import PlannerStatus
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rcl_interfaces.srv import GetParameters
from rclpy.qos import ReliabilityPolicy
from std_msgs.msg import String
from std_srvs.srv import Trigger

from decision_diffuser_ros.nodes import qos
from decision_diffuser_ros.simulation.quadruped_model import (
    JOINT_LOWER,
    JOINT_NAMES,
    JOINT_UPPER,
    MAX_EFFORT,
    STANDING_POSE,
)
from tests.nodes.processes import NodeProcess, command_line
from tests.nodes.robot import CONTROL_PERIOD, Robot

pytestmark = pytest.mark.ros
PLANNER = {"use_sim_time": True, "synchronous_planning": True, "watchdog.frozen_after": 0.0}
SLOW = 0.5  # [rad/s]
DEPTHS = {"qos_overrides./diagnostics.publisher.depth": 3, "qos_overrides./guarded/planner/status.publisher.depth": 4}


def urdf(*, velocity):
    joints = "".join(
        f'<joint name="{name}" type="revolute">'
        f'<limit lower="{lower}" upper="{upper}" velocity="{velocity}" effort="{effort}"/></joint>'
        for name, lower, upper, effort in zip(JOINT_NAMES, JOINT_LOWER, JOINT_UPPER, MAX_EFFORT, strict=True)
    )
    return f'<robot name="a1">{joints}</robot>'


def level_of(reports, name):
    return next(report.level for report in reports.status if report.name.endswith(f": {name}"))


def test_diagnostics_emergency_stop_and_quality_of_service(context, standing_bundle, tmp_path):
    override = "qos_overrides./guarded/joint_states.subscription.reliability"
    parameters = {"bundle": standing_bundle, "watchdog.hold_after_in_simulation": 0.4, override: "reliable"} | DEPTHS
    planner = NodeProcess("planner_node", tmp_path / "log", parameters=PLANNER | parameters, namespace="guarded")
    robot = Robot(context, namespace="guarded")
    heard = []
    robot.node.create_subscription(DiagnosticArray, "/diagnostics", heard.append, qos.DIAGNOSTICS)

    def diagnosed(name, level):
        names = f"guarded/planner: {name}"
        return bool(heard) and any(report.name == names and report.level == level for report in heard[-1].status)

    try:
        assert robot.spin_until(lambda: diagnosed("mode", DiagnosticStatus.OK))
        stop_and_hear_of_it(robot, heard)  # before there is a model: it must hold all the same
        assert robot.transition("configure")
        assert_quality_of_service_is_overridden(robot)
        assert robot.transition("activate")
        commands = robot.steps(3)
        robot.wait_for_mode(PlannerStatus.DAMPING)
        np.testing.assert_allclose(commands, np.tile(robot.position, (3, 1)), atol=1e-9)
        assert robot.spin_until(lambda: diagnosed("mode", DiagnosticStatus.ERROR))
        assert robot.transition("deactivate")
        assert robot.transition("activate")
        robot.step()
        assert "emergency stop" in robot.wait_for_mode(PlannerStatus.DAMPING).message
        robot.begin_anew()
        robot.steps(10)
        robot.wait_for_mode(PlannerStatus.ACTIVE)
        heard.clear()
        assert robot.spin_until(lambda: diagnosed("mode", DiagnosticStatus.OK) or (robot.step() is None))
        names = [report.name.split(": ")[1] for report in heard[-1].status]
        assert names == ["mode", "commands", "plans", "readings", "limits"]
        assert heard[-1].status[0].hardware_id == "unitree_a1"
        plans = {pair.key: pair.value for pair in heard[-1].status[2].values}
        assert 0.0 < float(plans["inference p50 [ms]"]) <= float(plans["inference p99 [ms]"])
        robot.wait_for_mode(PlannerStatus.HOLD)
        assert robot.spin_until(lambda: diagnosed("mode", DiagnosticStatus.WARN))
        assert level_of(heard[-1], "readings") == DiagnosticStatus.WARN
        assert planner.stop() == 0
    finally:
        planner.stop(signal.SIGKILL)
        robot.close()


def stop_and_hear_of_it(robot, heard):
    assert robot.call(Trigger, "estop").success
    said = "emergency stop in force until ~/reset"
    assert robot.spin_until(lambda: any(report.message == said for report in heard[-1].status))
    assert level_of(heard[-1], "mode") == DiagnosticStatus.WARN


def test_an_emergency_stop_and_a_fall_need_no_planner(context, standing_bundle, tmp_path):
    parameters = {"bundle": standing_bundle, "planner_process.restart_limit": 0}
    planner = NodeProcess("planner_node", tmp_path / "log", parameters=PLANNER | parameters, namespace="planless")
    robot = Robot(context, namespace="planless")
    try:
        assert robot.transition("configure")
        assert robot.transition("activate")
        robot.steps(3)
        os.kill(planner.planner_child(), signal.SIGKILL)
        robot.begin_anew()
        robot.say()
        robot.wait_for_mode(PlannerStatus.WAITING)
        assert robot.call(Trigger, "estop").success
        robot.position = STANDING_POSE + 0.2
        np.testing.assert_allclose(robot.step(), robot.position, atol=1e-9)
        assert "emergency stop" in robot.wait_for_mode(PlannerStatus.DAMPING).message
        robot.begin_anew()
        np.testing.assert_allclose(robot.step(roll=1.5), robot.position, atol=1e-9)
        assert "tilted" in robot.wait_for_mode(PlannerStatus.DAMPING).message
        assert planner.stop() == 0
    finally:
        planner.stop(signal.SIGKILL)
        robot.close()


def test_a_defect_in_configure_leaves_the_node_unconfigured_and_no_process(context, standing_bundle, tmp_path):
    override = "qos_overrides./defect/joint_states.subscription.reliability"
    parameters = {"bundle": standing_bundle, override: "sometimes"}
    planner = NodeProcess("planner_node", tmp_path / "log", parameters=PLANNER | parameters, namespace="defect")
    robot = Robot(context, namespace="defect")
    try:
        assert not robot.transition("configure")
        status = robot.wait_for_status(lambda status: bool(status.message))
        assert status.mode == PlannerStatus.UNCONFIGURED
        assert status.message.startswith("a transition failed: on_configure: RuntimeError(")
        assert "a defect, in on_configure: Traceback" in planner.log
        assert not robot.transition("activate")
        assert not any("spawn_main" in command_line(child) for child in planner.children())
        assert planner.stop() == 0
    finally:
        planner.stop(signal.SIGKILL)
        robot.close()


def assert_quality_of_service_is_overridden(robot):
    values = robot.call(GetParameters, "get_parameters", GetParameters.Request(names=list(DEPTHS))).values
    assert [value.integer_value for value in values] == list(DEPTHS.values())  # what no publisher declares is not there
    for topic, expected in (("joint_states", ReliabilityPolicy.RELIABLE), ("imu", ReliabilityPolicy.BEST_EFFORT)):
        assert robot.spin_until(lambda t=topic: robot.node.get_subscriptions_info_by_topic(f"/guarded/{t}"))
        (found,) = robot.node.get_subscriptions_info_by_topic(f"/guarded/{topic}")
        assert found.qos_profile.reliability == expected, topic


def test_limits_of_the_robot_description_hold_and_parameters_narrow_what_is_published(
    context, standing_bundle, tmp_path
):
    parameters = {
        "bundle": standing_bundle,
        "robot_description_topic": "robot_description",
        "limits.velocity": f"[{', '.join([str(SLOW)] * 12)}]",
    }
    planner = NodeProcess("planner_node", tmp_path / "log", parameters=PLANNER | parameters, namespace="described")
    robot = Robot(context, namespace="described")
    publisher = robot.node.create_publisher(String, "robot_description", qos.DESCRIPTION)
    try:
        publisher.publish(String(data=urdf(velocity=0.5 * SLOW)))
        assert not robot.transition("configure")
        expected = f"velocity limit of joint '{JOINT_NAMES[0]}' is wider than the robot description's"
        robot.wait_for_status(lambda status: expected in status.message)
        publisher.publish(String(data=urdf(velocity=60.0)))
        assert robot.transition("configure")
        assert robot.transition("activate")
        robot.position = STANDING_POSE + 0.3
        commands = np.vstack([robot.position, robot.steps(25)])
        assert np.abs(np.diff(commands, axis=0)).max() == pytest.approx(SLOW * CONTROL_PERIOD, rel=1e-6)
        assert planner.stop() == 0
    finally:
        planner.stop(signal.SIGKILL)
        robot.close()
