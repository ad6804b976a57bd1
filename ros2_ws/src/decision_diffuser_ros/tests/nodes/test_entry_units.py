"""Models are in the units in which robots are measured and commanded, or are refused."""

import dataclasses

import pytest

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.nodes.entry_units import require_si_units
from decision_diffuser_ros.planner.manifest import Manifest
from decision_diffuser_ros.planner.manifest_records import Entry
from decision_diffuser_ros.resources import MANIFEST_NAME, model_directory

MODELS = ("quadruped_gaits", "quadruped_composition", "block_stacking")


def in_another_unit(entries: tuple[Entry, ...], name: str) -> tuple[Entry, ...]:
    return tuple(dataclasses.replace(entry, unit="deg") if entry.name == name else entry for entry in entries)


@pytest.mark.parametrize("model", MODELS)
def test_shipped_models_are_in_the_right_units_and_each_entry_counts(model: str) -> None:
    manifest = Manifest.read(model_directory(model) / MANIFEST_NAME)
    require_si_units(manifest)
    for field in ("state", "action"):
        entries = getattr(manifest, field)
        for entry in entries:
            wrong = dataclasses.replace(manifest, **{field: in_another_unit(entries, entry.name)})
            with pytest.raises(ConfigurationError, match=f"has '{entry.name}' in 'deg'; expected '{entry.unit}'"):
                require_si_units(wrong)
