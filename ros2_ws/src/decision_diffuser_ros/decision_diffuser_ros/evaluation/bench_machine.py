"""The machine that a measurement was made on: a figure without it means nothing."""

from __future__ import annotations

import os
import subprocess
from typing import Any

import numpy as np
import onnxruntime

from decision_diffuser_ros.provenance import provenance

SHARES = (50, 95, 99)  # [%]


def machine_facts() -> dict[str, Any]:
    """Processor, GPU, ONNX Runtime, load, and what `provenance` tells, for the JSON of a measurement."""
    return {
        **provenance(),
        "processors": os.cpu_count(),
        "load_average_1_min": round(os.getloadavg()[0], 2),
        "gpu": gpu_name(),
        "onnxruntime": onnxruntime.__version__,
        "execution_providers": onnxruntime.get_available_providers(),
    }


def gpu_name() -> str | None:
    """The first GPU's name as its driver tells it, None where there is none."""
    query = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        answer = subprocess.run(query, check=True, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return None
    return next(iter(answer.stdout.strip().splitlines()), None)


def percentiles_ms(seconds: object) -> dict[str, float]:
    """Median, p95, p99 and largest of durations [s], in [ms]."""
    milliseconds = 1e3 * np.asarray(seconds, dtype=float)
    named = {f"p{share}": float(np.percentile(milliseconds, share)) for share in SHARES}
    return {name: round(value, 3) for name, value in {**named, "max": float(milliseconds.max())}.items()}
