"""Inverse dynamics: the action that leads from one state to the next (Ajay 2023, Eq. 7)."""

import numpy as np
from numpy.typing import ArrayLike

from decision_diffuser_ros.errors import PlanError, StateError
from decision_diffuser_ros.planner.graph import Graph, GraphSpec, TensorSpec
from decision_diffuser_ros.planner.manifest import Manifest


class InverseDynamics:
    """a = f(s, s'), in raw SI units on both sides: the normaliser is inside the graph."""

    def __init__(self, graph: Graph, manifest: Manifest) -> None:
        self._graph = graph
        self._state_dim = manifest.state_dim

    @staticmethod
    def spec(manifest: Manifest) -> GraphSpec:
        """What the graph must take and return."""
        state = TensorSpec("float", (manifest.state_dim,))
        action = TensorSpec("float", (manifest.action_dim,))
        return GraphSpec(inputs={"state": state, "next_state": state}, output=("action", action))

    def __call__(self, state: ArrayLike, next_state: ArrayLike) -> np.ndarray:
        """The action that leads from `state` to `next_state`.

        Args:
            state: (state_dim,) or (batch, state_dim), raw [SI].
            next_state: of the same shape.

        Returns:
            Action (action_dim,) or (batch, action_dim), float32, raw [SI].

        Raises:
            StateError: the shapes are not these.
            PlanError: the network returned values that are not finite.
        """
        states = np.asarray(state, np.float32)
        next_states = np.asarray(next_state, np.float32)
        if states.shape != next_states.shape or states.ndim not in (1, 2) or states.shape[-1] != self._state_dim:
            raise StateError(
                f"expected state and next_state of shape ({self._state_dim},) or (batch, {self._state_dim}), both the "
                f"same; got {states.shape} and {next_states.shape}"
            )
        is_single = states.ndim == 1
        if is_single:
            states, next_states = states[np.newaxis], next_states[np.newaxis]
        actions = self._graph.run({"state": states, "next_state": next_states})
        if not np.isfinite(actions).all():
            raise PlanError("inverse dynamics returned an action that is not finite; are the states plausible?")
        return actions[0] if is_single else actions
