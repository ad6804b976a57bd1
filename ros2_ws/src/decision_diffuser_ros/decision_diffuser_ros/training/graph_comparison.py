"""ONNX Runtime against torch, in numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn

from decision_diffuser_ros.errors import BundleError

TOLERANCE = 1e-4


def check_against_torch(
    path: str | Path,
    network: nn.Module,
    batches: Iterable[Mapping[str, Tensor]],
    *,
    tolerance: float = TOLERANCE,
) -> float:
    """How much a graph differs from its network: largest difference over largest output, over all batches.

    Args:
        path: the ONNX file.
        network: what it was exported from.
        batches: inputs by name.
        tolerance: most that is accepted.

    Raises:
        BundleError: when it is more than the tolerance, or the graph cannot be run.
    """
    difference = max(_difference(path, network, inputs) for inputs in batches)
    if not difference <= tolerance:  # so that NaN is refused too
        raise BundleError(
            f"{Path(path).name}: ONNX Runtime and torch differ by {difference:.2e} of the largest output; "
            f"accepted: at most {tolerance:.0e}. The bundle was not written"
        )
    return difference


def _difference(path: str | Path, network: nn.Module, inputs: Mapping[str, Tensor]) -> float:
    with torch.no_grad():
        expected = network(**inputs).numpy()
    try:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        (answer,) = session.run(None, {name: values.numpy() for name, values in inputs.items()})
    except Exception as error:
        raise BundleError(f"{Path(path).name}: ONNX Runtime cannot run the graph: {error}") from error
    if answer.shape != expected.shape:
        raise BundleError(f"{Path(path).name}: the graph answers {answer.shape}, torch {expected.shape}")
    return float(np.abs(answer - expected).max() / np.abs(expected).max())
