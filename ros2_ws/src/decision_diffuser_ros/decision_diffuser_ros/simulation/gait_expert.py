"""Scripted expert that walks the A1 in any of the gaits and changes gait in mid-run.

Feet follow phase-based trajectories in the body frame; they land where Raibert's rule wants them; standing feet level
the body; the joint targets anticipate the legs' load. The expert sees the simulator's true body velocity and a clock,
neither of which the learned planner is given.
"""

import numpy as np

from decision_diffuser_ros.errors import ConditionError
from decision_diffuser_ros.simulation import quadruped_model as model
from decision_diffuser_ros.simulation.gait_parameters import GAITS, GaitParameters, blend
from decision_diffuser_ros.simulation.quadruped_model import CONTROL_STEP
from decision_diffuser_ros.simulation.quadruped_world import QuadrupedWorld

BLEND_DURATION = 0.3  # [s], of a change of gait
YAW_DAMPING = 0.5  # share of the yaw rate that the standing feet work against
START_DURATION = 0.3  # [s], over which steps grow when the robot starts from standing


class GaitExpert:
    """Joint targets for a gait at a speed, one control step after another.

    Args:
        skill: gait to start with.
        forward_speed: to walk at [m/s].
        phase: where in the cycle to start, in [0, 1).
        gaits: parameters of each gait.
    """

    def __init__(
        self,
        *,
        skill: str,
        forward_speed: float,
        phase: float = 0.0,
        gaits: dict[str, GaitParameters] | None = None,
    ) -> None:
        self._gaits = GAITS if gaits is None else gaits
        self.forward_speed = forward_speed
        self.skill = self._checked(skill)
        self._old = self._new = self._gaits[skill]
        self._since_switch = np.inf
        self._clock = phase
        self._time = 0.0
        self._foot_xy = np.zeros((4, 2))
        self._lift_off_xy = np.zeros((4, 2))

    def _checked(self, skill: str) -> str:
        if skill not in self._gaits:
            raise ConditionError(f"gait {skill!r} is not known; available: {', '.join(sorted(self._gaits))}")
        return skill

    def switch_to(self, skill: str) -> None:
        """Changes gait over the next 0.3 s."""
        if skill != self.skill:
            self._old = self._parameters()
            self._new = self._gaits[self._checked(skill)]
            self._since_switch = 0.0
            self.skill = skill

    def _parameters(self) -> GaitParameters:
        return blend(self._old, self._new, self._since_switch / BLEND_DURATION)

    def targets(self, world: QuadrupedWorld) -> np.ndarray:
        """Joint targets for the coming control step, (12,) [rad]; advances the expert's clock."""
        gait = self._parameters()
        stride = min(1.0, self._time / START_DURATION)
        phase = (self._clock + gait.look_ahead / gait.period + np.array(gait.phase_offsets)) % 1.0
        standing = phase < gait.duty
        command = np.array([self.forward_speed * stride, 0.0])
        velocity_error = world.linear_velocity_in_base[:2] - command
        self._move_standing_feet(gait, standing, command, velocity_error, world.angular_velocity_in_base[2])
        swing = np.clip((phase - gait.duty) / (1 - gait.duty), 0.0, 1.0)
        self._move_swinging_feet(gait, standing, swing, command, velocity_error)
        height = np.where(standing, 0.0, gait.step_height * (0.3 + 0.7 * stride) * np.sin(np.pi * swing))
        feet_in_hip = self._place_feet(gait, standing, height, world)
        joint_position = model.joint_position_for_feet(feet_in_hip)
        self._clock += CONTROL_STEP / gait.period
        self._time += CONTROL_STEP
        self._since_switch += CONTROL_STEP
        load = self._load_compensation(gait, standing, joint_position, world.settings.position_gain)
        return np.clip(joint_position + load, model.JOINT_LOWER, model.JOINT_UPPER)

    def _move_standing_feet(
        self,
        gait: GaitParameters,
        standing: np.ndarray,
        command: np.ndarray,
        velocity_error: np.ndarray,
        yaw_rate: float,
    ) -> None:
        body_velocity = command - gait.stance_speed_gain * velocity_error
        turn = -YAW_DAMPING * yaw_rate
        place = model.HIP_IN_BODY[:, :2] + self._foot_xy
        rotation = turn * np.stack([-place[:, 1], place[:, 0]], axis=1)
        self._foot_xy[standing] -= CONTROL_STEP * (body_velocity + rotation)[standing]
        self._foot_xy = np.clip(self._foot_xy, -0.15, 0.15)
        self._lift_off_xy[standing] = self._foot_xy[standing]

    def _move_swinging_feet(
        self,
        gait: GaitParameters,
        standing: np.ndarray,
        swing: np.ndarray,
        command: np.ndarray,
        velocity_error: np.ndarray,
    ) -> None:
        gains = np.array([gait.placement_gain_forward, gait.placement_gain_lateral])
        landing = np.clip(0.5 * gait.duty * gait.period * command + gains * velocity_error, -0.12, 0.12)
        progress = (0.5 - 0.5 * np.cos(np.pi * swing))[:, None]
        feet = self._lift_off_xy + progress * (landing - self._lift_off_xy)
        self._foot_xy[~standing] = feet[~standing]

    def _place_feet(
        self, gait: GaitParameters, standing: np.ndarray, height: np.ndarray, world: QuadrupedWorld
    ) -> np.ndarray:
        down = world.gravity_direction_in_base
        roll, pitch = np.arctan2(-down[1], -down[2]), np.arctan2(down[0], -down[2])
        roll_rate, pitch_rate = world.angular_velocity_in_base[:2]
        lateral = model.HIP_OFFSET - np.sign(model.HIP_OFFSET) * gait.stance_narrowing
        feet = np.stack([self._foot_xy[:, 0], lateral + self._foot_xy[:, 1], height - model.STANDING_HEIGHT], axis=1)
        feet_in_body = feet + model.HIP_IN_BODY
        levelling = (gait.roll_gain * roll + gait.roll_damping * roll_rate) * feet_in_body[:, 1]
        levelling -= (gait.pitch_gain * pitch + gait.pitch_damping * pitch_rate) * feet_in_body[:, 0]
        feet[:, 2] += np.where(standing, levelling, 0.0)
        feet[:, 0] += gait.tilt_compensation * -pitch * feet[:, 2]
        feet[:, 1] += gait.tilt_compensation * roll * feet[:, 2]
        return feet

    @staticmethod
    def _load_compensation(
        gait: GaitParameters, standing: np.ndarray, joint_position: np.ndarray, position_gain: float
    ) -> np.ndarray:
        share = gait.gravity_feedforward * standing / max(1, standing.sum())
        floor_force = np.zeros((4, 3))
        floor_force[:, 2] = share * model.MASS * 9.81
        effort = -np.einsum("lfj,lf->lj", model.foot_jacobian(joint_position), floor_force)
        return effort.reshape(12) / position_gain
