"""Real-time scheduling of this process's threads: commands leave on time, however busy the processors are.

Without it the operating system lets a thread whose deadline has come wait for others to use up their turn, several
milliseconds each. With Linux's SCHED_FIFO it runs at once. All threads get the same priority: Python's lock is held by
one of them at a time, and a thread of high priority would wait for one of low priority that holds it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from decision_diffuser_ros.errors import ConfigurationError

THREADS = Path("/proc/self/task")
ORDINARY = 0
"""The priority of a thread that is not scheduled in real time."""


def set_thread_priority(priority: int) -> None:
    """Schedules all threads that this process has now; those begun later, and child processes, are ordinary.

    Args:
        priority: of SCHED_FIFO, 1 to 99; `ORDINARY` for none.

    Raises:
        ConfigurationError: the operating system has no such scheduling, or does not allow it; nothing changes then.
    """
    if not hasattr(os, "SCHED_FIFO") or not THREADS.is_dir():
        raise ConfigurationError("this operating system has no real-time scheduling as Linux has it (SCHED_FIFO)")
    # Who may raise a priority by `rtprio` may lower it again, but not take this flag away.
    policy = (os.SCHED_FIFO if priority else os.SCHED_OTHER) | os.SCHED_RESET_ON_FORK
    for thread in sorted(int(entry.name) for entry in THREADS.iterdir()):
        with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
            try:
                os.sched_setscheduler(thread, policy, os.sched_param(priority))
            except PermissionError as error:
                raise ConfigurationError(
                    f"the operating system does not allow real-time priority {priority}; allow it with `rtprio` in "
                    "/etc/security/limits.conf, or with the capability CAP_SYS_NICE in a container"
                ) from error


def schedule_in_real_time(priority: int, *, warn: Callable[[str], object]) -> bool:
    """Schedules all threads as a parameter asks for; returns whether they are, and warns where that is refused.

    Args:
        priority: of SCHED_FIFO, 1 to 99; `ORDINARY` leaves everything as it is.
        warn: told of a refusal.
    """
    if priority == ORDINARY:
        return False
    try:
        set_thread_priority(priority)
    except ConfigurationError as error:
        warn(f"ordinary scheduling, late on busy processors: {error}; or set `realtime_priority` to {ORDINARY}")
        return False
    return True


def schedule_ordinarily(*, warn: Callable[[str], object]) -> bool:
    """Ends real-time scheduling of all threads; returns whether it has ended, and warns where that is refused."""
    try:
        set_thread_priority(ORDINARY)
    except ConfigurationError as error:
        warn(f"threads stay scheduled in real time: {error}")
        return False
    return True
