"""The A1 as a Gymnasium environment: joint targets in, the planner's state out, forward progress as reward."""

import math
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.simulation import quadruped_model as model
from decision_diffuser_ros.simulation.quadruped_model import CONTROL_STEP
from decision_diffuser_ros.simulation.quadruped_world import QuadrupedWorld, QuadrupedWorldSettings

ENVIRONMENT_ID = "decision_diffuser_ros/QuadrupedGaits-v0"
EPISODE_STEPS = 250


@dataclass(frozen=True)
class StartRange:
    """What a reset draws at random, uniformly.

    Attributes:
        friction: of the floor, lowest and highest.
        joint_offset: largest deviation of each joint from standing [rad].
        tilt: largest roll and pitch [rad].
        drop_height: highest drop [m].
    """

    friction: tuple[float, float] = (0.5, 1.0)
    joint_offset: float = 0.05
    tilt: float = 0.05
    drop_height: float = 0.04


STANDING_START = StartRange(joint_offset=0.0, tilt=0.0, drop_height=0.0)
"""A robot that stands still; only the friction is drawn."""


def check_command_delay(delay: float, *, multiple_of: float) -> None:
    """Refuses a delay of commands that cannot be simulated.

    Args:
        delay: after which a command takes hold [s].
        multiple_of: what it must be a multiple of: the step of the physics, or several [s].

    Raises:
        ConfigurationError: it is no such multiple, or as long as a control step.
    """
    is_in_range = 0.0 <= delay < CONTROL_STEP
    if not is_in_range or not math.isclose(round(delay / multiple_of) * multiple_of, delay, abs_tol=1e-9):
        raise ConfigurationError(
            f"the delay of a command must be a multiple of {multiple_of:g} s below {CONTROL_STEP:g} s. Got {delay:g} s"
        )


class QuadrupedGaitsEnv(gymnasium.Env[np.ndarray, np.ndarray]):
    """A Unitree A1 on a plane, one control step of 20 ms at a time.

    Action: joint position targets, (12,) [rad], in the order of `quadruped_model.JOINT_NAMES`.
    Observation: (30,) joint position [rad], joint velocity [rad/s], gravity direction in base (unit vector), angular
    velocity in base [rad/s]: what a real robot measures on board.
    Reward: forward progress of the step [m], along the robot's heading.
    An episode terminates when the robot has fallen; registered under `ENVIRONMENT_ID` it is truncated after 250 steps.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 50}  # noqa: RUF012 - as Gymnasium declares it

    def __init__(
        self,
        *,
        settings: QuadrupedWorldSettings | None = None,
        start: StartRange | None = None,
        render_mode: str | None = None,
    ) -> None:
        self.world = QuadrupedWorld(settings)
        self.start = start or StartRange()
        self.render_mode = render_mode
        self._renderer: Any = None
        self.action_space = gymnasium.spaces.Box(
            model.JOINT_LOWER.astype(np.float32), model.JOINT_UPPER.astype(np.float32), dtype=np.float32
        )
        bounds = np.concatenate([np.full(12, 2 * np.pi), np.full(12, 200.0), np.full(3, 1.01), np.full(3, 100.0)])
        self._state_bounds = bounds.astype(np.float32)
        self.observation_space = gymnasium.spaces.Box(-self._state_bounds, self._state_bounds)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Starts an episode; every random choice comes from the seed.

        Args:
            seed: of the environment's generator.
            options: `{"start": StartRange}` replaces the environment's own range for this episode;
                `{"command_delay": seconds}` lets actions take hold so much after the control step has begun.

        Raises:
            ConfigurationError: the delay is not a multiple of the physics' step below a control step.
        """
        super().reset(seed=seed)
        start = (options or {}).get("start", self.start)
        self._command_delay = (options or {}).get("command_delay", 0.0)
        check_command_delay(self._command_delay, multiple_of=self.world.settings.time_step)
        random = self.np_random
        self.world.set_friction(random.uniform(*start.friction))
        self.world.reset(
            joint_position=model.STANDING_POSE + start.joint_offset * random.uniform(-1, 1, 12),
            drop_height=start.drop_height * random.uniform(),
            roll=start.tilt * random.uniform(-1, 1),
            pitch=start.tilt * random.uniform(-1, 1),
        )
        self._command = self.world.joint_position
        return self._observation(), self._info()

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Advances one control step with the joint targets `action`, (12,) [rad]."""
        heading = self.world.heading
        before = self.world.base_position_in_world
        if self._command_delay > 0.0:
            self.world.step(self._command, duration=self._command_delay)
        self.world.step(action, duration=CONTROL_STEP - self._command_delay)
        self._command = action
        moved = self.world.base_position_in_world - before
        progress = moved[0] * np.cos(heading) + moved[1] * np.sin(heading)
        return self._observation(), float(progress), self.world.fallen, False, self._info()

    def _observation(self) -> np.ndarray:
        state = self.world.state().astype(np.float32)
        return np.clip(state, -self._state_bounds, self._state_bounds)

    def _info(self) -> dict[str, Any]:
        return {
            "foot_contacts": self.world.foot_contacts,
            "base_position": self.world.base_position_in_world,
            "heading": self.world.heading,
        }

    def render(self) -> np.ndarray | None:
        """An RGB picture that follows the robot, (height, width, 3) uint8, in `rgb_array` mode."""
        if self.render_mode != "rgb_array":
            return None
        from decision_diffuser_ros.simulation.quadruped_rendering import QuadrupedRenderer

        if self._renderer is None:
            self._renderer = QuadrupedRenderer()
        world = self.world
        return self._renderer.frame(
            base_position=world.base_position_in_world,
            base_orientation=world.base_orientation,
            joint_position=world.joint_position,
        )

    def close(self) -> None:
        """Ends the physics."""
        self.world.close()
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None


def register() -> None:
    """Makes the environment known to `gymnasium.make`; harmless when called again."""
    if ENVIRONMENT_ID not in gymnasium.registry:
        gymnasium.register(ENVIRONMENT_ID, entry_point=f"{__name__}:QuadrupedGaitsEnv", max_episode_steps=EPISODE_STEPS)
