"""Whether a node that runs for long takes more and more: memory, threads, open files, time for a plan."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from decision_diffuser_ros.evaluation.process_facts import ProcessFacts
from decision_diffuser_ros.evaluation.text_table import TextTable

SETTLING_SHARE = 0.2
"""Of the run: caches fill, allocators take what they will need."""

MEMORY_ALLOWANCE = 2**20  # [bytes]
MEMORY_SHARE = 0.005
LATENCY_FACTOR = 1.5
LATENCY_ALLOWANCE = 0.005  # [s], other programs want the processor too
MEBIBYTE = 2**20
COLUMNS = ("process", "memory MiB", "then", "MiB/h", "threads", "then", "files", "then", "CPU share")


@dataclass
class SoakSeries:
    """What was seen at each sample.

    Attributes:
        times: since the beginning [s].
        processes: facts of each process by name, one a sample; None where it was not there.
        plan_seconds: time that the last plan took [s].
        commands: how many there had been.
        children: process ids below the planner node.
    """

    times: list[float] = field(default_factory=list)
    processes: dict[str, list[ProcessFacts | None]] = field(default_factory=dict)
    plan_seconds: list[float] = field(default_factory=list)
    commands: list[int] = field(default_factory=list)
    children: list[int] = field(default_factory=list)

    def add(
        self,
        time: float,
        processes: Mapping[str, ProcessFacts | None],
        *,
        plan_seconds: float,
        commands: int,
        children: int,
    ) -> None:
        """Take note of a sample."""
        self.times.append(time)
        for name, facts in processes.items():
            self.processes.setdefault(name, []).append(facts)
        self.plan_seconds.append(plan_seconds)
        self.commands.append(commands)
        self.children.append(children)

    def halves(self, values: Sequence[float]) -> tuple[float, float]:
        """Return the median of a series in the two halves of the run after it has settled; NaN without values."""
        settled = np.array(values[math.floor(SETTLING_SHARE * len(values)) :], dtype=np.float64)
        middle = len(settled) // 2
        return _median(settled[:middle]), _median(settled[middle:])


@dataclass(frozen=True)
class ProcessGrowth:
    """A process in the first and the second half of the run: (first, then) each.

    Attributes:
        name: of the process.
        memory: resident [bytes].
        memory_slope: of a line through it [bytes/h].
        threads, open_files: numbers.
        processor_share: of one processor.
    """

    name: str
    memory: tuple[float, float]
    memory_slope: float
    threads: tuple[float, float]
    open_files: tuple[float, float]
    processor_share: float

    @property
    def problems(self) -> list[str]:
        """What grows; empty if nothing does."""
        found = []
        first, then = self.memory
        if then - first > MEMORY_ALLOWANCE + MEMORY_SHARE * first:
            found.append(f"{self.name}: memory has grown from {first / MEBIBYTE:.1f} to {then / MEBIBYTE:.1f} MiB")
        for what, (before, after) in (("threads", self.threads), ("open files", self.open_files)):
            if after > before:
                found.append(f"{self.name}: {what} have grown from {before:.0f} to {after:.0f}")
        return found


def growth_of(series: SoakSeries, name: str) -> ProcessGrowth:
    """Return how a process has changed over the run."""
    facts = series.processes[name]
    present = [(time, fact) for time, fact in zip(series.times, facts, strict=True) if fact is not None]
    times = np.array([time for time, _ in present])
    memory = [float(fact.resident_memory) if fact else math.nan for fact in facts]
    settled = slice(math.floor(SETTLING_SHARE * len(present)), None)
    resident = np.array([fact.resident_memory for _, fact in present], dtype=np.float64)
    slope = float(np.polyfit(times[settled], resident[settled], 1)[0]) if len(times[settled]) > 2 else math.nan
    elapsed = times[-1] - times[0] if len(times) > 1 else math.nan
    used = present[-1][1].processor_time - present[0][1].processor_time if present else math.nan
    return ProcessGrowth(
        name=name,
        memory=series.halves(memory),
        memory_slope=3600.0 * slope,
        threads=series.halves([fact.threads if fact else math.nan for fact in facts]),
        open_files=series.halves([fact.open_files if fact else math.nan for fact in facts]),
        processor_share=used / elapsed,
    )


def soak_summary(series: SoakSeries) -> dict[str, Any]:
    """Return what has grown, as JSON; `problems` is empty for a run that could go on for ever."""
    growths = [growth_of(series, name) for name in series.processes]
    first, then = series.halves(series.plan_seconds)
    problems = [problem for growth in growths for problem in growth.problems]
    if then > LATENCY_FACTOR * first + LATENCY_ALLOWANCE:
        problems.append(f"the time for a plan has grown from {1e3 * first:.1f} to {1e3 * then:.1f} ms")
    if series.children and series.children[-1] > series.children[0]:
        problems.append(f"the planner has {series.children[-1]} child processes, and had {series.children[0]}")
    return {
        "passed": not problems,
        "problems": problems,
        "seconds": series.times[-1] if series.times else 0.0,
        "samples": len(series.times),
        "commands": series.commands[-1] if series.commands else 0,
        "plan_ms": [1e3 * first, 1e3 * then],
        "children": [series.children[0], series.children[-1]] if series.children else [],
        "processes": [dataclasses.asdict(growth) for growth in growths],
    }


def soak_table(series: SoakSeries) -> TextTable:
    """Return the growth of each process for people."""
    rows = []
    for name in series.processes:
        growth = growth_of(series, name)
        memory = [f"{value / MEBIBYTE:.1f}" for value in (*growth.memory, growth.memory_slope)]
        numbers = [f"{value:.0f}" for value in (*growth.threads, *growth.open_files)]
        rows.append([name, *memory, *numbers, f"{growth.processor_share:.2f}"])
    return TextTable("First half of the run, and then", COLUMNS, rows)


def _median(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else math.nan
