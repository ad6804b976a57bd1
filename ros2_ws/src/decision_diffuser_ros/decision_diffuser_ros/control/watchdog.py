"""Whether the robot may follow plans, must hold, or must be let down.

Ages are measured on a steady clock from the arrival of each reading, so that neither a wrong stamp
nor a jump of the time of day can make an old reading look fresh.

    ACTIVE   every source is fresh and the robot is level
    HOLD     a source is stale, or there is no plan; ends by itself once all have been good for `recovery_time`
    DAMPING  that has lasted for long, or the tilt is too large; ends by `reset` only
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable
from dataclasses import dataclass

from decision_diffuser_ros.errors import ConfigurationError


class SafetyMode(enum.IntEnum):
    """What commands may do, the higher the more cautious."""

    ACTIVE = 0
    HOLD = 1
    DAMPING = 2


@dataclass(frozen=True)
class SafetyDecision:
    """The mode and, unless it is ACTIVE, the reason for people."""

    mode: SafetyMode
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class WatchdogSettings:
    """Limits of age and tilt.

    Attributes:
        hold_after: age at which a source is stale [s].
        damping_after: age at which the robot is let down [s]; infinity for never.
        damping_after_fault: how long a fault that others report may last until the robot is let down [s].
        recovery_time: how long every source must have been fresh again to leave HOLD [s].
        tilt_limit: angle of the base against the vertical at which the robot is let down [rad].
    """

    hold_after: float = 0.1
    damping_after: float = 0.5
    damping_after_fault: float = math.inf
    recovery_time: float = 0.2
    tilt_limit: float = 0.8

    def __post_init__(self) -> None:
        if not 0.0 < self.hold_after < self.damping_after:
            raise ConfigurationError(
                "`hold_after` must be above 0 and below `damping_after`. "
                f"Got {self.hold_after} s and {self.damping_after} s"
            )
        if not self.damping_after_fault > 0.0:
            raise ConfigurationError(f"`damping_after_fault` must be above 0. Got {self.damping_after_fault} s")
        if not self.recovery_time >= 0.0:
            raise ConfigurationError(f"`recovery_time` must not be negative. Got {self.recovery_time} s")
        if not 0.0 < self.tilt_limit <= math.pi:
            raise ConfigurationError(f"`tilt_limit` must be in (0, pi]. Got {self.tilt_limit} rad")


class Watchdog:
    """Watches the age of named sources, the tilt, and faults that others report."""

    def __init__(self, settings: WatchdogSettings, *, sources: Iterable[str], now: float) -> None:
        """Watch `sources` from steady time `now` [s] on, as if each had just reported."""
        self.settings = settings
        self.stale_count = 0
        self._sources = tuple(sources)
        self.reset(now)

    def reset(self, now: float) -> None:
        """Return to ACTIVE at steady time `now` [s]: the explicit recovery from DAMPING."""
        self._last_fresh = dict.fromkeys(self._sources, now)
        self._decision = SafetyDecision(SafetyMode.ACTIVE)
        self._last_fault = -math.inf
        self._fault_since: float | None = None
        self._was_stale = False

    @property
    def decision(self) -> SafetyDecision:
        """The last decision made."""
        return self._decision

    def report(self, source: str, now: float) -> None:
        """Take note that `source` has given a good reading at steady time `now` [s]."""
        self._last_fresh[source] = now

    def age(self, source: str, now: float) -> float:
        """Time since the last good reading [s]."""
        return now - self._last_fresh[source]

    def trip(self, reason: str) -> None:
        """Go to DAMPING at once, e.g. for an emergency stop; only `reset` ends it."""
        self._decision = SafetyDecision(SafetyMode.DAMPING, reason)

    def check_tilt(self, tilt: float) -> None:
        """Go to DAMPING if the base is tilted too far [rad]; that is asked of a robot that has no commands yet, too."""
        if not tilt <= self.settings.tilt_limit and self._decision.mode is not SafetyMode.DAMPING:
            self._decision = self._tilted(tilt)

    def check(self, now: float, *, tilt: float = 0.0, fault: str = "") -> SafetyDecision:
        """Return what the robot may do at steady time `now` [s].

        Args:
            now: steady time [s].
            tilt: of the base [rad].
            fault: why no plan can be followed, as for a stale source; empty for no fault.
        """
        self._fault_since = (now if self._fault_since is None else self._fault_since) if fault else None
        found = self._judge(now, tilt, fault)
        self._count_stale(now)
        last = self._decision
        if found.mode is not SafetyMode.ACTIVE:
            self._last_fault = now
        if last.mode is SafetyMode.DAMPING:
            return last
        if found.mode is SafetyMode.ACTIVE and now - self._last_fault < self.settings.recovery_time:
            return last
        self._decision = found
        return found

    def _count_stale(self, now: float) -> None:
        is_stale = any(self.age(source, now) > self.settings.hold_after for source in self._sources)
        self.stale_count += is_stale and not self._was_stale
        self._was_stale = is_stale

    def _judge(self, now: float, tilt: float, fault: str) -> SafetyDecision:
        if not tilt <= self.settings.tilt_limit:
            return self._tilted(tilt)
        stale = max(self._sources, key=lambda source: self.age(source, now))
        age = self.age(stale, now)
        if age > self.settings.damping_after:
            return SafetyDecision(
                SafetyMode.DAMPING, f"no good {stale} for more than {self.settings.damping_after:g} s"
            )
        if age > self.settings.hold_after:
            return SafetyDecision(SafetyMode.HOLD, f"no good {stale} for more than {self.settings.hold_after:g} s")
        if self._fault_since is not None and now - self._fault_since > self.settings.damping_after_fault:
            return SafetyDecision(SafetyMode.DAMPING, f"for more than {self.settings.damping_after_fault:g} s: {fault}")
        return SafetyDecision(SafetyMode.HOLD, fault) if fault else SafetyDecision(SafetyMode.ACTIVE)

    def _tilted(self, tilt: float) -> SafetyDecision:
        limit = self.settings.tilt_limit
        return SafetyDecision(SafetyMode.DAMPING, f"the base is tilted by {tilt:.2f} rad; the limit is {limit:.2f} rad")
