"""Scores as a JSON file: what `evaluate --json` writes and `export --scores` reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from decision_diffuser_ros.data.whole_file import whole_file


def write_scores(scores: Mapping[str, Any], path: str | Path) -> Path:
    """Writes the scores, whole or not at all, and makes the directory for them; returns the path."""
    with whole_file(path) as partial:
        partial.write_text(json.dumps(scores, indent=2) + "\n", encoding="utf-8")
    return Path(path)
