"""What changed in the service, and when: versions that came and went, loads that failed, processes that ended."""

from collections import deque
from collections.abc import Iterator, Set
from time import time
from typing import NamedTuple

MOST = 200
SAME_WITHIN = 10.0
"""Seconds within which the same said twice is one change."""


class Event(NamedTuple):
    """A change: when it was seen, in seconds of Unix time, and what it was."""

    time: float
    says: str


class RecentEvents:
    """The last changes, the oldest first."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque(maxlen=MOST)
        self._served: Set[tuple[str, str]] = frozenset()

    def __iter__(self) -> Iterator[Event]:
        return iter(list(self._events))

    def serving(self, served: Set[tuple[str, str]]) -> None:
        """Note which versions, by name and number, came and went since the last call."""
        for name, version in sorted(served - self._served):
            self.note(f"{name} v{version} is served")
        for name, version in sorted(self._served - served):
            self.note(f"{name} v{version} is served no longer")
        self._served = frozenset(served)

    def note(self, says: str) -> None:
        """Note a change; where every worker process tells of it, once."""
        now = time()
        if all(event.says != says or now - event.time > SAME_WITHIN for event in self._events):
            self._events.append(Event(now, says))
