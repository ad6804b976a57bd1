"""The node `quadruped_sim`: a PyBullet A1 with the interface of a robot's controllers.

Out: /clock, joint_states, imu, odom, foot_contacts. In: either of the two kinds of command, and
~/push (a change of the base's velocity). It stands still until the first command.

In lockstep a state is answered by a command. Without lockstep the newest command holds.
"""

from __future__ import annotations

import numpy as np
from geometry_msgs.msg import Vector3
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.nodes import qos
from decision_diffuser_ros.nodes.command_topics import FORWARD_COMMAND_TOPIC, JOINT_TRAJECTORY_TOPIC
from decision_diffuser_ros.nodes.joint_targets import JointTargets
from decision_diffuser_ros.nodes.node_runner import run_node
from decision_diffuser_ros.nodes.quadruped_parameters import QuadrupedParameters
from decision_diffuser_ros.nodes.quadruped_publishers import QuadrupedPublishers
from decision_diffuser_ros.nodes.simulation_node import SimulationNode, joint_order
from decision_diffuser_ros.nodes.simulation_time import even_pieces
from decision_diffuser_ros.simulation.quadruped_model import JOINT_NAMES, STANDING_POSE
from decision_diffuser_ros.simulation.quadruped_world import QuadrupedWorld, QuadrupedWorldSettings

TRAJECTORY_INTERPOLATION_PERIOD = 0.005  # [s]


class QuadrupedSimNode(SimulationNode):
    """See the module."""

    _options: QuadrupedParameters
    _world: QuadrupedWorld

    def __init__(self) -> None:
        super().__init__("quadruped_sim", QuadrupedParameters.declare_and_read)
        options = self._options
        self._joint_names = joint_order(options.joints, JOINT_NAMES)
        self._to_world = [self._joint_names.index(name) for name in JOINT_NAMES]
        self._rng = np.random.default_rng(options.seed)
        self._world = QuadrupedWorld(
            QuadrupedWorldSettings(time_step=options.time_step, friction=options.friction, gui=options.gui)
        )
        self._outputs = QuadrupedPublishers(self, self._joint_names)
        self._place_robot()
        self.create_subscription(Float64MultiArray, FORWARD_COMMAND_TOPIC, self._take_command, qos.COMMAND)
        self.create_subscription(JointTrajectory, JOINT_TRAJECTORY_TOPIC, self._take_trajectory, qos.COMMAND)
        self.create_subscription(Vector3, "~/push", self._push, qos.COMMAND)
        self._begin(time_step=options.time_step)

    def _advance(self, duration: float) -> None:
        """Simulate `duration` [s], a multiple of the physics' step, with trajectories interpolated in between."""
        time_step = self._world.settings.time_step
        pieces = max(1, round(duration / TRAJECTORY_INTERPOLATION_PERIOD)) if self._targets.is_moving else 1
        for steps in even_pieces(round(duration / time_step), pieces):
            target = self._targets.at(self.simulated_time + steps * time_step)
            self._world.step(target[self._to_world], duration=steps * time_step)

    def _place_anew(self) -> str:
        self._place_robot()
        return "the robot stands at the origin"

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
        if self._accepts(lambda: self._targets.command(message.data)):
            self._time.note_answer()

    def _take_trajectory(self, message: JointTrajectory) -> None:
        if self._follow(self._targets, message):
            self._time.note_answer()

    def _push(self, message: Vector3) -> None:
        self._accepts(lambda: self._world.push(np.array([message.x, message.y, message.z])))


def main(args: list[str] | None = None) -> int:
    """Run the node; returns the exit code."""
    return run_node(
        QuadrupedSimNode, args, after_spin=QuadrupedSimNode.advance_when_due, spin_timeout=QuadrupedSimNode.spin_timeout
    )


if __name__ == "__main__":
    raise SystemExit(main())
