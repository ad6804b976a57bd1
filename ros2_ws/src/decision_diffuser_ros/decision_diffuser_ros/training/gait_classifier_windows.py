"""What the gait classifier is shown: stretches of one gait, and joins of two.

A join begins with the first frames of one window and ends with the last of another, and is labelled with the share
that each gait has in it, as MixUp labels a mixture. So the verdict on a robot that changes gait is a share and not a
guess at one of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from decision_diffuser_ros.data.demonstration_set import DemonstrationSet
from decision_diffuser_ros.data.windows import index_windows

Batch = dict[str, Tensor]


@dataclass(frozen=True)
class ClassifierWindows:
    """Windows of joint states, each within one settled gait.

    Attributes:
        joint_states: shape `(states, inputs)`, raw.
        first_state: shape `(windows,)`, row of each window's first state.
        gait: shape `(windows,)`, index of its gait.
        window_steps: states of a window.
        gait_count: how many gaits there are.
    """

    joint_states: Tensor
    first_state: Tensor
    gait: Tensor
    window_steps: int
    gait_count: int

    @classmethod
    def of(
        cls,
        demonstrations: DemonstrationSet,
        *,
        inputs: list[int],
        gait_count: int,
        window_steps: int,
        settling_steps: int,
        steps_before_fall: int,
    ) -> ClassifierWindows:
        """Every window that lies in one gait, some time after it began.

        Args:
            demonstrations: the episodes.
            inputs: which entries of a state the classifier sees.
            gait_count: how many gaits there are.
            window_steps: states of a window.
            settling_steps: control steps after the start of an episode, and after a switch, that no window has.
            steps_before_fall: how many control steps before a fall are left out.
        """
        index = index_windows(
            demonstrations,
            history=settling_steps + 1,
            plan_steps=window_steps - 1,
            steps_before_fall=steps_before_fall,
        )
        settled = (index.available_history > settling_steps) & (index.steps_since_switch >= settling_steps)
        return cls(
            joint_states=torch.from_numpy(np.ascontiguousarray(demonstrations.states[:, inputs])),
            first_state=torch.from_numpy(index.current_state[settled]),
            gait=torch.from_numpy(demonstrations.skills[index.current_action[settled]].astype(np.int64)),
            window_steps=window_steps,
            gait_count=gait_count,
        )

    def __len__(self) -> int:
        return len(self.first_state)

    def draw(self, rng: np.random.Generator, batch_size: int, *, joined: bool) -> Batch:
        """A random batch; with `joined`, each of its windows is a join of two."""
        chosen = self.gather(torch.from_numpy(rng.integers(len(self), size=batch_size)))
        if not joined:
            return chosen
        others = self.gather(torch.from_numpy(rng.integers(len(self), size=batch_size)))
        first_steps = torch.from_numpy(rng.integers(1, self.window_steps, size=batch_size))
        return join(chosen, others, first_steps)

    def gather(self, chosen: Tensor) -> Batch:
        """`joint_states` `(batch, window_steps, inputs)` and `gait_share` `(batch, gaits)`, which adds up to 1."""
        rows = self.first_state[chosen][:, None] + torch.arange(self.window_steps)
        share = torch.nn.functional.one_hot(self.gait[chosen], self.gait_count).float()
        return {"joint_states": self.joint_states[rows], "gait_share": share}


def join(begins: Batch, ends: Batch, first_steps: Tensor) -> Batch:
    """Windows whose first `first_steps` `(batch,)` frames are those of `begins`, the others those of `ends`."""
    window_steps = begins["joint_states"].shape[1]
    from_first = torch.arange(window_steps)[None] < first_steps[:, None]
    share = (first_steps / window_steps)[:, None]
    return {
        "joint_states": torch.where(from_first[..., None], begins["joint_states"], ends["joint_states"]),
        "gait_share": share * begins["gait_share"] + (1.0 - share) * ends["gait_share"],
    }
