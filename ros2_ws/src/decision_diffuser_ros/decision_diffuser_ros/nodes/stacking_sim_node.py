"""The node `stacking_sim`: a PyBullet Kuka iiwa with a gripper, with the interface of their controllers, and blocks.

Out: /clock, joint_states (arm and fingers), object_poses, camera/image_raw. In: joint trajectories for the arm, and the
gripper's opening [m] as the only element of gripper_controller/commands. It stands still until the first commands.

In lockstep a state is answered once arm and gripper both have their commands; see `simulation_time`.
"""

from __future__ import annotations

import numpy as np
from rclpy.node import Node
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from decision_diffuser_ros.errors import ConfigurationError, StateError
from decision_diffuser_ros.nodes import qos
from decision_diffuser_ros.nodes.command_topics import GRIPPER_COMMAND_TOPIC, JOINT_TRAJECTORY_TOPIC
from decision_diffuser_ros.nodes.joint_targets import JointTargets, TrajectoryPoint
from decision_diffuser_ros.nodes.messages import seconds_of, trajectory_points
from decision_diffuser_ros.nodes.node_runner import run_node
from decision_diffuser_ros.nodes.simulation_time import Due, SimulationTime, TimeSettings
from decision_diffuser_ros.nodes.stacking_parameters import StackingParameters
from decision_diffuser_ros.nodes.stacking_publishers import StackingPublishers
from decision_diffuser_ros.simulation.iiwa_kinematics import JOINT_NAMES
from decision_diffuser_ros.simulation.stacking_env import BlockStackingEnv
from decision_diffuser_ros.simulation.stacking_start import SCATTERED_START, STACKED_START
from decision_diffuser_ros.simulation.stacking_world import StackingWorldSettings

STARTS = {"scattered": SCATTERED_START, "stacked": STACKED_START}
PHYSICS_STEPS_IN_A_PIECE = 4
"""Of a trajectory, which is followed in pieces that are straight."""


class StackingSimNode(Node):
    """See the module."""

    def __init__(self) -> None:
        super().__init__("stacking_sim")
        options = self._options = StackingParameters.declare_and_read(self)
        self._joint_names = options.joints or JOINT_NAMES
        if sorted(self._joint_names) != sorted(JOINT_NAMES):
            raise ConfigurationError(
                f"`joints` must be the arm's in any order: expected {', '.join(JOINT_NAMES)}, "
                f"got {', '.join(self._joint_names)}"
            )
        if options.start not in STARTS:
            raise ConfigurationError(f"`start` must be one of {', '.join(STARTS)}. Got '{options.start}'")
        time_settings = TimeSettings.of(options)
        self._env = BlockStackingEnv(
            settings=StackingWorldSettings(friction=options.friction, gui=options.gui), start=STARTS[options.start]
        )
        self._world = self._env.world
        self._outputs = StackingPublishers(self, self._joint_names, camera_rate=options.camera_rate)
        self._time_before_reset = 0.0
        self._begin(seed=options.seed)
        self.refused_commands = 0
        self.create_subscription(JointTrajectory, JOINT_TRAJECTORY_TOPIC, self._take_trajectory, qos.COMMAND)
        self.create_subscription(Float64MultiArray, GRIPPER_COMMAND_TOPIC, self._take_opening, qos.COMMAND)
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
                f"no commands for {self._options.lockstep_timeout:g} s; "
                f"simulated time waits at {self.simulated_time:.3f} s"
            )

    def spin_timeout(self) -> float:
        """Return how long to wait for messages before something is due [s]."""
        return self._time.wait()

    def close(self) -> None:
        """End the physics."""
        self._outputs.close()
        self._env.close()
        self._world.close()

    def _begin(self, *, seed: int | None) -> None:
        """Draw where blocks and arm are; the next draw of the same generator without a seed."""
        self._env.reset(seed=seed)
        order = [JOINT_NAMES.index(name) for name in self._joint_names]
        self._arm = JointTargets(self._joint_names, self._world.joint_position[order])
        self._gripper = JointTargets(("gripper",), [self._world.opening])
        self._arm_is_commanded = self._gripper_is_commanded = False

    def _advance(self, duration: float) -> None:
        """Simulate `duration` [s], with trajectories followed in straight pieces."""
        self._arm_is_commanded = self._gripper_is_commanded = False
        time_step = self._world.settings.time_step
        physics_steps = round(duration / time_step)
        pieces = max(1, round(physics_steps / PHYSICS_STEPS_IN_A_PIECE))
        begin = self.simulated_time
        to_world = [self._joint_names.index(name) for name in JOINT_NAMES]
        done = 0
        for end in np.linspace(0, physics_steps, pieces + 1).round().astype(int)[1:]:
            time = begin + end * time_step
            targets = np.append(self._arm.at(time)[to_world], self._gripper.at(time))
            self._world.step(targets, duration=(end - done) * time_step)
            done = end

    def _publish(self) -> None:
        self._time.note_published()
        self._outputs.publish(self._world, self.simulated_time)

    def _take_trajectory(self, message: JointTrajectory) -> None:
        stamp = seconds_of(message.header.stamp)
        begin = max(stamp, self.simulated_time) if stamp > 0.0 else self.simulated_time
        try:
            self._arm.follow(message.joint_names, trajectory_points(message, begin), now=begin)
        except StateError as error:
            self._refuse(error)
            return
        self._arm_is_commanded = True
        self._note_answer()

    def _take_opening(self, message: Float64MultiArray) -> None:
        """The gripper opens or closes evenly, within one control period."""
        end = self.simulated_time + self._options.control_period
        try:
            point = TrajectoryPoint(end, np.array(message.data), None)
            self._gripper.follow(self._gripper.joint_names, [point], now=self.simulated_time)
        except StateError as error:
            self._refuse(error)
            return
        self._gripper_is_commanded = True
        self._note_answer()

    def _note_answer(self) -> None:
        if self._arm_is_commanded and self._gripper_is_commanded:
            self._time.note_answer()

    def _refuse(self, error: StateError) -> None:
        self.refused_commands += 1
        self.get_logger().error(f"command {self.refused_commands} refused: {error}", throttle_duration_sec=1.0)

    def _reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._time_before_reset = self.simulated_time + self._options.control_period
        self._begin(seed=None)
        self._time.forget_answer()
        self._publish()
        response.success, response.message = True, "blocks and arm are somewhere else; simulated time goes on"
        return response


def main(args: list[str] | None = None) -> int:
    """Run the node; returns the exit code."""
    return run_node(
        StackingSimNode, args, after_spin=StackingSimNode.advance_when_due, spin_timeout=StackingSimNode.spin_timeout
    )


if __name__ == "__main__":
    raise SystemExit(main())
