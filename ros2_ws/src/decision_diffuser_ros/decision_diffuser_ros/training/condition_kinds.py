"""The kinds of condition a training has: a choice whose names its data knows, numbers whose scales it is told."""

from __future__ import annotations

from decision_diffuser_ros.data.description import DataDescription
from decision_diffuser_ros.data.labels import NUMBER_EXTRAS
from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.planner.manifest_records import ConditionKind
from decision_diffuser_ros.training.configuration import DataConfiguration


def condition_kinds(configuration: DataConfiguration, description: DataDescription) -> tuple[ConditionKind, ...]:
    """The kinds as configured, in the order of the condition vector.

    Raises:
        ConfigurationError: when the data are not labelled with one of them.
    """
    return tuple(_condition_kind(name, configuration, description) for name in configuration.conditions)


def _condition_kind(name: str, configuration: DataConfiguration, description: DataDescription) -> ConditionKind:
    choices = [description.choice_kind] if description.skill_names else []
    if name in choices:
        return ConditionKind(name, names=description.skill_names)
    if name == "return":  # a share already: the progress that stands for 1 is a fact of the training
        return ConditionKind(name, scale=1.0, unit="1")
    if name in NUMBER_EXTRAS:
        return ConditionKind(name, scale=configuration.number_scale(name), unit="m/s")
    raise ConfigurationError(
        f"condition '{name}' is not what the data of '{description.name}' are labelled with; "
        f"available: {', '.join([*choices, *NUMBER_EXTRAS])}"
    )
