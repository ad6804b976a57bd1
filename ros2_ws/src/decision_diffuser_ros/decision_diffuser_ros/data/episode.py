"""One recorded episode: states, the expert's actions and what was asked at every control step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from decision_diffuser_ros.errors import DataError


@dataclass(frozen=True)
class Episode:
    """What one run of an expert leaves behind.

    `states[t]` is measured, then `actions[t]` is asked for, then `states[t + 1]` is measured; so
    an episode of T control steps has T actions and T + 1 states.

    Attributes:
        states: shape `(T + 1, state_dim)`, float32, raw SI units.
        actions: shape `(T, action_dim)`, float32; the expert's clean targets, free of any
            disturbance that was added before they were applied.
        skills: shape `(T,)`, int8; index of what was asked at each control step: a skill, or whatever else the data
            set's description calls its `choice_kind`, such as the constraint that the whole episode fulfils.
        extras: further arrays with T or T + 1 rows each, e.g. `base_position` `(T + 1, 3)` [m],
            `heading` `(T + 1,)` [rad], `forward_speed_command` `(T,)` [m/s].
        attributes: facts about the whole episode: numbers, strings, booleans; `fallen`, when it is true,
            says that the robot had fallen when the episode ended.
    """

    states: np.ndarray
    actions: np.ndarray
    skills: np.ndarray
    extras: Mapping[str, np.ndarray] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Bring the arrays to their types.

        Raises:
            DataError: when the arrays do not belong together or hold a value that is not finite.
        """
        object.__setattr__(self, "states", np.asarray(self.states, dtype=np.float32))
        object.__setattr__(self, "actions", np.asarray(self.actions, dtype=np.float32))
        object.__setattr__(self, "skills", np.asarray(self.skills, dtype=np.int8))
        object.__setattr__(self, "extras", {name: np.asarray(value) for name, value in self.extras.items()})
        self._check_shapes()
        for name in ("states", "actions"):
            if not np.isfinite(getattr(self, name)).all():
                raise DataError(f"`{name}` of an episode must be finite; got NaN or infinity")

    def __len__(self) -> int:
        """Number of control steps T."""
        return len(self.actions)

    def _check_shapes(self) -> None:
        control_steps = len(self.actions)
        if self.states.ndim != 2 or self.actions.ndim != 2 or control_steps == 0:
            raise DataError(
                "an episode needs `states` (T + 1, state_dim) and `actions` (T, action_dim) with "
                f"T > 0; got shapes {self.states.shape} and {self.actions.shape}"
            )
        if len(self.states) != control_steps + 1:
            raise DataError(
                "an episode needs one state more than actions; "
                f"got {len(self.states)} states and {control_steps} actions"
            )
        if self.skills.shape != (control_steps,):
            raise DataError(
                f"`skills` must have shape ({control_steps},), one index an action; got {self.skills.shape}"
            )
        for name, value in self.extras.items():
            if value.ndim == 0 or len(value) not in (control_steps, control_steps + 1):
                raise DataError(
                    f"extra '{name}' must have {control_steps} or {control_steps + 1} rows; got shape {value.shape}"
                )
