"""What was measured, for the JSON beside a result: which model, and how its plans are sampled."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from decision_diffuser_ros.planner.manifest import DENOISER_FILE, Manifest
from decision_diffuser_ros.planner.settings import SamplingSettings


def model_facts(manifest: Manifest, sampling: SamplingSettings | None = None) -> dict[str, Any]:
    """The model's name, the checksum of its denoiser and the settings of a plan, JSON-able.

    Args:
        manifest: of the model.
        sampling: settings of a plan; None for the manifest's.
    """
    return {
        "model": manifest.name,
        "denoiser_sha256": manifest.files[DENOISER_FILE].sha256,
        "sampling": asdict(sampling or manifest.sampling),
    }
