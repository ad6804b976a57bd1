"""Waiting for what other processes do."""

import time
from collections.abc import Callable

TIMEOUT = 30.0  # [s], generous: no test waits for it unless something is wrong


def wait_until(condition: Callable[[], bool], *, timeout: float = TIMEOUT) -> None:
    """Returns as soon as a condition holds; fails where it does not within the timeout [s]."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
