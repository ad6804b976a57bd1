"""A robot made of messages: says what the test wants and hears what the planner commands, in lockstep."""

import math
import time
from collections.abc import Callable

import numpy as np
from decision_diffuser_msgs.msg import PlannerStatus
from decision_diffuser_msgs.srv import ListSkills, SetCondition, SetSkill
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import Imu, JointState
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from decision_diffuser_ros.nodes import qos
from decision_diffuser_ros.nodes.messages import stamp_of
from decision_diffuser_ros.simulation.quadruped_model import JOINT_NAMES, STANDING_POSE
from tests.waiting import TIMEOUT

CONTROL_PERIOD = 0.02
QUIET = 0.3  # [s], after which an answer is not expected any more


class Robot:
    """Publishes joint states and IMU, collects commands and status of the planner in its namespace."""

    def __init__(self, context, *, namespace: str = "") -> None:
        self.node = Node("robot", namespace=namespace, context=context)
        self._executor = SingleThreadedExecutor(context=context)
        self._executor.add_node(self.node)
        self.commands: list[np.ndarray] = []
        self.trajectories: list[JointTrajectory] = []
        self.statuses: list[PlannerStatus] = []
        self.plans: list[JointTrajectory] = []
        self.time = 100.0
        self.position = STANDING_POSE.copy()
        self._joint_states = self.node.create_publisher(JointState, "joint_states", qos.SENSOR_OUTPUT)
        self._imu = self.node.create_publisher(Imu, "imu", qos.SENSOR_OUTPUT)
        subscribe = self.node.create_subscription
        subscribe(Float64MultiArray, "joint_group_position_controller/commands", self._take_command, 100)
        subscribe(JointTrajectory, "joint_trajectory_controller/joint_trajectory", self.trajectories.append, 100)
        subscribe(PlannerStatus, "planner/status", self.statuses.append, qos.STATUS)
        self._clients: dict = {}

    def _take_command(self, message: Float64MultiArray) -> None:
        self.commands.append(np.array(message.data))

    @property
    def status(self) -> PlannerStatus:
        """The last status heard."""
        return self.statuses[-1]

    def look_at_plans(self) -> None:
        """Subscribe to the plan preview."""
        self.node.create_subscription(JointTrajectory, "planner/plan", self.plans.append, qos.PREVIEW)

    def spin_until(self, condition: Callable[[], bool], *, timeout: float = TIMEOUT) -> bool:
        """Handle messages until the condition holds; returns whether it did within `timeout` [s]."""
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > deadline:
                return False
            self._executor.spin_once(timeout_sec=0.02)
        return True

    def say(self, *, names=JOINT_NAMES, position=None, velocity=None, roll: float = 0.0, orientation=None) -> None:
        """Publish one IMU reading and joint state of the time now, by default of a level robot at rest."""
        position = self.position if position is None else position
        velocity = np.zeros(len(names)) if velocity is None else velocity
        stamp = stamp_of(self.time)
        imu, joints = Imu(), JointState(name=list(names))
        imu.header.stamp = joints.header.stamp = stamp
        q = (math.sin(roll / 2), 0.0, 0.0, math.cos(roll / 2)) if orientation is None else orientation
        imu.orientation.x, imu.orientation.y, imu.orientation.z, imu.orientation.w = q
        joints.position, joints.velocity = [float(p) for p in position], [float(v) for v in velocity]
        self._imu.publish(imu)
        self._joint_states.publish(joints)

    def step(self, **reading) -> np.ndarray:
        """One control step of a good reading: returns the planner's answer; time goes on."""
        self.time += CONTROL_PERIOD
        count = len(self.commands)
        deadline = time.monotonic() + TIMEOUT
        while len(self.commands) == count:
            assert time.monotonic() < deadline, f"no command; status: {self.status}"
            self.say(**reading)  # again and again: readings are best effort
            self.spin_until(lambda: len(self.commands) > count, timeout=QUIET)
        return self.commands[-1]

    def steps(self, count: int, **reading) -> np.ndarray:
        """Several control steps: returns the answers, (count, 12)."""
        return np.stack([self.step(**reading) for _ in range(count)])

    def wait_for_status(self, condition: Callable[[PlannerStatus], bool]) -> PlannerStatus:
        """Handle messages until a status fulfils the condition; returns it."""
        heard = self.spin_until(lambda: bool(self.statuses) and condition(self.status))
        assert heard, f"the status stayed {self.statuses[-1] if self.statuses else 'unheard'}"
        return self.status

    def wait_for_mode(self, mode: int) -> PlannerStatus:
        """Handle messages until the planner is in this mode."""
        return self.wait_for_status(lambda status: status.mode == mode)

    def call(self, kind: type, service: str, request=None):
        """Call a service of the planner and return its response."""
        client = self._clients.get(service) or self.node.create_client(kind, f"planner/{service}")
        self._clients[service] = client
        assert self.spin_until(client.service_is_ready), f"service {service} is not there"
        future = client.call_async(request or kind.Request())
        assert self.spin_until(future.done), f"service {service} does not answer"
        return future.result()

    def set_skill(self, *skills: str, **options):
        """Call ~/set_skill."""
        return self.call(SetSkill, "set_skill", SetSkill.Request(skills=skills, **options))

    def set_condition(self, expression: str):
        """Call ~/set_condition."""
        return self.call(SetCondition, "set_condition", SetCondition.Request(expression=expression))

    def list_skills(self):
        """Call ~/list_skills."""
        return self.call(ListSkills, "list_skills")

    def begin_anew(self) -> None:
        """Call ~/reset and forget what was heard."""
        assert self.call(Trigger, "reset").success
        self.commands.clear()

    def transition(self, name: str) -> bool:
        """Ask for a lifecycle transition: configure, activate, deactivate, cleanup; returns whether it succeeded."""
        identity = getattr(Transition, f"TRANSITION_{name.upper()}")
        request = ChangeState.Request(transition=Transition(id=identity))
        return self.call(ChangeState, "change_state", request).success

    def close(self) -> None:
        """Leave."""
        self._executor.shutdown()
        self.node.destroy_node()
