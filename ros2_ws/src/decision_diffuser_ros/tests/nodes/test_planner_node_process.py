"""Starting, refusing and leaving: the planner node's process."""

import os
import re
import signal
import time

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("decision_diffuser_msgs", reason="needs the workspace built and sourced")

from decision_diffuser_msgs.msg import PlannerStatus
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import DescribeParameters, SetParameters

from decision_diffuser_ros.evaluation.process_facts import is_running
from decision_diffuser_ros.nodes.planner_parameters import SPECS
from decision_diffuser_ros.simulation.quadruped_model import JOINT_NAMES, STANDING_POSE
from tests.bundles import make_quadruped_bundle
from tests.nodes.processes import NodeProcess, command_line
from tests.nodes.robot import Robot
from tests.waiting import wait_until

pytestmark = pytest.mark.ros
LEGS_FROM_BEHIND = tuple(JOINT_NAMES[3 * leg + joint] for leg in (3, 2, 1, 0) for joint in range(3))


def planner_of(bundle, log, *, namespace, **parameters):
    parameters = {"use_sim_time": True, "synchronous_planning": True, "bundle": bundle, **parameters}
    parameters.setdefault("watchdog.frozen_after", 0.0)  # these robots say the same again and again
    return NodeProcess("planner_node", log, parameters=parameters, namespace=namespace)


def set_parameter(robot, name, value):
    kinds = {str: ("PARAMETER_STRING", "string_value"), float: ("PARAMETER_DOUBLE", "double_value")}
    kinds[list] = ("PARAMETER_STRING_ARRAY", "string_array_value")
    kind, field = kinds[type(value)]
    message = ParameterValue(type=getattr(ParameterType, kind), **{field: value})
    request = SetParameters.Request(parameters=[Parameter(name=name, value=message)])
    return robot.call(SetParameters, "set_parameters", request).results[0]


def test_what_does_not_fit_is_refused_at_configure_until_it_does(context, standing_bundle, tmp_path):
    damaged = make_quadruped_bundle(tmp_path / "damaged")
    graph = damaged / "denoiser.onnx"
    content = bytearray(graph.read_bytes())
    content[100] ^= 1
    graph.write_bytes(content)
    planner = planner_of(damaged, tmp_path / "log", namespace="refused")
    robot = Robot(context, namespace="refused")
    try:
        assert_parameters_are_described(robot)
        assert not robot.transition("configure")
        message = robot.wait_for_status(lambda status: bool(status.message)).message
        assert "denoiser.onnx: expected SHA-256" in message
        assert ", got " in message
        for name, wrong, right, expected in (
            ("bundle", "no_such_model", str(standing_bundle), "model 'no_such_model' is not shipped; available:"),
            ("step_duration", 0.01, 0.02, "expected 0.02 s, got 0.01 s"),
            ("joints", ["wheel"], list(JOINT_NAMES), "expected FR_hip_joint, .* got wheel"),
            ("skill", "galop", "trot", "available: bound, pace, trot"),
            ("condition", "trot & galop", "pace | bound", "at character 8 of 'trot & galop': 'galop' is not in model"),
            ("command_interface", "torque", "forward_command", "must be one of forward_command, joint_trajectory"),
        ):
            assert set_parameter(robot, "bundle", str(standing_bundle)).successful
            assert set_parameter(robot, name, wrong).successful
            assert not robot.transition("configure"), name
            assert matches(expected, robot.wait_for_status(lambda s, e=expected: matches(e, s.message)).message)
            assert set_parameter(robot, name, right).successful
        assert robot.transition("configure")
        status = robot.wait_for_mode(PlannerStatus.INACTIVE)
        assert (status.model, status.condition) == ("quadruped_gaits", "pace | bound")
        refusal = set_parameter(robot, "skill", "pace")
        assert not refusal.successful
        assert "is read at configure" in refusal.reason
        assert planner.stop() == 0
    finally:
        planner.stop(signal.SIGKILL)
        robot.close()


def matches(pattern, text):
    return re.search(pattern, text) is not None


def assert_parameters_are_described(robot):
    names = [spec.name for spec in SPECS]
    described = robot.call(DescribeParameters, "describe_parameters", DescribeParameters.Request(names=names))
    by_name = {descriptor.name: descriptor for descriptor in described.descriptors}
    assert all(by_name[name].description for name in names)
    assert by_name["blend_duration"].description.endswith("[s]")
    assert by_name["blend_duration"].floating_point_range[0].from_value == 0.0
    assert by_name["command_interface"].additional_constraints == "one of forward_command, joint_trajectory"


def test_ctrl_c_leaves_the_last_command_and_no_process(context, standing_bundle, tmp_path):
    planner = planner_of(standing_bundle, tmp_path / "log", namespace="ended", autostart=True)
    robot = Robot(context, namespace="ended")
    try:
        last = robot.steps(5)[-1]
        children = planner.children()
        assert children
        count = len(robot.commands)
        assert planner.stop(signal.SIGINT) == 0
        assert robot.spin_until(lambda: len(robot.commands) > count)
        np.testing.assert_array_equal(robot.commands[-1], last)
        assert robot.spin_until(lambda: not any(map(is_running, children)), timeout=5.0)
        assert "Traceback" not in planner.log
    finally:
        planner.stop(signal.SIGKILL)
        robot.close()


def test_sigterm_during_configure_does_not_wait_for_the_planners_process(standing_bundle, tmp_path):
    planner = planner_of(standing_bundle, tmp_path / "log", namespace="impatient", autostart=True)
    try:
        wait_until(lambda: any("spawn_main" in command_line(child) for child in planner.children()))
        child = planner.planner_child()
        os.kill(child, signal.SIGSTOP)  # it will not be ready
        began = time.monotonic()
        assert planner.stop(signal.SIGTERM) == 0
        assert time.monotonic() - began < 10.0  # of the 60 s that it might take
        assert "not configured: the start was interrupted" in planner.log
        assert not is_running(child)
    finally:
        planner.stop(signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_wait_for_the_robot_description(context, standing_bundle, tmp_path, number):
    parameters = {"autostart": True, "robot_description_topic": "nobody", "robot_description_timeout": 3600.0}
    planner = planner_of(standing_bundle, tmp_path / "log", namespace="undescribed", **parameters)
    robot = Robot(context, namespace="undescribed")
    try:
        assert robot.spin_until(lambda: "planner_description_listener" in robot.node.get_node_names())
        assert planner.stop(number) == 0  # of the hour that it would wait
        reason = "not configured: the wait for a robot description on 'nobody' was interrupted"
        assert reason in planner.log
        assert "Traceback" not in planner.log
    finally:
        planner.stop(signal.SIGKILL)
        robot.close()


def test_a_node_that_was_shut_down_stays_finalized_and_ends_in_order(context, standing_bundle, tmp_path):
    planner = planner_of(standing_bundle, tmp_path / "log", namespace="finalized", autostart=True)
    robot = Robot(context, namespace="finalized")
    try:
        robot.steps(2)
        assert robot.transition("active_shutdown")
        assert robot.wait_for_mode(PlannerStatus.FINALIZED).message == "shut down"
        heard = len(robot.statuses)
        assert robot.spin_until(lambda: len(robot.statuses) >= heard + 2)  # one a second
        assert {status.mode for status in robot.statuses[heard:]} == {PlannerStatus.FINALIZED}
        assert planner.stop(signal.SIGTERM) == 0
        assert "Traceback" not in planner.log
    finally:
        planner.stop(signal.SIGKILL)
        robot.close()


def test_two_robots_in_two_namespaces_do_not_hear_each_other(context, standing_bundle, tmp_path):
    planners = [
        planner_of(standing_bundle, tmp_path / "one", namespace="one", autostart=True),
        planner_of(
            standing_bundle,
            tmp_path / "two",
            namespace="two",
            autostart=True,
            command_interface="joint_trajectory",
            joints=f"[{','.join(LEGS_FROM_BEHIND)}]",
        ),
    ]
    one, two = Robot(context, namespace="one"), Robot(context, namespace="two")
    try:
        one.position, two.position = STANDING_POSE + 0.05, STANDING_POSE + 0.01 * np.arange(12)
        np.testing.assert_allclose(one.step(), one.position, atol=1e-9)
        two.wait_for_mode(PlannerStatus.WAITING)
        assert not two.commands
        assert not two.trajectories
        two.spin_until(lambda: (two.say(), len(two.trajectories) > 0)[1])
        trajectory = two.trajectories[0]
        assert trajectory.joint_names == list(LEGS_FROM_BEHIND)
        expected = dict(zip(JOINT_NAMES, two.position, strict=True))
        assert dict(zip(trajectory.joint_names, trajectory.points[0].positions, strict=True)) == pytest.approx(expected)
        assert len(one.commands) == 1
        assert one.set_skill("pace").success
        assert two.list_skills().active == ["trot"]
        times = [point.time_from_start.sec + 1e-9 * point.time_from_start.nanosec for point in trajectory.points]
        assert (np.diff([0.0, *times]) > 0.0).all()
        assert all(len(point.velocities) == 12 for point in trajectory.points)
        assert [planner.stop(signal.SIGTERM) for planner in planners] == [0, 0]
    finally:
        for planner in planners:
            planner.stop(signal.SIGKILL)
        one.close()
        two.close()


def test_in_real_time_commands_go_on_between_states_and_stale_states_lead_to_hold_and_damping(
    context, standing_bundle, tmp_path
):
    planner = planner_of(
        standing_bundle,
        tmp_path / "log",
        namespace="real",
        autostart=True,
        use_sim_time=False,
        synchronous_planning=False,
        **{"watchdog.hold_after": 0.5, "watchdog.damping_after": 1.5},
    )
    robot = Robot(context, namespace="real")

    def talk_until(condition):
        def talk():
            robot.time += 0.01
            robot.say()
            return condition()

        assert robot.spin_until(talk), robot.status

    try:
        robot.wait_for_mode(PlannerStatus.WAITING)
        assert not robot.commands
        talk_until(lambda: robot.status.mode == PlannerStatus.ACTIVE)
        np.testing.assert_allclose(robot.commands[0], robot.position, atol=1e-9)
        talk_until(lambda: len(robot.commands) > 40)
        held = robot.wait_for_mode(PlannerStatus.HOLD)
        assert "no good" in held.message
        assert robot.wait_for_mode(PlannerStatus.DAMPING).stale_states >= 1
        count = len(robot.commands)
        assert robot.spin_until(lambda: len(robot.commands) > count + 5)
        change = np.abs(np.diff(robot.commands[count:], axis=0))
        assert change.max() <= 0.02 * 1.0 * 3  # damping.velocity, with up to two commands not heard
        robot.begin_anew()
        talk_until(lambda: robot.status.mode == PlannerStatus.ACTIVE)
        assert np.isfinite(robot.commands).all()
        assert planner.stop() == 0
    finally:
        planner.stop(signal.SIGKILL)
        robot.close()
