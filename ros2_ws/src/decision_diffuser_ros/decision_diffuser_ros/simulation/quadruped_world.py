"""PyBullet world with one Unitree A1 on a plane, driven by joint position targets.

The robot's motor controllers are part of the world: a torque PD that runs at every physics step, with the torque
clipped joint by joint. PyBullet's built-in position control makes the robot fall.
"""

import math
from dataclasses import dataclass

import numpy as np

from decision_diffuser_ros.errors import ConfigurationError, StateError
from decision_diffuser_ros.simulation import quadruped_model as model
from decision_diffuser_ros.simulation.bullet_client import connect, pybullet
from decision_diffuser_ros.simulation.quadruped_body import QuadrupedBody

FALLEN_HEIGHT = 0.13  # [m], base over the floor
FALLEN_TILT_COSINE = 0.5  # a tilt of 60 degrees
STEP_TOLERANCE = 0.01  # of a physics step


@dataclass(frozen=True)
class QuadrupedWorldSettings:
    """Physics of the world.

    Attributes:
        time_step: physics step [s].
        friction: of the floor against the feet.
        position_gain: of the joint controllers [N m/rad].
        velocity_gain: of the joint controllers [N m s/rad].
        solver_iterations: of the contact solver.
        gui: opens PyBullet's window.
    """

    time_step: float = 0.001
    friction: float = 1.0
    position_gain: float = 80.0
    velocity_gain: float = 1.5
    solver_iterations: int = 50
    gui: bool = False

    def __post_init__(self) -> None:
        if not 1e-4 <= self.time_step <= 5e-3:
            raise ConfigurationError(f"`time_step` must be between 0.0001 and 0.005 s. Got {self.time_step}.")
        if not 0 < self.friction <= 2:
            raise ConfigurationError(f"`friction` must be in (0, 2]. Got {self.friction}.")


class QuadrupedWorld:
    """A simulated A1 that tracks joint position targets.

    Joint arrays are (12,) in the order of `quadruped_model.JOINT_NAMES`, feet (4,) in the order FR, FL, RR, RL.
    """

    def __init__(self, settings: QuadrupedWorldSettings | None = None) -> None:
        self.settings = settings or QuadrupedWorldSettings()
        self._client = connect(gui=self.settings.gui)
        self._load()
        self._fresh_state = self._client.saveState()
        self.reset()

    def _load(self) -> None:
        client = self._client
        client.setGravity(0, 0, -9.81)
        client.setPhysicsEngineParameter(
            fixedTimeStep=self.settings.time_step,
            numSolverIterations=self.settings.solver_iterations,
            numSubSteps=0,
            deterministicOverlappingPairs=1,
        )
        self._body = QuadrupedBody.load(client)
        self._floor, self._robot, self._joints = self._body.floor, self._body.robot, self._body.joints
        for index in range(client.getNumJoints(self._robot)):
            client.changeDynamics(self._robot, index, linearDamping=0, angularDamping=0, jointDamping=0)
        client.changeDynamics(self._robot, -1, linearDamping=0, angularDamping=0)
        indices = self._body.indices
        self._foot_of_link = {indices[name]: foot for foot, name in enumerate(model.FOOT_NAMES)}
        for leg, name in enumerate(model.LEG_NAMES):  # the toe's contacts can be reported on the shank
            self._foot_of_link[indices[f"{name}_lower_joint"]] = leg
        for link in self._foot_of_link:
            client.changeDynamics(self._robot, link, lateralFriction=1.0)
        self._base_in_inertial = client.invertTransform(*self._body.inertial_in_base)
        self.set_friction(self.settings.friction)
        client.setJointMotorControlArray(
            self._robot, self._joints, pybullet.VELOCITY_CONTROL, forces=np.zeros(len(self._joints))
        )

    def set_friction(self, friction: float) -> None:
        """Changes the friction of the floor."""
        self._client.changeDynamics(self._floor, -1, lateralFriction=friction)

    def reset(
        self,
        *,
        joint_position: np.ndarray | None = None,
        drop_height: float = 0.0,
        roll: float = 0.0,
        pitch: float = 0.0,
        yaw: float = 0.0,
    ) -> None:
        """Puts the robot at rest over the origin and simulated time to zero.

        Args:
            joint_position: (12,) [rad]; standing by default.
            drop_height: of the lowest foot over the floor [m].
            roll: of the base [rad].
            pitch: of the base [rad].
            yaw: of the base [rad].
        """
        joint_position = model.STANDING_POSE if joint_position is None else np.asarray(joint_position, dtype=float)
        orientation = self._client.getQuaternionFromEuler([roll, pitch, yaw])
        rotation = np.array(self._client.getMatrixFromQuaternion(orientation)).reshape(3, 3)
        lowest = ((model.foot_in_hip(joint_position) + model.HIP_IN_BODY) @ rotation.T)[:, 2].min()
        position = [0.0, 0.0, -lowest + model.FOOT_RADIUS + drop_height]
        self._client.restoreState(self._fresh_state)  # the solver remembers old contacts
        self._body.place(position, orientation, joint_position)
        self._client.resetBaseVelocity(self._robot, [0, 0, 0], [0, 0, 0])
        self.physics_steps = 0
        self.joint_effort = np.zeros(12)
        self._client.performCollisionDetection()  # contacts are stale after a reset
        self._read()
        self.linear_acceleration_in_base = -9.81 * self.gravity_direction_in_base

    def step(
        self, position_targets: np.ndarray, *, duration: float = 0.02, velocity_targets: np.ndarray | None = None
    ) -> None:
        """Advances the world while the joints track the targets.

        Args:
            position_targets: (12,) [rad].
            duration: a whole number of physics steps [s].
            velocity_targets: (12,) [rad/s]; zero by default.

        Raises:
            ConfigurationError: the duration is not so many steps, or less than one.
        """
        physics_steps = self._physics_steps_in(duration)
        client, robot, joints = self._client, self._robot, self._joints
        kp, kd = self.settings.position_gain, self.settings.velocity_gain
        targets = np.asarray(position_targets, dtype=float)
        feedforward = kp * targets if velocity_targets is None else kp * targets + kd * np.asarray(velocity_targets)
        velocity_before = self.linear_velocity_in_world
        self._body.keep_floor_below(self.base_position_in_world)
        state = np.concatenate([self.joint_position, self.joint_velocity])
        for _ in range(physics_steps):
            effort = feedforward - kp * state[:12] - kd * state[12:]
            effort = np.minimum(np.maximum(effort, -model.MAX_EFFORT), model.MAX_EFFORT)
            client.setJointMotorControlArray(robot, joints, pybullet.TORQUE_CONTROL, forces=effort)
            client.stepSimulation()
            states = client.getJointStates(robot, joints)
            state = np.array([s[0] for s in states] + [s[1] for s in states])
            self.physics_steps += 1
        self.joint_effort = effort
        self._read()
        acceleration = (self.linear_velocity_in_world - velocity_before) / duration + [0, 0, 9.81]
        self.linear_acceleration_in_base = self._rotation.T @ acceleration

    def _physics_steps_in(self, duration: float) -> int:
        time_step = self.settings.time_step
        steps = round(duration / time_step)
        if steps < 1 or not math.isclose(steps * time_step, duration, abs_tol=STEP_TOLERANCE * time_step):
            raise ConfigurationError(
                f"the world goes on by whole physics steps of {time_step:g} s, at least one. Got {duration:g} s"
            )
        return steps

    def _read(self) -> None:
        client, robot = self._client, self._robot
        states = client.getJointStates(robot, self._joints)
        self.joint_position = np.array([s[0] for s in states])
        self.joint_velocity = np.array([s[1] for s in states])
        inertial_pose = client.getBasePositionAndOrientation(robot)
        position, orientation = client.multiplyTransforms(*inertial_pose, *self._base_in_inertial)
        self.base_position_in_world = np.array(position)
        self.base_orientation = np.array(orientation)
        self._rotation = np.array(client.getMatrixFromQuaternion(orientation)).reshape(3, 3)
        linear, angular = client.getBaseVelocity(robot)
        self.linear_velocity_in_world = np.array(linear)
        self.angular_velocity_in_base = self._rotation.T @ angular
        self.gravity_direction_in_base = -self._rotation[2]

    @property
    def time(self) -> float:
        """Simulated time since the reset [s]."""
        return self.physics_steps * self.settings.time_step

    @property
    def linear_velocity_in_base(self) -> np.ndarray:
        """(3,) [m/s]."""
        return self._rotation.T @ self.linear_velocity_in_world

    @property
    def heading(self) -> float:
        """Direction of the base's x axis in the floor's plane [rad]."""
        return float(np.arctan2(self._rotation[1, 0], self._rotation[0, 0]))

    @property
    def tilt(self) -> float:
        """Angle between the base's z axis and the vertical [rad]."""
        return float(np.arccos(np.clip(-self.gravity_direction_in_base[2], -1, 1)))

    @property
    def foot_contacts(self) -> np.ndarray:
        """Whether each foot touches the floor, (4,) bool."""
        contacts = np.zeros(4, dtype=bool)
        for point in self._client.getContactPoints(self._robot, self._floor):
            foot = self._foot_of_link.get(point[3])
            if foot is not None:
                contacts[foot] = True
        return contacts

    @property
    def fallen(self) -> bool:
        """Whether the base is near the floor or tilted by more than 60 degrees."""
        upright = -self.gravity_direction_in_base[2]
        return bool(self.base_position_in_world[2] < FALLEN_HEIGHT or upright < FALLEN_TILT_COSINE)

    def state(self) -> np.ndarray:
        """What the planner sees, (30,): joint position and velocity, gravity direction and angular velocity in base."""
        return np.concatenate(
            [self.joint_position, self.joint_velocity, self.gravity_direction_in_base, self.angular_velocity_in_base]
        )

    def push(self, velocity_change_in_base: np.ndarray) -> None:
        """Changes the base's velocity at once by (3,) [m/s] in the base's frame.

        Raises:
            StateError: it is not finite.
        """
        pushed = np.asarray(velocity_change_in_base, dtype=float)
        if not np.isfinite(pushed).all():
            raise StateError(f"the push must be finite [m/s]. Got {pushed[~np.isfinite(pushed)][0]}")
        change = self._rotation @ pushed
        linear, angular = self._client.getBaseVelocity(self._robot)
        self._client.resetBaseVelocity(self._robot, np.array(linear) + change, angular)
        self.linear_velocity_in_world = np.array(linear) + change

    def close(self) -> None:
        """Ends the physics; the world cannot be used afterwards. Harmless when called again."""
        if self._client.isConnected():
            self._client.disconnect()
