"""What each window is conditioned on in training: its skill or constraint, its return, the speed that was asked."""

from __future__ import annotations

import numpy as np

from decision_diffuser_ros.data.demonstration_set import DemonstrationSet
from decision_diffuser_ros.data.windows import WindowIndex
from decision_diffuser_ros.errors import DataError

ASKED_NUMBERS = {"forward_speed": "forward_speed_command"}
"""Kinds of condition that are a number which was asked of the expert, and where it is."""
NUMBER_EXTRAS = {"return": ("base_position", "heading")} | {kind: (extra,) for kind, extra in ASKED_NUMBERS.items()}
"""All kinds of condition that are a number, measured or asked: what they are computed from."""


def choice_labels(demonstrations: DemonstrationSet, windows: WindowIndex, *, kind: str, choices: int) -> np.ndarray:
    """One-hot choice of each window (its skill, its constraint, ...), shape `(windows, choices)`.

    Raises:
        DataError: when the data holds an index that has no name.
    """
    chosen = demonstrations.skills[windows.current_action]
    if chosen.min() < 0 or chosen.max() >= choices:
        raise DataError(f"{kind} indices must lie in 0..{choices - 1}; got {chosen.min()}..{chosen.max()}")
    return np.eye(choices, dtype=np.float32)[chosen]


def number_labels(
    demonstrations: DemonstrationSet,
    windows: WindowIndex,
    *,
    kind: str,
    scale: float,
    averaging_steps: int,
    step_duration: float,
) -> np.ndarray:
    """Label of each window in [0, 1], shape `(windows, 1)`: forward speed over `scale`, clipped.

    Args:
        demonstrations: the episodes, with the extras that `NUMBER_EXTRAS` names for the kind.
        windows: the windows to label.
        kind: `return`, the mean speed along the heading that was measured over the next
            `averaging_steps`, or one of `ASKED_NUMBERS`, the one that was asked over them.
        scale: speed that stands for a label of 1 [m/s].
        averaging_steps: how far to look ahead [control steps], at most to the end of the skill.
        step_duration: of a control step [s].
    """
    if kind == "return":
        advance = forward_steps(demonstrations) / step_duration
    elif kind in ASKED_NUMBERS:
        advance = demonstrations.extras[ASKED_NUMBERS[kind]].astype(np.float64)
    else:
        raise DataError(f"kind '{kind}' has no label that is a number; available: {', '.join(NUMBER_EXTRAS)}")
    total = np.r_[0.0, np.cumsum(advance)]
    start = windows.current_action
    steps = np.minimum(windows.remaining_steps, averaging_steps)
    mean_speed = (total[start + steps] - total[start]) / steps
    return np.clip(mean_speed / scale, 0.0, 1.0).astype(np.float32)[:, None]


def forward_steps(demonstrations: DemonstrationSet) -> np.ndarray:
    """How far each control step took the base along its heading before it, shape `(N,)` [m]."""
    position = demonstrations.extras["base_position"].astype(np.float64)
    heading = demonstrations.extras["heading"].astype(np.float64)
    before = demonstrations.state_of_action
    displacement = position[before + 1, :2] - position[before, :2]
    forward = np.stack([np.cos(heading), np.sin(heading)], axis=1)
    return np.sum(displacement * forward[before], axis=1)
