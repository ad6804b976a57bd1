"""What the terminal shows while the robot walks."""

from __future__ import annotations

import math
import time
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.table import Table

from decision_diffuser_ros.nodes.gait_demo import DemoView

PLAIN_PERIOD = 1.0  # [s], between lines where the output is no terminal


class LiveView:
    """A table that is drawn anew in place on a terminal, and a line a second elsewhere."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, refresh_per_second=10) if console.is_terminal else None
        self._last_line = -math.inf

    def __enter__(self) -> LiveView:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, view: DemoView) -> None:
        """Shows the moment."""
        values = _values(view)
        if self._live is not None:
            table = Table(title=f"Unitree A1, {view.text}")
            for name in values:
                table.add_column(name, justify="right", min_width=10)
            table.add_row(*values.values())
            self._live.update(table)
        elif time.monotonic() >= self._last_line + PLAIN_PERIOD:
            self._last_line = time.monotonic()
            self._console.print(f"{view.text}: " + ", ".join(f"{name} {value}" for name, value in values.items()))


def _values(view: DemoView) -> dict[str, str]:
    recording = view.recording
    if not len(recording):
        return {"time": "-", "gait asked": "-", "gait seen": "-", "speed": "-", "planning": "-"}
    recent = recording.forward_speed[-25:]
    planning = recording.planning_ms[-1]
    return {
        "time": f"{recording.time[-1]:.1f} s",
        "gait asked": view.asked,
        "gait seen": recording.seen_now() or "-",
        "speed": f"{sum(recent) / len(recent):.2f} m/s",
        "planning": "-" if math.isnan(planning) else f"{planning:.1f} ms",
    }
