"""What Linux tells about a running process: children, memory, threads, open files."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

SPAWNED_BY_PYTHON = "spawn_main"
"""Found in the command line of what Python's multiprocessing has spawned."""

PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class ProcessFacts:
    """What a process uses at a moment: memory [bytes], threads, open files, processor time so far [s]."""

    resident_memory: int
    threads: int
    open_files: int
    processor_time: float


def process_facts(pid: int) -> ProcessFacts | None:
    """Return what the process uses; None if it has ended."""
    directory = Path("/proc") / str(pid)
    try:
        fields = (directory / "stat").read_text().rsplit(")", 1)[1].split()
        pages = int((directory / "statm").read_text().split()[1])
        open_files = len(list((directory / "fd").iterdir()))
    except (OSError, IndexError):
        return None
    return ProcessFacts(
        resident_memory=pages * PAGE_SIZE,
        threads=int(fields[17]),
        open_files=open_files,
        processor_time=(int(fields[11]) + int(fields[12])) / CLOCK_TICKS,
    )


def is_running(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (OSError, IndexError):
        return False


def descendants(pid: int) -> list[int]:
    """All processes below `pid`, nearest first."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, frontier = [], [pid]
    while frontier:
        frontier = [child for parent in frontier for child in children.get(parent, ())]
        found += frontier
    return found


def planning_child(pid: int) -> int | None:
    """Return the process in which the planner node `pid` makes its plans; None while there is none."""
    for child in descendants(pid):
        try:
            if SPAWNED_BY_PYTHON in (Path("/proc") / str(child) / "cmdline").read_bytes().decode(errors="replace"):
                return child
        except OSError:
            continue
    return None
