"""Messages of several topics that tell of the same moment. No ROS here."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

PENDING_STAMPS = 20
"""How many incomplete samples are kept while their other messages are under way."""


class StampedSamples:
    """Puts messages with equal stamps together, in whatever order they come."""

    def __init__(self, topics: Collection[str]) -> None:
        """Begin with none; a sample has one message of each of `topics`."""
        self._topics = frozenset(topics)
        self._pending: dict[int, dict[str, Any]] = {}

    def add(self, topic: str, message: Any) -> dict[str, Any] | None:
        """Return the sample, by topic, that this message completes, if any."""
        stamp = message.header.stamp.sec * 1_000_000_000 + message.header.stamp.nanosec
        sample = self._pending.setdefault(stamp, {})
        sample[topic] = message
        if sample.keys() == self._topics:
            return self._pending.pop(stamp)
        while len(self._pending) > PENDING_STAMPS:
            self._pending.pop(min(self._pending))
        return None
