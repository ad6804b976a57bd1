"""Records read back what was written, whatever their defaults are."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from decision_diffuser_ros.errors import BundleError
from decision_diffuser_ros.planner.strict_record import (
    parse_json,
    read_record,
    read_record_file,
    record_text,
    write_record,
)


@dataclasses.dataclass(frozen=True)
class Part:
    size: float
    names: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Whole:
    parts: tuple[Part, ...]
    by_name: Mapping[str, Part]
    anything: Mapping[str, Any]
    limit: int | None = 4
    scale: float | None = None


@pytest.mark.parametrize("limit", [None, 4, 7])
@pytest.mark.parametrize("scale", [None, 0.5])
def test_a_written_record_reads_back_equal(limit: int | None, scale: float | None) -> None:
    part = Part(2.0, ("a", "b"))
    whole = Whole((part, Part(1.0)), {"x": part}, {"free": [1, None, {"deep": True}]}, limit, scale)
    text = json.dumps(write_record(whole))
    assert read_record(Whole, parse_json(text, where="test"), where="test") == whole


def test_a_file_reads_back_the_record_that_it_was_written_from(tmp_path: Path) -> None:
    part = Part(2.0, ("a", "b"))
    (tmp_path / "part.json").write_text(record_text(part), encoding="utf-8")
    assert read_record_file(Part, tmp_path / "part.json", remedy="none needed") == part
    with pytest.raises(ValueError, match="not JSON compliant"):
        record_text(Part(float("nan")))


@pytest.mark.parametrize("content", [None, b"\xff{}"])
def test_a_file_that_cannot_be_read_is_refused_with_a_remedy(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "part.json").write_bytes(content)
    with pytest.raises(BundleError, match=r"'.*part\.json' cannot be read \(.*\); make one with `make part`"):
        read_record_file(Part, tmp_path / "part.json", remedy="make one with `make part`")


def test_whole_numbers_are_read_as_numbers_with_fractions() -> None:
    size = read_record(Part, {"size": 3}, where="test").size
    assert isinstance(size, float)
    assert size == 3.0


def test_a_number_too_large_is_refused() -> None:
    with pytest.raises(BundleError, match="test: size: expected a finite number, got 1000"):
        read_record(Part, {"size": 10**400}, where="test")


def test_the_place_of_an_error_deep_inside_is_named() -> None:
    value = {"parts": [{"size": 1.0}, {"size": 1.0, "names": ["a", 2]}], "by_name": {}, "anything": {}}
    with pytest.raises(BundleError, match=r"test: parts\[1\]: names\[1\]: expected string, got integer 2"):
        read_record(Whole, value, where="test")


def test_a_long_value_is_shortened_in_the_message() -> None:
    with pytest.raises(BundleError, match=r"expected number, got string 'a{56}\.\.\.$"):
        read_record(Part, {"size": "a" * 500}, where="test")
