"""What the terminal shows while the robot walks."""

from __future__ import annotations

import math

from decision_diffuser_ros.nodes.gait_demo import DemoView


def described(view: DemoView) -> tuple[str, str, dict[str, str]]:
    """What is to be seen of a moment, for `LiveView`."""
    return "Unitree A1", view.text, _values(view)


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
