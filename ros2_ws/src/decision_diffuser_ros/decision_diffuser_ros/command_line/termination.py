"""SIGTERM ends a command that has started processes as Ctrl-C does: in order, with nothing left behind."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

EXIT_TERMINATED = 128 + signal.SIGTERM


@contextlib.contextmanager
def ends_in_order() -> Iterator[None]:
    """Within it, or within the function that it decorates, SIGTERM is an exception, so that contexts are left.

    By default the process would be gone at once, and what it has started would go on. In the main thread only.
    """
    before = signal.signal(signal.SIGTERM, _leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(EXIT_TERMINATED)
