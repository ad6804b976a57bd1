"""The hidden layers of a multi-layer perceptron."""

from __future__ import annotations

import itertools

from torch import nn


def hidden_layers(inputs: int, *, width: int, layers: int, activation: type[nn.Module] = nn.ReLU) -> list[nn.Module]:
    """Fully connected layers of `width` units, each with its activation.

    Args:
        inputs: numbers that go in.
        width: units of each layer, so numbers that come out.
        layers: how many, at least 1.
        activation: a class of modules without parameters.
    """
    sizes = [inputs, *[width] * layers]
    return [module for pair in itertools.pairwise(sizes) for module in (nn.Linear(*pair), activation())]
