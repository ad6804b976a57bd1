"""A thread that does something at fixed deadlines of the steady clock.

A timer in an executor waits for whatever callback runs before it; this thread does not.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class DeadlineLoop:
    """Calls `step(now)` every `period` [s]; a deadline that has passed is skipped, not made up for."""

    def __init__(
        self, step: Callable[[float], None], *, period: float, on_failure: Callable[[BaseException], None]
    ) -> None:
        """Prepare the loop.

        Args:
            step: gets the steady time [s].
            period: between two deadlines [s].
            on_failure: told, in the loop's thread, what `step` raised; the loop has ended then.
        """
        self.missed_deadlines = 0
        self._step = step
        self._period = period
        self._on_failure = on_failure
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="control loop", daemon=True)

    def start(self) -> None:
        """Begin; the first deadline is now."""
        self._thread.start()

    def stop(self) -> None:
        """End and wait until the step under way is done."""
        self._stop.set()
        if self._thread is not threading.current_thread() and self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        deadline = time.monotonic()
        try:
            while not self._stop.wait(max(0.0, deadline - time.monotonic())):
                self._step(time.monotonic())
                deadline += self._period
                late = time.monotonic() - deadline
                if late > 0.0:
                    skipped = int(late / self._period) + 1
                    self.missed_deadlines += skipped
                    deadline += skipped * self._period
        except Exception as error:  # noqa: BLE001 - whatever it is, the robot must be told to hold
            self._on_failure(error)
