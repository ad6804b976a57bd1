"""Blending in: the first command is the current pose, the last one the planner's."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from decision_diffuser_ros.errors import ConfigurationError


def smooth_step(fraction: float) -> float:
    """Return a weight in [0, 1] with zero velocity and acceleration at both ends.

    The quintic 10 x^3 - 15 x^4 + 6 x^5 of minimum jerk (Flash and Hogan 1985), clamped
    outside [0, 1].
    """
    x = min(max(fraction, 0.0), 1.0)
    return x * x * x * (10.0 + x * (6.0 * x - 15.0))


class BlendIn:
    """Leads from a pose to a stream of commands, one each control step."""

    def __init__(self, pose: ArrayLike, *, duration: float, step_duration: float) -> None:
        """Start from `pose` ``(action_dim,)`` [rad] and arrive after `duration` [s].

        Raises:
            ConfigurationError: a duration is out of range.
        """
        if not duration >= 0.0:
            raise ConfigurationError(f"`duration` must not be negative. Got {duration} s")
        if not step_duration > 0.0:
            raise ConfigurationError(f"`step_duration` must be above 0. Got {step_duration} s")
        self._pose = np.array(pose, dtype=np.float64)
        self._steps = int(np.ceil(duration / step_duration - 1e-9))
        self._step = 0

    @property
    def finished(self) -> bool:
        """Whether commands pass unchanged from now on."""
        return self._step > self._steps

    def blend(self, command: ArrayLike) -> NDArray[np.float64]:
        """Return the command of this control step ``(action_dim,)`` [rad].

        The first is the pose itself, also with a duration of 0; each lies between the
        pose and `command` at every joint.
        """
        command = np.array(command, dtype=np.float64)
        if self.finished:
            return command
        weight = smooth_step(self._step / self._steps) if self._steps else 0.0
        self._step += 1
        return self._pose + weight * (command - self._pose)
