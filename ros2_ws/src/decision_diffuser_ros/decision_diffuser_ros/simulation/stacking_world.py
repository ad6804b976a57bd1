"""PyBullet world with a Kuka iiwa, a parallel-jaw gripper and four blocks on a table.

Blocks are held by friction alone: two fingers press on them, nothing ties them to the gripper.
"""

from dataclasses import dataclass

import numpy as np

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.simulation import iiwa_kinematics
from decision_diffuser_ros.simulation import stacking_model as model
from decision_diffuser_ros.simulation.block_orientation import canonical_orientation
from decision_diffuser_ros.simulation.bullet_client import connect, pybullet
from decision_diffuser_ros.simulation.stacking_body import StackingBody

SPINNING_FRICTION = 0.003
"""Against turning on the spot. Rolling friction is left out: cubes do not roll, and it costs two fifths of the time."""


@dataclass(frozen=True)
class StackingWorldSettings:
    """Physics of the world.

    Attributes:
        time_step: physics step [s].
        friction: of blocks, fingers and table; PyBullet multiplies those of the two that touch.
        position_gain: of the joint controllers, the share of the error that one physics step takes away.
        finger_force: strongest of each finger [N].
        solver_iterations: of the contact solver.
        gui: opens PyBullet's window.
    """

    time_step: float = 1 / 240
    friction: float = 1.0
    position_gain: float = 0.3
    finger_force: float = 20.0
    solver_iterations: int = 50
    gui: bool = False

    def __post_init__(self) -> None:
        if not 1e-4 <= self.time_step <= 1e-2:
            raise ConfigurationError(f"`time_step` must be between 0.0001 and 0.01 s. Got {self.time_step}.")
        if not 0 < self.friction <= 2:
            raise ConfigurationError(f"`friction` must be in (0, 2]. Got {self.friction}.")


class StackingWorld:
    """A simulated arm that tracks joint position targets, and the blocks it may move.

    Joint arrays are (7,) in the order of `iiwa_kinematics.JOINT_NAMES`, blocks in that of `stacking_model.BLOCK_NAMES`.
    """

    def __init__(self, settings: StackingWorldSettings | None = None) -> None:
        self.settings = settings or StackingWorldSettings()
        self._client = connect(gui=self.settings.gui)
        self._load()
        self._fresh_state = self._client.saveState()
        joints = iiwa_kinematics.joint_position_for_tool(np.array([0.5, 0.0, 0.3]), yaw=0.0)
        row = np.stack([np.full(4, 0.5), np.linspace(-0.3, 0.3, 4), np.full(4, model.BLOCK_SIZE / 2)], axis=1)
        self.reset(joint_position=joints, block_position=row, block_yaw=np.zeros(4))

    def _load(self) -> None:
        client = self._client
        client.setGravity(0, 0, -9.81)
        client.setPhysicsEngineParameter(
            fixedTimeStep=self.settings.time_step,
            numSolverIterations=self.settings.solver_iterations,
            numSubSteps=0,
            deterministicOverlappingPairs=1,
        )
        self._body = StackingBody.load(client)
        self._robot, self._fingers = self._body.robot, self._body.fingers
        friction = self.settings.friction
        client.changeDynamics(self._body.table, -1, lateralFriction=friction)
        for block in self._body.blocks:
            client.changeDynamics(block, -1, lateralFriction=friction, spinningFriction=SPINNING_FRICTION)
        for finger in self._fingers:
            client.changeDynamics(self._robot, finger, lateralFriction=friction, spinningFriction=SPINNING_FRICTION)
        self._couple_fingers()

    def _couple_fingers(self) -> None:
        """Makes the fingers move alike, as the gears of a parallel-jaw gripper do."""
        left, right = self._fingers
        gear = self._client.createConstraint(
            self._robot, left, self._robot, right, pybullet.JOINT_GEAR, [0, 1, 0], [0, 0, 0], [0, 0, 0]
        )
        self._client.changeConstraint(gear, gearRatio=-1, erp=0.2, maxForce=500)

    def reset(
        self,
        *,
        joint_position: np.ndarray,
        block_position: np.ndarray,
        block_yaw: np.ndarray,
        opening: float = model.OPENING_OPEN,
    ) -> None:
        """Puts everything at rest and simulated time to zero.

        Args:
            joint_position: (7,) [rad].
            block_position: of the blocks' centres in the base frame, (4, 3) [m].
            block_yaw: (4,) [rad].
            opening: between the fingers [m].
        """
        yaw = np.asarray(block_yaw, dtype=float)
        orientation = np.stack([0 * yaw, 0 * yaw, np.sin(yaw / 2), np.cos(yaw / 2)], axis=1)
        self._body.scatter_blocks()
        self._client.performCollisionDetection()  # forgets which pairs were near one another: their order matters
        self._client.restoreState(self._fresh_state)  # the solver remembers old contacts
        self._body.place_arm(joint_position, opening)
        self._body.place_blocks(np.asarray(block_position, dtype=float), orientation)
        self._targets = np.append(joint_position, opening)
        self.physics_steps = 0
        self._client.performCollisionDetection()  # contacts are stale after a reset
        self._read()

    def step(self, targets: np.ndarray, *, duration: float = model.CONTROL_STEP) -> None:
        """Advances the world by `duration` [s]; arm and fingers arrive at the targets at its end.

        Args:
            targets: (8,), joint positions [rad] and gripper opening [m]; interpolated linearly from the last targets.
            duration: a whole number of physics steps.
        """
        last, targets = self._targets, np.asarray(targets, dtype=float)
        physics_steps = round(duration / self.settings.time_step)
        speed = (targets - last) / duration
        for physics_step in range(1, physics_steps + 1):
            share = physics_step / physics_steps
            self._drive((1 - share) * last + share * targets, speed)
            self._client.stepSimulation()
        self.physics_steps += physics_steps
        self._targets = targets
        self._read()

    def _drive(self, targets: np.ndarray, speed: np.ndarray) -> None:
        client = self._client
        client.setJointMotorControlArray(
            self._robot,
            self._body.joints,
            pybullet.POSITION_CONTROL,
            targetPositions=targets[:7],
            targetVelocities=speed[:7],
            forces=[iiwa_kinematics.MAX_EFFORT] * 7,
            positionGains=[self.settings.position_gain] * 7,
            velocityGains=[1.0] * 7,
        )
        client.setJointMotorControlArray(
            self._robot,
            self._fingers,
            pybullet.POSITION_CONTROL,
            targetPositions=[targets[7] / 2] * 2,
            forces=[self.settings.finger_force] * 2,
        )

    def _read(self) -> None:
        client, robot = self._client, self._robot
        states = client.getJointStates(robot, self._body.joints)
        self.joint_position = np.array([s[0] for s in states])
        self.joint_velocity = np.array([s[1] for s in states])
        self.opening = float(sum(s[0] for s in client.getJointStates(robot, self._fingers)))
        poses = [client.getBasePositionAndOrientation(block) for block in self._body.blocks]
        self.block_position = np.array([pose[0] for pose in poses])
        self.block_orientation = canonical_orientation(np.array([pose[1] for pose in poses]))

    def nudge(self, block: int, *, shift: np.ndarray, turn: float) -> None:
        """Moves a block that lies on the table at once by (2,) [m] and turns it [rad], as if somebody had bumped it."""
        position, orientation = self._client.getBasePositionAndOrientation(self._body.blocks[block])
        turned = self._client.getQuaternionFromEuler([0.0, 0.0, turn])
        _, orientation = self._client.multiplyTransforms([0, 0, 0], turned, [0, 0, 0], orientation)
        moved = [position[0] + shift[0], position[1] + shift[1], position[2]]
        self._client.resetBasePositionAndOrientation(self._body.blocks[block], moved, orientation)
        self._read()

    @property
    def time(self) -> float:
        """Simulated time since the reset [s]."""
        return self.physics_steps * self.settings.time_step

    @property
    def targets(self) -> np.ndarray:
        """The targets of the last step, (8,)."""
        return self._targets

    @property
    def gripped(self) -> np.ndarray:
        """Whether both fingers touch each block, (4,) bool."""
        touched = [
            [bool(self._client.getContactPoints(self._robot, block, finger)) for finger in self._fingers]
            for block in self._body.blocks
        ]
        return np.all(touched, axis=1)

    def state(self) -> np.ndarray:
        """What the planner sees, (36,); see `stacking_model`."""
        blocks = np.concatenate([self.block_position, self.block_orientation], axis=1)
        return np.concatenate([self.joint_position, [self.opening], blocks.reshape(-1)])

    def close(self) -> None:
        """Ends the physics; the world cannot be used afterwards. Harmless when called again."""
        if self._client.isConnected():
            self._client.disconnect()
