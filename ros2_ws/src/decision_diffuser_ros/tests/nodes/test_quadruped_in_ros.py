"""The simulated robot and the planner as processes: the loop is closed in lockstep."""

import signal
import time

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("decision_diffuser_msgs", reason="needs the workspace built and sourced")
pytest.importorskip("pybullet", reason="needs PyBullet")

from decision_diffuser_msgs.msg import FootContacts, PlannerStatus
from geometry_msgs.msg import Vector3
from nav_msgs.msg import Odometry
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Imu, JointState
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from decision_diffuser_ros.control.message_readings import seconds_of
from decision_diffuser_ros.nodes import qos
from decision_diffuser_ros.nodes.messages import hold_trajectory, stamp_of
from decision_diffuser_ros.simulation.quadruped_model import JOINT_NAMES, STANDING_POSE
from decision_diffuser_ros.simulation.screen import SCREEN_VARIABLES
from tests.nodes.processes import NodeProcess
from tests.nodes.robot import CONTROL_PERIOD, Robot

pytestmark = pytest.mark.ros
TIMEOUT = 30.0


class Witness:
    """Hears everything that the simulated robot in a namespace says, and can command it."""

    def __init__(self, context, namespace):
        self.node = Node("witness", namespace=namespace, context=context)
        self._executor = SingleThreadedExecutor(context=context)
        self._executor.add_node(self.node)
        self.heard = {kind: [] for kind in (Clock, JointState, Imu, Odometry, FootContacts)}
        topics = {
            Clock: "/clock",
            JointState: "joint_states",
            Imu: "imu",
            Odometry: "odom",
            FootContacts: "foot_contacts",
        }
        for kind, topic in topics.items():
            self.node.create_subscription(kind, topic, self.heard[kind].append, qos.SENSOR_OUTPUT)
        self._commands = self.node.create_publisher(
            Float64MultiArray, "joint_group_position_controller/commands", qos.COMMAND
        )
        self._trajectories = self.node.create_publisher(
            JointTrajectory, "joint_trajectory_controller/joint_trajectory", qos.COMMAND
        )
        self.pushes = self.node.create_publisher(Vector3, "quadruped_sim/push", qos.COMMAND)

    @property
    def time(self):
        """Stamp of the last joint state [s]."""
        return seconds_of(self.heard[JointState][-1].header.stamp) if self.heard[JointState] else -1.0

    def spin_until(self, condition, *, timeout=TIMEOUT):
        return Robot.spin_until(self, condition, timeout=timeout)

    def command(self, targets):
        """Command joint targets and wait for the state after them."""
        time = self.time
        self.publish(targets)
        assert self.spin_until(lambda: self.time > time)

    def follow(self, targets):
        """Command a trajectory to joint targets, as the planner does, and wait for the state after it."""
        time = self.time
        message = hold_trajectory(JOINT_NAMES, targets, stamp=stamp_of(time), lead=0.005, step_duration=CONTROL_PERIOD)
        self._trajectories.publish(message)
        assert self.spin_until(lambda: self.time > time)

    def publish(self, targets):
        """Publish a command."""
        self._commands.publish(Float64MultiArray(data=[float(target) for target in targets]))

    def wait_for_connection(self):
        for publisher in (self._commands, self._trajectories):
            assert self.spin_until(lambda publisher=publisher: publisher.get_subscription_count() > 0)
        assert self.spin_until(lambda: all(self.heard.values()))

    def call(self, service):
        client = self.node.create_client(Trigger, service)
        assert self.spin_until(client.service_is_ready)
        future = client.call_async(Trigger.Request())
        assert self.spin_until(future.done)
        return future.result()

    def close(self):
        self._executor.shutdown()
        self.node.destroy_node()


def simulation(log, *, namespace, **parameters):
    parameters = {"real_time_factor": 0.0, "time_step": 0.002, **parameters}
    return NodeProcess("quadruped_sim_node", log, parameters=parameters, namespace=namespace)


def refusal(log, **parameters):
    """The one line with which the node ends."""
    sim = simulation(log, namespace="alone", **parameters)
    try:
        assert sim.process.wait(TIMEOUT) == 1
        (line,) = sim.log.splitlines()
        return line
    finally:
        sim.stop(signal.SIGKILL)


@pytest.fixture
def witness(context):
    witness = Witness(context, "alone")
    yield witness
    witness.close()


def test_signals_that_come_while_it_ends_do_not_kill_it(witness, tmp_path):
    sim = simulation(tmp_path / "log", namespace="alone")
    try:
        witness.wait_for_connection()
        while sim.process.poll() is None:
            sim.process.send_signal(signal.SIGINT)
            time.sleep(0.002)
        assert sim.process.returncode == 0
    finally:
        sim.stop(signal.SIGKILL)


def test_simulated_time_waits_for_commands_and_then_goes_on_by_one_control_period(witness, tmp_path):
    sim = simulation(tmp_path / "log", namespace="alone", lockstep_timeout=0.2)
    try:
        witness.wait_for_connection()
        repeated = len(witness.heard[JointState])
        assert witness.spin_until(lambda: len(witness.heard[JointState]) > repeated + 2)
        assert witness.spin_until(lambda: "simulated time waits at 0.000 s" in sim.log)
        assert witness.time == 0.0
        for tick in range(1, 6):
            witness.command(STANDING_POSE)
            assert witness.time == pytest.approx(tick * CONTROL_PERIOD)
        joints, imu = witness.heard[JointState][-1], witness.heard[Imu][-1]
        assert joints.name == list(JOINT_NAMES)
        np.testing.assert_allclose(joints.position, STANDING_POSE, atol=0.1)
        assert imu.linear_acceleration.z == pytest.approx(9.81, abs=6.0)
        assert witness.heard[Odometry][-1].header.frame_id == "odom"
        assert witness.heard[Odometry][-1].pose.pose.position.z == pytest.approx(0.3, abs=0.05)
        assert witness.heard[FootContacts][-1].names == ["FR", "FL", "RR", "RL"]
        time = witness.time
        for bad, reason in (([0.0] * 11, "must have 12 values. Got 11"), ([np.nan] * 12, "must be finite. Got nan")):
            witness.publish(bad)
            witness.spin_until(lambda: False, timeout=1.1)  # the log is throttled
            assert f"refused: the command {reason}" in sim.log
        assert witness.time == time
        assert witness.call("quadruped_sim/reset").success
        witness.command(STANDING_POSE)
        assert witness.time > time
        assert abs(witness.heard[Odometry][-1].twist.twist.linear.y) < 0.1
        witness.pushes.publish(Vector3(x=0.0, y=0.5, z=0.0))
        witness.spin_until(lambda: False, timeout=0.2)
        witness.command(STANDING_POSE)
        assert witness.heard[Odometry][-1].twist.twist.linear.y > 0.2
        witness.pushes.publish(Vector3(x=0.0, y=np.nan, z=0.0))
        assert witness.spin_until(lambda: "refused: the push must be finite [m/s]. Got nan" in sim.log)
        witness.command(STANDING_POSE)
        assert np.isfinite(witness.heard[JointState][-1].position).all()
        assert sim.stop() == 0
    finally:
        sim.stop(signal.SIGKILL)


@pytest.mark.parametrize("time_step", [0.0005, 0.001, 0.002, 0.004])
def test_in_lockstep_a_trajectory_takes_exactly_one_control_period(witness, tmp_path, time_step):
    sim = simulation(tmp_path / "log", namespace="alone", time_step=time_step)
    try:
        witness.wait_for_connection()
        for tick in range(1, 6):
            witness.follow(STANDING_POSE)
            assert witness.time == pytest.approx(tick * CONTROL_PERIOD, abs=1e-9)
    finally:
        sim.stop(signal.SIGKILL)


def test_without_lockstep_time_goes_on_by_the_state_period_while_a_trajectory_is_followed(witness, tmp_path):
    period = 0.011  # two pieces, of 5 and 6 steps
    sim = simulation(
        tmp_path / "log", namespace="alone", time_step=0.001, lockstep=False, real_time_factor=0.5,
        state_rate=1.0 / period, reaction_time=0.0,
    )  # fmt: skip
    try:
        witness.wait_for_connection()
        witness.follow(STANDING_POSE)
        states, count = witness.heard[JointState], len(witness.heard[JointState])
        assert witness.spin_until(lambda: len(states) > count + 10)
        steps = np.diff([seconds_of(state.header.stamp) for state in states[count:]]) / period
        np.testing.assert_allclose(steps, np.round(steps), atol=1e-6)
        assert steps.min() > 0.5
    finally:
        sim.stop(signal.SIGKILL)


@pytest.mark.parametrize(
    "parameters, period",
    [
        ({"time_step": 0.003}, "`control_period` must be a multiple of the physics' step of 0.003 s. Got 0.02 s"),
        (
            {"time_step": 0.002, "lockstep": False, "real_time_factor": 1.0, "state_rate": 200.0},
            "1 / `state_rate` must be a multiple of the physics' step of 0.002 s. Got 0.005 s",
        ),
    ],
)
def test_a_time_step_that_does_not_fit_is_refused_in_one_line(tmp_path, parameters, period):
    assert refusal(tmp_path / "log", **parameters).endswith(period)


def test_a_window_without_a_screen_is_refused_in_one_line(tmp_path, monkeypatch):
    for name in SCREEN_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    assert "`gui` needs a screen, and neither DISPLAY nor" in refusal(tmp_path / "log", gui=True)


def run_closed_loop(context, bundle, directory, namespace, *, seconds):
    """Run both nodes for some simulated seconds; returns the joint positions by stamp, and the robot's height."""
    directory.mkdir()
    witness = Witness(context, namespace)
    sim = simulation(directory / "sim", namespace=namespace, joint_noise=0.02, seed=3)
    witness.wait_for_connection()
    planner = NodeProcess(
        "planner_node",
        directory / "planner",
        parameters={"autostart": True, "use_sim_time": True, "synchronous_planning": True, "bundle": bundle},
        namespace=namespace,
    )
    try:
        assert witness.spin_until(lambda: witness.time >= seconds), planner.log + sim.log
        positions = {seconds_of(m.header.stamp): tuple(m.position) for m in witness.heard[JointState]}
        assert planner.stop() == 0
        assert sim.stop() == 0
        return positions, witness.heard[Odometry][-1].pose.pose.position.z
    finally:
        planner.stop(signal.SIGKILL)
        sim.stop(signal.SIGKILL)
        witness.close()


def test_the_loop_closes_in_lockstep_and_gives_the_same_motion_again(context, standing_bundle, tmp_path):
    first, height = run_closed_loop(context, standing_bundle, tmp_path / "first", "first", seconds=1.0)
    second, _ = run_closed_loop(context, standing_bundle, tmp_path / "second", "second", seconds=1.0)
    common = sorted(set(first) & set(second))  # under load a witness may miss some
    assert len(common) > 15
    assert common[-1] > 0.5
    assert height == pytest.approx(0.29, abs=0.06)
    for stamp in common:
        assert first[stamp] == second[stamp], f"at {stamp} s"


def test_the_planner_is_active_on_the_simulated_robot_without_lockstep(context, standing_bundle, tmp_path):
    sim = simulation(tmp_path / "sim", namespace="free", lockstep=False, real_time_factor=1.0, state_rate=100.0)
    planner = NodeProcess(
        "planner_node",
        tmp_path / "planner",
        parameters={"autostart": True, "use_sim_time": True, "bundle": standing_bundle},
        namespace="free",
    )
    robot = Robot(context, namespace="free")
    try:
        robot.wait_for_mode(PlannerStatus.ACTIVE)
        assert robot.spin_until(lambda: len(robot.commands) > 25)
        assert np.isfinite(robot.commands).all()
    finally:
        assert planner.stop() == 0
        assert sim.stop() == 0
        robot.close()
