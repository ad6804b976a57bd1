"""The world in a mirror: twice as many demonstrations of a robot whose left is as good as its right.

An arm on its base, the table before it and what it does there look in the mirror like another arm that does just such a
thing. Joints that turn about upright axes turn the other way, and so do yaw and sideways distances.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

import numpy as np
import torch
from torch import Tensor

from decision_diffuser_ros.data.normalisation import Normaliser
from decision_diffuser_ros.errors import ConfigurationError


class Mirror:
    """Turns normalised states into those of the world in a mirror.

    Args:
        patterns: of the names of the state's entries that change their signs, with `*` for anything.
        state_names: of all entries.
        normaliser: of the states.

    Raises:
        ConfigurationError: when a pattern fits no entry.
    """

    def __init__(self, patterns: Sequence[str], *, state_names: Sequence[str], normaliser: Normaliser) -> None:
        for pattern in patterns:
            if not any(fnmatchcase(name, pattern) for name in state_names):
                raise ConfigurationError(
                    f"mirrored: got '{pattern}', which fits no entry of the state; entries: {', '.join(state_names)}"
                )
        turns = [any(fnmatchcase(name, pattern) for pattern in patterns) for name in state_names]
        sign = np.where(turns, -1.0, 1.0)
        self._sign = torch.tensor(sign, dtype=torch.float32)
        self._shift = torch.tensor((sign - 1.0) * normaliser.mean / normaliser.std, dtype=torch.float32)

    def of(self, states: Tensor, chosen: Tensor) -> Tensor:
        """The states `(batch, slots, state_dim)`, normalised, those of the chosen `(batch,)` in the mirror."""
        return torch.where(chosen[:, None, None], self._sign * states + self._shift, states)
