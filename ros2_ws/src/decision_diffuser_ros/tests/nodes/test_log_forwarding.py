"""What the package logs reaches the planner node's log and /rosout, as severely, for as long as there is a node."""

import logging
import os
import signal
import threading

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("decision_diffuser_msgs", reason="needs the workspace built and sourced")

import onnxruntime
import rclpy
from rcl_interfaces.msg import Log
from rclpy.logging import LoggingSeverity
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.signals import SignalHandlerOptions

from decision_diffuser_ros.nodes.log_forwarding import PACKAGE_LOGGER, LogForwarding
from decision_diffuser_ros.nodes.planner_node import PlannerNode
from tests.nodes.processes import NodeProcess
from tests.nodes.robot import Robot
from tests.waiting import wait_until

pytestmark = pytest.mark.ros
LEVELS = ("debug", "info", "warning", "error", "critical")
SEVERITIES = (Log.DEBUG, Log.INFO, Log.WARN, Log.ERROR, Log.FATAL)


@pytest.fixture
def robot(context):
    """A robot that hears /rosout, in `robot.said`."""
    robot = Robot(context, namespace="talkative")
    robot.said = []
    profile = QoSProfile(depth=1000, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    robot.node.create_subscription(Log, "/rosout", robot.said.append, profile)
    yield robot
    robot.close()


@pytest.fixture
def forwarding(robot, caplog):
    """All that the package logs, forwarded by the robot's node."""
    caplog.set_level(logging.DEBUG, logger=PACKAGE_LOGGER)
    robot.node.get_logger().set_level(LoggingSeverity.DEBUG)
    forwarding = LogForwarding(robot.node.get_logger())
    yield forwarding
    forwarding.close()


def heard(robot, text):
    """Severities with which /rosout has said this text."""
    return [each.level for each in robot.said if text in each.msg]


def test_each_level_is_said_as_severely_again_and_again_and_from_any_thread(robot, forwarding):
    logger = logging.getLogger(f"{PACKAGE_LOGGER}.control.somewhere")

    def log_all():
        for level in LEVELS * 2:
            getattr(logger, level)("all of %s", "it")

    threads = [threading.Thread(target=log_all) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = sorted(SEVERITIES * 6)
    assert robot.spin_until(lambda: sorted(heard(robot, "all of it")) == expected), heard(robot, "all of it")


def test_a_record_with_an_exception_is_said_with_it(robot, forwarding):
    try:
        raise KeyError("lost key")
    except KeyError:
        logging.getLogger(PACKAGE_LOGGER).exception("a defect")
    assert robot.spin_until(lambda: heard(robot, "KeyError: 'lost key'") == [Log.ERROR])


def test_a_record_that_cannot_be_said_does_not_end_who_logs(robot, forwarding, capsys):
    class Unsayable:
        def __str__(self):
            raise ValueError("no words")

    logging.getLogger(PACKAGE_LOGGER).removeHandler(forwarding)
    logger = logging.Logger("unsayable")  # without pytest's own handler, which raises
    logger.addHandler(forwarding)
    logger.warning("%s", Unsayable())
    assert "no words" in capsys.readouterr().err
    logger.warning("words")
    assert robot.spin_until(lambda: heard(robot, "words") == [Log.WARN])


def test_planner_nodes_forward_until_they_are_destroyed(capfd):
    def lines(text):
        logging.getLogger(f"{PACKAGE_LOGGER}.control").warning(text)
        said = capfd.readouterr()
        return [line for line in (said.out + said.err).splitlines() if "[WARN]" in line and text in line]

    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    try:
        first, second = PlannerNode(), PlannerNode()
        assert len(lines("both")) == 2
        first.close()
        first.destroy_node()
        assert len(lines("one")) == 1
        second.close()
        second.destroy_node()
        assert lines("none") == []
    finally:
        rclpy.try_shutdown()


@pytest.mark.skipif(
    "CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="plans would be made on the GPU"
)
def test_the_fallback_to_the_cpu_and_a_process_that_is_given_up_are_told(robot, standing_bundle, tmp_path):
    parameters = {"device": "cuda", "allow_cpu_fallback": True, "planner_process.restart_limit": 0}
    parameters |= {"bundle": standing_bundle, "use_sim_time": True}
    planner = NodeProcess("planner_node", tmp_path / "log", parameters=parameters, namespace="talkative")
    try:
        assert robot.transition("configure")
        fallback = "planner process: execution provider CUDAExecutionProvider is not available"
        assert robot.spin_until(lambda: heard(robot, fallback) == [Log.WARN])
        os.kill(planner.planner_child(), signal.SIGKILL)
        lost = "planner process lost: it was ended by signal 9; it is given up until cleanup and configure"
        assert robot.spin_until(lambda: heard(robot, lost) == [Log.ERROR])
        for severity, text in (("WARN", fallback), ("ERROR", lost)):
            wait_until(lambda text=text: text in planner.log)
            (line,) = [line for line in planner.log.splitlines() if text in line]
            assert f"[{severity}]" in line
        assert planner.stop() == 0
    finally:
        planner.stop(signal.SIGKILL)
