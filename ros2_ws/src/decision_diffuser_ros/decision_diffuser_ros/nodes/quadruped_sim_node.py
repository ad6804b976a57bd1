"""The node `quadruped_sim`: a PyBullet A1 with the interface of a robot's controllers.

Out: /clock, joint_states, imu, odom, foot_contacts. In: either of the two kinds of command, and
~/push (a change of the base's velocity). It stands still until the first command.

In lockstep a state is answered by a command; see `simulation_time`. Without lockstep the newest command holds.
"""

from __future__ import annotations

import numpy as np
from geometry_msgs.msg import Vector3
from rclpy.node import Node
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from decision_diffuser_ros.errors import ConfigurationError, StateError
from decision_diffuser_ros.nodes import qos
from decision_diffuser_ros.nodes.command_topics import FORWARD_COMMAND_TOPIC, JOINT_TRAJECTORY_TOPIC
from decision_diffuser_ros.nodes.joint_targets import JointTargets
from decision_diffuser_ros.nodes.messages import seconds_of, trajectory_points
from decision_diffuser_ros.nodes.node_runner import run_node
from decision_diffuser_ros.nodes.quadruped_parameters import QuadrupedParameters
from decision_diffuser_ros.nodes.quadruped_publishers import QuadrupedPublishers
from decision_diffuser_ros.nodes.simulation_time import Due, SimulationTime, TimeSettings
from decision_diffuser_ros.simulation.quadruped_model import JOINT_NAMES, STANDING_POSE
from decision_diffuser_ros.simulation.quadruped_world import QuadrupedWorld, QuadrupedWorldSettings

TRAJECTORY_INTERPOLATION_PERIOD = 0.005  # [s]


class QuadrupedSimNode(Node):
    """See the module."""

    def __init__(self) -> None:
        super().__init__("quadruped_sim")
        self._options = QuadrupedParameters.declare_and_read(self)
        self._joint_names = self._options.joints or JOINT_NAMES
        if sorted(self._joint_names) != sorted(JOINT_NAMES):
            raise ConfigurationError(
                f"`joints` must be the robot's in any order: expected {', '.join(JOINT_NAMES)}, "
                f"got {', '.join(self._joint_names)}"
            )
        time_settings = TimeSettings.of(self._options)
        self._to_world = [self._joint_names.index(name) for name in JOINT_NAMES]
        self._rng = np.random.default_rng(self._options.seed)
        self._world = QuadrupedWorld(
            QuadrupedWorldSettings(
                time_step=self._options.time_step, friction=self._options.friction, gui=self._options.gui
            )
        )
        self._outputs = QuadrupedPublishers(self, self._joint_names)
        self._time_before_reset = 0.0
        self._place_robot()
        self.refused_commands = 0
        self.create_subscription(Float64MultiArray, FORWARD_COMMAND_TOPIC, self._take_command, qos.COMMAND)
        self.create_subscription(JointTrajectory, JOINT_TRAJECTORY_TOPIC, self._take_trajectory, qos.COMMAND)
        self.create_subscription(Vector3, "~/push", self._push, qos.COMMAND)
        self.create_service(Trigger, "~/reset", self._reset)
        self._time = SimulationTime(time_settings)
        self._publish()

    @property
    def simulated_time(self) -> float:
        """Time of /clock [s]; it never goes back."""
        return self._time_before_reset + self._world.time

    def advance_when_due(self) -> None:
        """Go on by one period if it is time for it, else send the state again if it is time for that."""
        due = self._time.due()
        if due is Due.ADVANCE:
            self._advance(self._time.period)
        if due is not Due.NOTHING:
            self._publish()
        if self._time.warning_is_due():
            self.get_logger().warning(
                f"no command for {self._options.lockstep_timeout:g} s; "
                f"simulated time waits at {self.simulated_time:.3f} s"
            )

    def spin_timeout(self) -> float:
        """Return how long to wait for messages before something is due [s]."""
        return self._time.wait()

    def close(self) -> None:
        """End the physics."""
        self._world.close()

    def _advance(self, duration: float) -> None:
        """Simulate `duration` [s], with trajectories interpolated in between."""
        steps = max(1, round(duration / TRAJECTORY_INTERPOLATION_PERIOD)) if self._targets.is_moving else 1
        for _ in range(steps):
            target = self._targets.at(self.simulated_time + duration / steps)
            self._world.step(target[self._to_world], duration=duration / steps)

    def _publish(self) -> None:
        self._time.note_published()
        self._outputs.publish(self._world, self.simulated_time)

    def _place_robot(self) -> None:
        pose = STANDING_POSE
        if self._options.initial_pose is not None:
            if len(self._options.initial_pose) != len(JOINT_NAMES):
                raise ConfigurationError(
                    f"`initial_pose` must have {len(JOINT_NAMES)} values. Got {len(self._options.initial_pose)}"
                )
            pose = np.array(self._options.initial_pose)[self._to_world]
        noise = self._rng.uniform(-1.0, 1.0, len(pose)) * self._options.joint_noise
        self._world.reset(joint_position=pose + noise)
        from_world = [JOINT_NAMES.index(name) for name in self._joint_names]
        self._targets = JointTargets(self._joint_names, self._world.joint_position[from_world])

    def _take_command(self, message: Float64MultiArray) -> None:
        try:
            self._targets.command(message.data)
        except StateError as error:
            self._refuse(error)
            return
        self._time.note_answer()

    def _take_trajectory(self, message: JointTrajectory) -> None:
        stamp = seconds_of(message.header.stamp)
        begin = max(stamp, self.simulated_time) if stamp > 0.0 else self.simulated_time
        try:
            self._targets.follow(message.joint_names, trajectory_points(message, begin), now=begin)
        except StateError as error:
            self._refuse(error)
            return
        self._time.note_answer()

    def _refuse(self, error: StateError) -> None:
        self.refused_commands += 1
        self.get_logger().error(f"command {self.refused_commands} refused: {error}", throttle_duration_sec=1.0)

    def _push(self, message: Vector3) -> None:
        self._world.push(np.array([message.x, message.y, message.z]))

    def _reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._time_before_reset = self.simulated_time + self._options.control_period
        self._place_robot()
        self._time.forget_answer()
        self._publish()
        response.success, response.message = True, "the robot stands at the origin; simulated time goes on"
        return response


def main(args: list[str] | None = None) -> int:
    """Run the node; returns the exit code."""
    return run_node(
        QuadrupedSimNode, args, after_spin=QuadrupedSimNode.advance_when_due, spin_timeout=QuadrupedSimNode.spin_timeout
    )


if __name__ == "__main__":
    raise SystemExit(main())
