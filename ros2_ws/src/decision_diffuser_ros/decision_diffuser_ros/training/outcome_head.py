"""Where objects end: on the table or on one another, as a mixture of places that noise has evidence for.

An outcome is one of many arrangements. A network that answers with coordinates answers with their mean as long as the
noise leaves several possible, and blurs places it could name: an object stays where it is, or goes to where another one
lies, or to a free place beside where one lies, and it ends at a level of a pile. Here the network says how likely each
place and each level is beforehand. What the noisy outcome says for or against each is known in closed form: a noisy
change y = r d + e, with a signal-to-noise ratio r and unit noise e, speaks for a change d against none by the log
likelihood ratio r y.d - r^2 |d|^2 / 2. The answer is the mean of what is then likely, which is what a denoiser is to
answer with (Bayes; for a mixture, exactly).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

OBJECT_SIZE = 0.05  # [m]
LEVELS = 4
FREE_PLACE_UNIT = 0.15  # [m]
STAYS_AT_FIRST = 2.0
"""Logit at the start of a training of staying where it is."""


class NoisyOutcome(NamedTuple):
    """What is known of where objects end.

    Attributes:
        change: in units of the normaliser times the noise, see the module, shape `(batch, objects, 3)`.
        certainty: signal to noise, the larger the surer, shape `(batch, 1, 1)`.
        position: where the objects are now, shape `(batch, objects, 3)` [m].
        std: unit of the normaliser, shape `(objects, 3)` [m].
    """

    change: Tensor
    certainty: Tensor
    position: Tensor
    std: Tensor

    def evidence_for_places(self, places: Tensor) -> Tensor:
        """For each object ending over each place against staying, `(batch, objects, n)`, of `(batch, n, 2)` [m]."""
        way = (places[:, None] - self.position[:, :, None, :2]) / self.std[:, None, :2]
        along = (self.change[:, :, None, :2] * way).sum(dim=-1)
        return self.certainty * along - 0.5 * self.certainty**2 * way.square().sum(dim=-1)

    def estimate(self) -> Tensor:
        """Where objects end by the noisy change alone, `(batch, objects, 3)` [m].

        Beforehand each place of an object is as likely as anywhere else, by a normal distribution about where it is.
        """
        places, snr = self.position[..., :2], self.certainty**2
        change = self.change[..., :2]
        anywhere = places + self.certainty * change / (1.0 + snr) * self.std[:, :2]
        size = change.square().sum(dim=-1, keepdim=True)
        for_anywhere = 0.5 * size * snr / (1.0 + snr) - torch.log(1.0 + snr)
        shares = torch.cat([self.evidence_for_places(places), for_anywhere], dim=-1).softmax(dim=-1)
        around = shares[..., :-1] @ places + shares[..., -1:] * anywhere
        levels = self.evidence_for_levels().softmax(dim=-1)
        return torch.cat([around, (levels * _level_heights(self.position)).sum(dim=-1, keepdim=True)], dim=-1)

    def evidence_for_levels(self) -> Tensor:
        """For each object ending at each level, `(batch, objects, levels)`."""
        rise = (_level_heights(self.position) - self.position[..., 2:]) / self.std[:, 2:]
        return -0.5 * (self.change[..., 2:] - self.certainty * rise).square()


class OutcomeHead(nn.Module):
    """Positions in which objects end, from a token of each.

    Args:
        width: numbers in a token.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.from_object, self.to_place = nn.Linear(width, width), nn.Linear(width, width)
        self.to_free_place = nn.Linear(width, width)
        self.free_place = nn.Linear(width, 2)
        self.level = nn.Linear(width, LEVELS)

    def forward(self, tokens: Tensor, noisy: NoisyOutcome) -> Tensor:
        """Positions `(batch, objects, 3)` [m], from tokens `(batch, objects, width)`."""
        taken = noisy.position[..., :2]
        free = taken + FREE_PLACE_UNIT * self.free_place(tokens)
        places = torch.cat([taken, free], dim=1)
        asking = self.from_object(tokens) / tokens.shape[-1] ** 0.5
        answering = torch.cat([self.to_place(tokens), self.to_free_place(tokens)], dim=1)
        staying = STAYS_AT_FIRST * torch.eye(taken.shape[1], places.shape[1])
        beforehand = asking @ answering.transpose(1, 2) + staying.to(tokens)
        around = (beforehand + noisy.evidence_for_places(places)).softmax(dim=-1) @ places
        levels = (self.level(tokens) + noisy.evidence_for_levels()).softmax(dim=-1)
        height = (levels * _level_heights(noisy.position)).sum(dim=-1, keepdim=True)
        return torch.cat([around, height], dim=-1)


def _level_heights(like: Tensor) -> Tensor:
    """Height of an object's centre at each level of a pile, `(levels,)` [m]."""
    return OBJECT_SIZE * (torch.arange(LEVELS, device=like.device, dtype=like.dtype) + 0.5)
