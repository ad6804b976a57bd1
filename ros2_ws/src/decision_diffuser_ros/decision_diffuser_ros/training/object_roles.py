"""Which parts objects play in a condition: of `red > blue`, the red block is the upper one and the blue one the lower.

To a network that treats all objects alike a condition cannot be a list of numbers with a meaning each. What it says is
said to the objects that it is about.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from decision_diffuser_ros.errors import ConfigurationError

ABOVE = " > "
ROLES = 2  # upper, lower


def object_roles(condition_names: Sequence[str], object_names: Sequence[str]) -> Tensor:
    """1 where an object plays a role in a condition, else 0, shape `(conditions, objects, 2)`.

    Args:
        condition_names: e.g. `red > blue`.
        object_names: e.g. `block_red`; what follows the last underscore is how conditions call it.

    Raises:
        ConfigurationError: when a condition does not say of one object that it is above another.
    """
    called = [name.rpartition("_")[2] for name in object_names]
    roles = torch.zeros(len(condition_names), len(object_names), ROLES)
    for condition, name in enumerate(condition_names):
        parts = name.split(ABOVE)
        if len(parts) != ROLES or parts[0] == parts[1] or not set(parts) <= set(called):
            raise ConfigurationError(
                f"condition '{name}' does not say which object is to be above which: expected '<upper>{ABOVE}<lower>' "
                f"with two of {', '.join(called)}"
            )
        for role, part in enumerate(parts):
            roles[condition, called.index(part), role] = 1.0
    return roles
