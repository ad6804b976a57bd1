"""Block stacking as a Gymnasium environment: joint and gripper targets in, the planner's state out."""

from typing import Any

import gymnasium
import numpy as np

from decision_diffuser_ros.simulation import stacking_model as model
from decision_diffuser_ros.simulation.block_constraints import CONSTRAINT_NAMES, constraints_that_hold
from decision_diffuser_ros.simulation.iiwa_kinematics import JOINT_LOWER, JOINT_UPPER
from decision_diffuser_ros.simulation.stacking_start import SCATTERED_START, StackingStart
from decision_diffuser_ros.simulation.stacking_world import StackingWorld, StackingWorldSettings

ENVIRONMENT_ID = "decision_diffuser_ros/BlockStacking-v0"
EPISODE_STEPS = 384


class BlockStackingEnv(gymnasium.Env[np.ndarray, np.ndarray]):
    """A Kuka iiwa with four blocks on a table, one control step of 0.1 s at a time.

    Action: joint position targets (7) [rad] and the gripper's target opening [m], (8,).
    Observation: (36,), see `stacking_model`.
    Reward: share of the asked constraints that hold while the gripper holds nothing, in [0, 1].
    An episode never terminates; registered under `ENVIRONMENT_ID` it is truncated after 384 steps.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}  # noqa: RUF012 - as Gymnasium declares it

    def __init__(
        self,
        *,
        settings: StackingWorldSettings | None = None,
        start: StackingStart | None = None,
        render_mode: str | None = None,
    ) -> None:
        self.world = StackingWorld(settings)
        self.start = start or SCATTERED_START
        self.render_mode = render_mode
        self._renderer: Any = None
        self._asked: list[int] = [0]
        self.action_space = gymnasium.spaces.Box(
            model.ACTION_LOWER.astype(np.float32), model.ACTION_UPPER.astype(np.float32), dtype=np.float32
        )
        block = [2.0, 2.0, 2.0, 1.01, 1.01, 1.01, 1.01]
        bounds = np.concatenate([JOINT_UPPER + 0.1, [0.2], np.tile(block, len(model.BLOCK_NAMES))])
        self._state_bounds = bounds.astype(np.float32)
        self.observation_space = gymnasium.spaces.Box(-self._state_bounds, self._state_bounds)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Starts an episode; every random choice comes from the seed.

        Args:
            seed: of the environment's generator.
            options: `{"start": StackingStart}` replaces the environment's own for this episode; `{"asked": indices}`
                are the constraints to be rewarded, one at random by default.
        """
        super().reset(seed=seed)
        options = options or {}
        start = options.get("start", self.start)
        random = self.np_random
        position, yaw = start.draw_blocks(random, start.draw_arrangement(random))
        joints = np.clip(start.draw_tool(random).joint_position(), JOINT_LOWER, JOINT_UPPER)
        self.world.reset(joint_position=joints, block_position=position, block_yaw=yaw)
        drawn = int(random.integers(len(CONSTRAINT_NAMES)))
        self._asked = list(options.get("asked", [drawn]))
        return self._observation(), self._info()

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Advances one control step with joint targets and gripper target, (8,)."""
        self.world.step(np.clip(action, model.ACTION_LOWER, model.ACTION_UPPER))
        info = self._info()
        reward = 0.0 if info["gripped"].any() else float(info["constraints_hold"][self._asked].mean())
        return self._observation(), reward, False, False, info

    def _observation(self) -> np.ndarray:
        state = self.world.state().astype(np.float32)
        return np.clip(state, -self._state_bounds, self._state_bounds)

    def _info(self) -> dict[str, Any]:
        return {
            "asked": [CONSTRAINT_NAMES[index] for index in self._asked],
            "constraints_hold": constraints_that_hold(self.world.block_position),
            "gripped": self.world.gripped,
        }

    def render(self) -> np.ndarray | None:
        """An RGB picture of arm and table, (height, width, 3) uint8, in `rgb_array` mode."""
        if self.render_mode != "rgb_array":
            return None
        from decision_diffuser_ros.simulation.stacking_rendering import StackingRenderer

        if self._renderer is None:
            self._renderer = StackingRenderer()
        return self._renderer.frame(self.world.state())

    def close(self) -> None:
        """Ends the physics."""
        self.world.close()
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None


def register() -> None:
    """Makes the environment known to `gymnasium.make`; harmless when called again."""
    if ENVIRONMENT_ID not in gymnasium.registry:
        gymnasium.register(ENVIRONMENT_ID, entry_point=f"{__name__}:BlockStackingEnv", max_episode_steps=EPISODE_STEPS)
