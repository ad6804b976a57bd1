"""Measured scores in a bundle's manifest; needs no torch."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from decision_diffuser_ros.data.whole_file import whole_file
from decision_diffuser_ros.errors import BundleError, ConfigurationError
from decision_diffuser_ros.planner.manifest import Manifest
from decision_diffuser_ros.planner.strict_record import parse_json
from decision_diffuser_ros.resources import MANIFEST_NAME


def record_scores(bundle: str | Path, scores: Mapping[str, Any]) -> Manifest:
    """Put measured scores into a bundle's manifest, in place of those it has.

    Raises:
        BundleError: when there is no valid bundle.
    """
    path = Path(bundle) / MANIFEST_NAME
    manifest = dataclasses.replace(Manifest.read(path), scores=dict(scores))
    with whole_file(path) as partial:
        manifest.write(partial)
    return manifest


def read_scores(path: str | Path) -> dict[str, Any]:
    """The scores in a JSON file, as `evaluate --json` writes it.

    Raises:
        ConfigurationError: when it cannot be read or holds something else than an object.
    """
    try:
        scores = parse_json(Path(path).read_text(encoding="utf-8"), where=str(path))
    except (OSError, UnicodeDecodeError, BundleError) as error:
        raise ConfigurationError(f"scores '{path}' cannot be read: {error}") from error
    if not isinstance(scores, dict):
        raise ConfigurationError(f"scores '{path}' must be a JSON object, got {json.dumps(scores)[:60]}")
    return scores
