"""From what a service call asks for to the planner's conditions, and back to text for people."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from decision_diffuser_ros.errors import ConditionError
from decision_diffuser_ros.planner.conditions import Condition, ConditionEncoder
from decision_diffuser_ros.planner.expression import Alternative, Term, alternative_text, branch_of
from decision_diffuser_ros.planner.manifest import Manifest
from decision_diffuser_ros.planner.manifest_records import ConditionKind


@dataclass(frozen=True)
class SkillRequest:
    """Skills with a weight each, and numbers by name in their units, e.g. `forward_speed` [m/s]."""

    skills: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.weights:
            object.__setattr__(self, "weights", (1.0,) * len(self.skills))
        _require_pairs("weight", self.weights, "skill", self.skills)
        skill, times = next(iter(Counter(self.skills).most_common(1)), ("", 0))
        if times > 1:
            raise ConditionError(f"skill '{skill}' is there twice; give it once, with the sum of the weights")

    def changed(
        self, *, skills: Sequence[str], weights: Sequence[float], number_names: Sequence[str], numbers: Sequence[float]
    ) -> SkillRequest:
        """Return the request after a service call: other skills; numbers that are not given stay.

        A number that is NaN is not asked any more.

        Raises:
            ConditionError: lists that belong together have different lengths, or a skill is there twice.
        """
        _require_pairs("number", numbers, "number name", number_names)
        merged = {**self.numbers, **dict(zip(number_names, numbers, strict=True))}
        asked = {name: value for name, value in merged.items() if not math.isnan(value)}
        return SkillRequest(tuple(skills), tuple(weights), asked)

    def conditions(self, manifest: Manifest) -> tuple[Condition, ...]:
        """Return one condition a skill, wanted ones with all numbers; none at all if nothing is asked.

        Raises:
            ConditionError: the model does not know a skill or number, or a value is out of range.
        """
        skill_kind = choice_kind(manifest)
        found = branch_of(self._alternative("skill" if skill_kind is None else skill_kind.kind))
        encoder = ConditionEncoder(manifest)
        for condition in found:
            encoder.encode(condition)
        return found

    def text(self) -> str:
        """Return the request as an expression, e.g. `0.7*trot & 0.3*!bound & forward_speed=0.6`."""
        return alternative_text(self._alternative("skill"))

    def _alternative(self, kind: str) -> Alternative:
        skills = (
            Term(kind, skill, None if weight == 1.0 else abs(weight), is_negated=weight < 0.0)
            for skill, weight in zip(self.skills, self.weights, strict=True)
        )
        return (*skills, *(Term(name, value) for name, value in self.numbers.items()))


def first_request(manifest: Manifest, *, skill: str | None, numbers: Mapping[str, float | None]) -> SkillRequest:
    """Return what is asked at first: the model's first skill unless `skill` says otherwise; '' for none."""
    names = skill_names(manifest)
    chosen = (names[0] if names else "") if skill is None else skill
    asked = {name: value for name, value in numbers.items() if value is not None}
    return dataclasses.replace(SkillRequest((chosen,) if chosen else ()), numbers=asked)


def choice_kind(manifest: Manifest) -> ConditionKind | None:
    """The kind of condition whose names `~/set_skill` takes: `skill`, else the first with names."""
    choices = [kind for kind in manifest.conditions if kind.is_choice]
    return manifest.kind("skill") or (choices[0] if choices else None)


def skill_names(manifest: Manifest) -> tuple[str, ...]:
    """The skills that the model knows."""
    kind = choice_kind(manifest)
    return kind.names if kind is not None else ()


def number_kinds(manifest: Manifest) -> tuple[ConditionKind, ...]:
    """The kinds of condition that are numbers."""
    return tuple(kind for kind in manifest.conditions if not kind.is_choice)


def _require_pairs(one: str, ones: Sequence[float], other: str, others: Sequence[str]) -> None:
    if len(ones) != len(others):
        raise ConditionError(f"there must be one {one} for each {other}. Got {len(ones)} for {len(others)}")
