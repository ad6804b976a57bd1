"""What the terminal shows while the arm stacks blocks."""

from __future__ import annotations

import math

from decision_diffuser_ros.nodes.stacking_demo import StackingView


def described(view: StackingView) -> tuple[str, str, dict[str, str]]:
    """What is to be seen of a moment, for `LiveView`."""
    recording = view.recording
    planning = recording.planning_ms[-1] if len(recording) else math.nan
    return (
        "Kuka iiwa",
        view.text,
        {
            "time": f"{recording.time[-1]:.1f} s" if len(recording) else "-",
            "asked": view.asked or "-",
            "phase": view.phase or "-",
            "on another": str(view.blocks_placed),
            "holding": ", ".join(view.holding) or "-",
            "planning": "-" if math.isnan(planning) else f"{planning:.1f} ms",
        },
    )
