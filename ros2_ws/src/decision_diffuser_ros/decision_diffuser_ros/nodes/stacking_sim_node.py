"""The node `stacking_sim`: a PyBullet Kuka iiwa with a gripper, with the interface of their controllers, and blocks.

Out: /clock, joint_states (arm and fingers), object_poses, camera/image_raw. In: joint trajectories for the arm, and the
gripper's opening [m] as the only element of gripper_controller/commands. It stands still until the first commands.

In lockstep a state is answered once arm and gripper both have their commands.
"""

from __future__ import annotations

import numpy as np
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory

from decision_diffuser_ros.nodes import qos
from decision_diffuser_ros.nodes.command_topics import GRIPPER_COMMAND_TOPIC, JOINT_TRAJECTORY_TOPIC
from decision_diffuser_ros.nodes.joint_targets import JointTargets, TrajectoryPoint
from decision_diffuser_ros.nodes.node_runner import run_node
from decision_diffuser_ros.nodes.simulation_node import SimulationNode, joint_order
from decision_diffuser_ros.nodes.simulation_time import even_pieces
from decision_diffuser_ros.nodes.stacking_parameters import StackingParameters
from decision_diffuser_ros.nodes.stacking_publishers import StackingPublishers
from decision_diffuser_ros.simulation.iiwa_kinematics import JOINT_NAMES
from decision_diffuser_ros.simulation.stacking_env import BlockStackingEnv
from decision_diffuser_ros.simulation.stacking_start import SCATTERED_START, STACKED_START
from decision_diffuser_ros.simulation.stacking_world import StackingWorld, StackingWorldSettings

STARTS = {"scattered": SCATTERED_START, "stacked": STACKED_START}
PHYSICS_STEPS_IN_A_PIECE = 4
"""Of a trajectory, which is followed in pieces that are straight."""


class StackingSimNode(SimulationNode):
    """See the module."""

    _options: StackingParameters
    _world: StackingWorld
    _outputs: StackingPublishers

    def __init__(self) -> None:
        super().__init__("stacking_sim", StackingParameters.declare_and_read)
        options = self._options
        self._joint_names = joint_order(options.joints, JOINT_NAMES)
        self._env = BlockStackingEnv(
            settings=StackingWorldSettings(friction=options.friction, gui=options.gui), start=STARTS[options.start]
        )
        self._world = self._env.world
        self._outputs = StackingPublishers(self, self._joint_names, camera_rate=options.camera_rate)
        self._place(seed=options.seed)
        self.create_subscription(JointTrajectory, JOINT_TRAJECTORY_TOPIC, self._take_trajectory, qos.COMMAND)
        self.create_subscription(Float64MultiArray, GRIPPER_COMMAND_TOPIC, self._take_opening, qos.COMMAND)
        self._begin(time_step=self._world.settings.time_step)

    def close(self) -> None:
        """End the physics and the drawing."""
        self._outputs.close()
        self._env.close()
        super().close()

    def _place_anew(self) -> str:
        self._place(seed=None)
        return "blocks and arm are somewhere else"

    def _place(self, *, seed: int | None) -> None:
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
        for steps in even_pieces(physics_steps, pieces):
            done += steps
            time = begin + done * time_step
            targets = np.append(self._arm.at(time)[to_world], self._gripper.at(time))
            self._world.step(targets, duration=steps * time_step)

    def _take_trajectory(self, message: JointTrajectory) -> None:
        if self._follow(self._arm, message):
            self._arm_is_commanded = True
            self._note_answer()

    def _take_opening(self, message: Float64MultiArray) -> None:
        """The gripper opens or closes evenly, within one control period."""
        now = self.simulated_time
        point = TrajectoryPoint(now + self._options.control_period, np.array(message.data), None)
        if self._accepts(lambda: self._gripper.follow(self._gripper.joint_names, [point], now=now)):
            self._gripper_is_commanded = True
            self._note_answer()

    def _note_answer(self) -> None:
        if self._arm_is_commanded and self._gripper_is_commanded:
            self._time.note_answer()


def main(args: list[str] | None = None) -> int:
    """Run the node; returns the exit code."""
    return run_node(
        StackingSimNode, args, after_spin=StackingSimNode.advance_when_due, spin_timeout=StackingSimNode.spin_timeout
    )


if __name__ == "__main__":
    raise SystemExit(main())
