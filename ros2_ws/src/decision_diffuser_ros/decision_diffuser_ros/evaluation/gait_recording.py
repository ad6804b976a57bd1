"""What was seen of a walking robot over time, and what it says about the gaits that were asked."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from decision_diffuser_ros.evaluation import gait_pattern
from decision_diffuser_ros.evaluation.plan_times import plan_times


@dataclass(frozen=True)
class GaitRequest:
    """A gait asked for at `time` [s] of the recording."""

    time: float
    gait: str


@dataclass
class GaitRecording:
    """Samples at even steps of simulated time; lists grow together, one entry a sample.

    Attributes:
        step_duration: between samples [s].
        time: since the start of the simulation [s].
        base_position: in the world, (3,) [m].
        base_orientation: quaternion (x, y, z, w).
        joint_position: (12,) [rad].
        foot_contacts: FR, FL, RR, RL, (4,) bool.
        forward_speed: of the base along its own x axis [m/s].
        planning_ms: wall time of the plan that was followed [ms]; NaN before the first.
        requests: gaits asked, in the order of time.
    """

    step_duration: float = 0.02
    time: list[float] = field(default_factory=list)
    base_position: list[np.ndarray] = field(default_factory=list)
    base_orientation: list[np.ndarray] = field(default_factory=list)
    joint_position: list[np.ndarray] = field(default_factory=list)
    foot_contacts: list[np.ndarray] = field(default_factory=list)
    forward_speed: list[float] = field(default_factory=list)
    planning_ms: list[float] = field(default_factory=list)
    requests: list[GaitRequest] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.time)

    def asked(self) -> np.ndarray:
        """The gait asked at every sample, (samples,) names; empty before the first request."""
        names = np.full(len(self), "", dtype="<U16")
        for request in self.requests:
            names[np.asarray(self.time) >= request.time] = request.gait
        return names

    def seen(self) -> np.ndarray:
        """The gait that the feet's contacts show at every sample, (samples,) names; empty where none leads."""
        return gait_pattern.leading_gait(np.array(self.foot_contacts, dtype=bool).reshape(-1, 4))

    def seen_now(self) -> str:
        """The gait that the last samples show; empty where none leads."""
        recent = np.array(self.foot_contacts[-gait_pattern.WINDOW_STEPS :], dtype=bool).reshape(-1, 4)
        return str(gait_pattern.leading_gait(recent)[len(recent) // 2]) if len(recent) else ""

    def summary(self) -> dict[str, Any]:
        """Numbers for each request in turn: how soon the gait was reached, how well it was kept, how fast it went.

        Where nothing was asked there is no gait to tell of: only how long it took, and how long plans took.
        """
        ends = [*(request.time for request in self.requests), np.inf][1:]
        time, contacts, seen = np.array(self.time), np.array(self.foot_contacts, dtype=bool), self.seen()
        rows = []
        for request, end in zip(self.requests, ends, strict=True):
            within = np.flatnonzero((time >= request.time) & (time < end))
            rows.append(self._summary_of(request, within, contacts, seen))
        return {
            "seconds": round(float(time[-1] - time[0]), 2) if len(time) else 0.0,
            "gaits": rows,
            **plan_times(self.planning_ms, shares=(50, 95), digits=2),
        }

    def _summary_of(
        self, request: GaitRequest, within: np.ndarray, contacts: np.ndarray, seen: np.ndarray
    ) -> dict[str, Any]:
        row: dict[str, Any] = {"gait": request.gait, "asked_at": round(request.time, 2)}
        if len(within) == 0:
            return row | {"seconds_to_reach": None}
        steps = gait_pattern.steps_to_reach(contacts[: within[-1] + 1], request.gait, switch_step=int(within[0]))
        if steps is None:
            return row | {"seconds_to_reach": None}
        kept = within[steps:]
        return row | {
            "seconds_to_reach": round(steps * self.step_duration, 2),
            "pattern_share": round(gait_pattern.pattern_share(contacts[kept], request.gait), 4),
            "gait_share": round(float(np.mean(seen[kept] == request.gait)), 4),
            "speed_mean": round(float(np.mean(np.array(self.forward_speed)[kept])), 3),
        }
