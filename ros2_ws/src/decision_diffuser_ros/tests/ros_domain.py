"""A ROS domain of its own for each test run, so that runs side by side on one machine do not hear each other."""

import fcntl
import os
import tempfile
from pathlib import Path
from typing import TextIO

DOMAINS = range(1, 102)
"""Domains whose ports lie below Linux's ephemeral ones; 0 is left to everybody's default."""

_held_locks: list[TextIO] = []


def claim_domain() -> int:
    """A domain that no other test run on this machine has; it is ours until the process ends.

    Raises:
        RuntimeError: all domains are taken.
    """
    offset = os.getpid() % len(DOMAINS)
    for domain in (*DOMAINS[offset:], *DOMAINS[:offset]):
        lock = (Path(tempfile.gettempdir()) / f"ros-test-domain-{domain}-{os.getuid()}.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        _held_locks.append(lock)
        return domain
    raise RuntimeError(f"all {len(DOMAINS)} ROS domains for tests are taken; end the other test runs first")
