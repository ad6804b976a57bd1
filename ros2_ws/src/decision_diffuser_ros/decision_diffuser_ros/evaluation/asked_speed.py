"""How a model is asked for a forward speed: in [m/s], or by the return that stands for it."""

from __future__ import annotations

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.planner.manifest import Manifest
from decision_diffuser_ros.planner.manifest_records import ConditionKind


def number_kind(manifest: Manifest) -> ConditionKind | None:
    """The model's kind of condition that is a number, if it has one."""
    return next((kind for kind in manifest.conditions if not kind.is_choice), None)


def speed_of_one(manifest: Manifest, kind: ConditionKind) -> float:
    """The forward speed that the number's largest value stands for [m/s].

    Raises:
        ConfigurationError: the model does not tell.
    """
    if kind.unit == "m/s":
        return kind.largest
    try:
        return float(manifest.provenance["configuration"]["data"][f"{kind.kind}_scale"])
    except (KeyError, TypeError) as error:
        raise ConfigurationError(
            f"model '{manifest.name}' does not say which speed a {kind.kind} of 1 stands for; "
            "expected `configuration: data` in its provenance"
        ) from error


def numbers_for_speed(manifest: Manifest, forward_speed: float) -> dict[str, float]:
    """The number to ask beside a gait, by its kind; none of a model that takes none.

    Args:
        manifest: of the model.
        forward_speed: [m/s]; more than the model can be asked for is as much as it can.

    Raises:
        ConfigurationError: the model does not tell which speed its number stands for.
    """
    kind = number_kind(manifest)
    if kind is None:
        return {}
    unit = kind.largest / speed_of_one(manifest, kind)
    return {kind.kind: min(forward_speed * unit, kind.largest)}
