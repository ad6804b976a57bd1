"""A thread that does something at fixed deadlines of the steady clock.

A timer in an executor waits for whatever callback runs before it; this thread does not.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class DeadlineLoop:
    """Prepares something before every deadline and does it at the deadline, however long the preparation took.

    Deadlines are `period` [s] apart, but for those that are put off; one that has passed is skipped, not made up for.
    """

    def __init__(
        self,
        prepare: Callable[[float], Callable[[], None] | None],
        *,
        period: float,
        preparation_time: float = 0.0,
        on_failure: Callable[[BaseException], None],
    ) -> None:
        """Prepare the loop.

        Args:
            prepare: gets the steady time [s]; returns what is to be done at the deadline, None for nothing.
            period: between two deadlines [s].
            preparation_time: how long before a deadline `prepare` is called [s], less than the period.
            on_failure: told, in the loop's thread, what either raised; the loop has ended then.
        """
        self.missed_deadlines = 0
        self._prepare = prepare
        self._period = period
        self._preparation_time = preparation_time
        self._on_failure = on_failure
        self._next = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="control loop", daemon=True)

    def start(self) -> None:
        """Begin; the first preparation is now."""
        self._thread.start()

    def stop(self) -> None:
        """End and wait until what is under way is done; what waits for its deadline is not done any more."""
        self._stop.set()
        if self._thread is not threading.current_thread() and self._thread.is_alive():
            self._thread.join()

    def put_off(self, deadline: float) -> None:
        """Leave out all deadlines before this one, in steady time [s]; those after it follow it."""
        self._next = deadline

    def _run(self) -> None:
        deadline = time.monotonic() + self._preparation_time
        try:
            while self._wait_until(deadline - self._preparation_time):
                if self._next > deadline:
                    deadline = self._next
                    continue
                act = self._prepare(time.monotonic())
                if act is not None and self._wait_until(deadline):
                    act()
                deadline += self._period
                late = time.monotonic() + self._preparation_time - deadline
                if late > 0.0:
                    skipped = int(late / self._period) + 1
                    self.missed_deadlines += skipped
                    deadline += skipped * self._period
        except Exception as error:  # noqa: BLE001 - whatever it is, the robot must be told to hold
            self._on_failure(error)

    def _wait_until(self, when: float) -> bool:
        """Wait until this steady time; return whether the loop goes on."""
        return not self._stop.wait(max(0.0, when - time.monotonic()))
