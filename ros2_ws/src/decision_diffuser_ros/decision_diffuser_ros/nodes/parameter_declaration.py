"""Declares a node's parameters from a table, each with description, unit and range."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node
from rclpy.parameter import Parameter

from decision_diffuser_ros.errors import ConfigurationError

ParameterType = Parameter.Type
Record = TypeVar("Record")


@dataclass(frozen=True)
class ParameterSpec:
    """One parameter.

    Attributes:
        name: with dots for groups.
        default: its value, or a `ParameterType` for a parameter that need not be set.
        description: what it is, for people.
        unit: of its value; empty for none.
        minimum, maximum: range of a number, or of each number of an array; None for open ends.
        choices: accepted texts; empty for any.
        read_only: whether it can be set at the start only.
    """

    name: str
    default: Any
    description: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    read_only: bool = False

    def descriptor(self) -> ParameterDescriptor:
        """Return what `ros2 param describe` shows and rclpy enforces, but for the range of an array's numbers."""
        constraints = f"one of {', '.join(self.choices)}" if self.choices else ""
        description = f"{self.description} [{self.unit}]" if self.unit else self.description
        descriptor = ParameterDescriptor(
            description=description, additional_constraints=constraints, read_only=self.read_only
        )
        if self.minimum is None and self.maximum is None:
            return descriptor
        is_integer = self.default is ParameterType.INTEGER or (
            isinstance(self.default, int) and not isinstance(self.default, bool)
        )
        if is_integer:
            low = -(2**62) if self.minimum is None else int(self.minimum)
            high = 2**62 if self.maximum is None else int(self.maximum)
            descriptor.integer_range = [IntegerRange(from_value=low, to_value=high, step=0)]
        else:
            low_value = -math.inf if self.minimum is None else float(self.minimum)
            high_value = math.inf if self.maximum is None else float(self.maximum)
            descriptor.floating_point_range = [FloatingPointRange(from_value=low_value, to_value=high_value, step=0.0)]
        return descriptor

    def check(self, value: Any) -> None:
        """Refuse what rclpy lets through: a text that is none of the choices, an array with a number out of range.

        Args:
            value: of the parameter; None where it is not set.

        Raises:
            ConfigurationError: the value is not accepted.
        """
        if value is None:
            return
        if self.choices and value not in self.choices:
            raise ConfigurationError(f"`{self.name}` must be one of {', '.join(self.choices)}. Got '{value}'")
        if isinstance(value, tuple) and (self.minimum is not None or self.maximum is not None):
            low = -math.inf if self.minimum is None else self.minimum
            high = math.inf if self.maximum is None else self.maximum
            refused = [number for number in value if not low <= number <= high]
            if refused:
                unit = f" {self.unit}" if self.unit else ""
                raise ConfigurationError(
                    f"each value of `{self.name}` must be from {low:g} to {high:g}{unit}. Got {refused[0]:g}"
                )


def declare_parameters(node: Node, specs: Iterable[ParameterSpec]) -> None:
    """Declare all parameters of the table on `node`."""
    for spec in specs:
        node.declare_parameter(spec.name, spec.default, spec.descriptor())


def read_parameters(node: Node, record: type[Record], specs: Iterable[ParameterSpec]) -> Record:
    """Return the values now, None for what is not set.

    Args:
        node: that declares them.
        record: a dataclass with their names as fields, dots as underscores.
        specs: the table.

    Raises:
        ConfigurationError: a value is not accepted.
    """
    values: dict[str, Any] = {}
    for spec in specs:
        value = _value(node.get_parameter_or(spec.name).value)
        spec.check(value)
        values[spec.name.replace(".", "_")] = value
    return record(**{field.name: values[field.name] for field in fields(record)})  # type: ignore[arg-type]


def _value(value: Any) -> Any:
    return tuple(value) if isinstance(value, (list, tuple)) or hasattr(value, "tolist") else value
