"""What the terminal shows while a demonstration runs."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from types import TracebackType
from typing import Generic, TypeVar

from rich.console import Console
from rich.live import Live
from rich.table import Table

PLAIN_PERIOD = 1.0  # [s], between lines where the output is no terminal

View = TypeVar("View")


class LiveView(Generic[View]):
    """A table that is drawn anew in place on a terminal, and a line a second elsewhere.

    Args:
        console: to show it on.
        describe: returns title, short text and the values by name that are to be seen of a moment.
    """

    def __init__(self, console: Console, describe: Callable[[View], tuple[str, str, dict[str, str]]]) -> None:
        self._console = console
        self._describe = describe
        self._live = Live(console=console, refresh_per_second=10) if console.is_terminal else None
        self._last_line = -math.inf

    def __enter__(self) -> LiveView[View]:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, view: View) -> None:
        """Shows the moment."""
        robot, text, values = self._describe(view)
        if self._live is not None:
            table = Table(title=f"{robot}, {text}")
            for name in values:
                table.add_column(name, justify="right", min_width=10)
            table.add_row(*values.values())
            self._live.update(table)
        elif time.monotonic() >= self._last_line + PLAIN_PERIOD:
            self._last_line = time.monotonic()
            self._console.print(f"{text}: " + ", ".join(f"{name} {value}" for name, value in values.items()))
