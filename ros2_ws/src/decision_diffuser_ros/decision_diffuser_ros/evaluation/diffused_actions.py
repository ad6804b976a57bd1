"""A model that diffuses actions too, run like one with inverse dynamics: what Ajay 2023 compares with (Sec. 4.4).

Its states hold the action that led to them, see `data.action_states`. So the action that leads to a planned state is
read off that state, and what is observed is the robot's state and the last command.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.manifest import Manifest


class DiffusedActionsBundle(Bundle):
    """A loaded model whose planned states are asked for the actions in them; its inverse dynamics is not used."""

    def __init__(self, bundle: Bundle) -> None:
        """The same loaded model.

        Raises:
            BundleError: its states hold no actions.
        """
        vars(self).update(vars(bundle))
        self.inverse_dynamics = ReadActions(bundle.manifest)  # type: ignore[assignment]


class ReadActions:
    """In place of inverse dynamics: the action is part of the next state."""

    def __init__(self, manifest: Manifest) -> None:
        self._entries = list(manifest.state_indices(manifest.action_names))

    def __call__(self, state: ArrayLike, next_state: ArrayLike) -> np.ndarray:
        """The action that leads to `next_state`, (..., action_dim) from (..., state_dim), raw [SI]."""
        return np.asarray(next_state)[..., self._entries]


def holds_actions(manifest: Manifest) -> bool:
    """Whether the model's states hold its actions."""
    return set(manifest.action_names) <= set(manifest.state_names)
