"""The world in a mirror: twice as many demonstrations of a robot whose left is as good as its right.

An arm on its base, the table before it and what it does there look in the mirror like another arm that does just such a
thing, and so does a quadruped on its way. Joints that turn about upright or lengthwise axes turn the other way, and so
do yaw, roll and sideways distances; what is on the left in the mirror is on the right of the robot.
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
        exchanged: pairs of beginnings of names; entries that differ only in these change places.
        state_names: of all entries.
        normaliser: of the states.

    Raises:
        ConfigurationError: when a pattern or a beginning fits no entry, or an entry has nothing to change places with.
    """

    def __init__(
        self,
        patterns: Sequence[str],
        *,
        exchanged: Sequence[Sequence[str]] = (),
        state_names: Sequence[str],
        normaliser: Normaliser,
    ) -> None:
        for pattern in patterns:
            if not any(fnmatchcase(name, pattern) for name in state_names):
                raise ConfigurationError(
                    f"mirrored: got '{pattern}', which fits no entry of the state; entries: {', '.join(state_names)}"
                )
        turns = [any(fnmatchcase(name, pattern) for pattern in patterns) for name in state_names]
        sign, source = np.where(turns, -1.0, 1.0), _sources(state_names, exchanged)
        mean, std = normaliser.mean, normaliser.std
        self._source = torch.tensor(source)
        self._scale = torch.tensor(sign * std[source] / std, dtype=torch.float32)
        self._shift = torch.tensor((sign * mean[source] - mean) / std, dtype=torch.float32)

    def of(self, states: Tensor, chosen: Tensor) -> Tensor:
        """The states `(batch, slots, state_dim)`, normalised, those of the chosen `(batch,)` in the mirror."""
        return torch.where(chosen[:, None, None], self._scale * states[..., self._source] + self._shift, states)


def _sources(names: Sequence[str], exchanged: Sequence[Sequence[str]]) -> list[int]:
    """Which entry is seen in the place of each."""
    twins = {name: name for name in names}
    for one, other in exchanged:
        for old, new in ((one, other), (other, one)):
            own = [name for name in names if name.startswith(old)]
            if not own:
                raise ConfigurationError(
                    f"exchanged: got '{old}', with which no entry of the state begins; entries: {', '.join(names)}"
                )
            twins |= {name: new + name.removeprefix(old) for name in own}
    alone = sorted(set(twins.values()) - set(names))
    if alone:
        raise ConfigurationError(f"exchanged: expected the entries {', '.join(alone)}; entries: {', '.join(names)}")
    return [list(names).index(twins[name]) for name in names]
