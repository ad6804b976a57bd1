"""Frozen dataclasses from JSON and back, without leniency.

A manifest that is misread moves a robot wrongly, so nothing is guessed: an unknown key, a missing key, a wrong type,
a duplicate key or a number that is not finite is an error which names the place.
"""

import dataclasses
import json
import math
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from decision_diffuser_ros.errors import BundleError, ConfigurationError

Record = TypeVar("Record")
_TYPE_NAMES = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null", int: "integer"}


def parse_json(text: str, *, where: str) -> Any:
    """The value of a JSON text.

    Raises:
        BundleError: the text is no JSON, repeats a key, or holds NaN or Infinity.
    """

    def refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        repeated = sorted({key for key in keys if keys.count(key) > 1})
        if repeated:
            raise BundleError(f"{where}: key given more than once: {', '.join(repeated)}")
        return dict(pairs)

    def refuse_constant(name: str) -> None:
        raise BundleError(f"{where}: expected finite numbers, got {name}")

    try:
        return json.loads(text, object_pairs_hook=refuse_duplicates, parse_constant=refuse_constant)
    except (json.JSONDecodeError, RecursionError) as error:
        raise BundleError(f"{where} is not valid JSON ({error}); restore the file or export again") from error


def read_record(record_type: type[Record], value: Any, *, where: str) -> Record:
    """A dataclass from a JSON object; nested dataclasses, tuples and mappings are read by their annotations.

    Args:
        record_type: the frozen dataclass to make.
        value: what `parse_json` returned.
        where: the place in the file, for messages, e.g. `manifest.json: schedule`.

    Raises:
        BundleError: a key is unknown or missing, or a value is not of the annotated type or not accepted by the
            dataclass itself.
    """
    fields = {field.name: field for field in dataclasses.fields(record_type)}  # type: ignore[arg-type]
    if not isinstance(value, dict):
        raise _wrong_type(where, "object", value)
    unknown = sorted(set(value) - set(fields))
    if unknown:
        raise BundleError(f"{where}: unknown key '{unknown[0]}'; accepted: {', '.join(sorted(fields))}")
    missing = sorted(name for name, field in fields.items() if name not in value and _is_required(field))
    if missing:
        raise BundleError(f"{where}: key '{missing[0]}' is missing; present: {', '.join(sorted(value)) or 'none'}")
    annotations = typing.get_type_hints(record_type)
    arguments = {name: _read(annotations[name], item, f"{where}: {name}") for name, item in value.items()}
    try:
        return record_type(**arguments)
    except ConfigurationError as error:
        raise BundleError(f"{where}: {error}") from error


def read_record_file(record_type: type[Record], path: Path, *, remedy: str) -> Record:
    """A dataclass from a JSON file, see `read_record`.

    Args:
        record_type: the frozen dataclass to make.
        path: of the file.
        remedy: what to do where there is no such file.

    Raises:
        BundleError: the file cannot be read, is no JSON, or does not hold such a record.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BundleError(f"'{path}' cannot be read ({error}); {remedy}") from error
    return read_record(record_type, parse_json(text, where=str(path)), where=str(path))


def record_text(record: Any) -> str:
    """The text of a JSON file that `read_record_file` reads back."""
    return json.dumps(write_record(record), indent=1, allow_nan=False) + "\n"


def write_record(record: Any) -> Any:
    """The JSON value that `read_record` reads back; what is None or empty by default and still so is left out."""
    if dataclasses.is_dataclass(record) and not isinstance(record, type):
        values = {field: getattr(record, field.name) for field in dataclasses.fields(record)}
        return {
            field.name: write_record(value)
            for field, value in values.items()
            if value not in (None, ()) or value != field.default
        }
    if isinstance(record, Mapping):
        return {key: write_record(item) for key, item in record.items()}
    if isinstance(record, (tuple, list)):
        return [write_record(item) for item in record]
    return record


def _is_required(field: dataclasses.Field) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _read(annotation: Any, value: Any, where: str) -> Any:
    """One value, checked against its annotation."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation is Any:
        return value
    if origin in (typing.Union, types.UnionType):
        (annotation,) = (choice for choice in arguments if choice is not type(None))
        return None if value is None else _read(annotation, value, where)
    if dataclasses.is_dataclass(annotation):
        return read_record(annotation, value, where=where)  # type: ignore[arg-type]
    if origin is tuple:
        if not isinstance(value, list):
            raise _wrong_type(where, "array", value)
        return tuple(_read(arguments[0], item, f"{where}[{index}]") for index, item in enumerate(value))
    if origin is Mapping:
        if not isinstance(value, dict):
            raise _wrong_type(where, "object", value)
        return {key: _read(arguments[1], item, f"{where}: {key}") for key, item in value.items()}
    return _read_scalar(annotation, value, where)


def _read_scalar(annotation: type, value: Any, where: str) -> Any:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if annotation is float:
        if not is_number:
            raise _wrong_type(where, "number", value)
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise BundleError(f"{where}: expected a finite number, got {value}")
        return number
    if type(value) is not annotation:
        raise _wrong_type(where, _TYPE_NAMES[annotation], value)
    return value


def _wrong_type(where: str, expected: str, value: Any) -> BundleError:
    got = _TYPE_NAMES.get(type(value), "number")
    shown = repr(value) if len(repr(value)) <= 60 else f"{repr(value)[:57]}..."
    return BundleError(f"{where}: expected {expected}, got {got} {shown}")
