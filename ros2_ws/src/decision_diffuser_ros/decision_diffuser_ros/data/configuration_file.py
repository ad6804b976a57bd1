"""Configurations from YAML files: an unknown key or a wrong type is an error that names the place."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import yaml

from decision_diffuser_ros.errors import BundleError, ConfigurationError
from decision_diffuser_ros.planner.strict_record import read_record

Configuration = TypeVar("Configuration")


def read_configuration(record_type: type[Configuration], path: str | Path, *, what: str) -> Configuration:
    """The configuration in a YAML file.

    Args:
        record_type: the frozen dataclass to make.
        path: of the file.
        what: is configured, for messages, e.g. `training`.

    Raises:
        ConfigurationError: when it cannot be read or is not what the dataclass accepts.
    """
    try:
        value = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{what} configuration '{path}' cannot be read: {error}") from error
    return configuration_of(record_type, value, where=str(path))


def configuration_of(record_type: type[Configuration], value: object, *, where: str) -> Configuration:
    """The configuration in a JSON or YAML value; `where` names it in messages. Raises ConfigurationError."""
    try:
        return read_record(record_type, value, where=where)
    except BundleError as error:
        raise ConfigurationError(str(error)) from error
