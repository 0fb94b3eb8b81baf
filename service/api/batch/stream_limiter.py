"""How many batches are streamed at once: each may fill a temporary file."""

from prometheus_client import Gauge

from service.errors import Overloaded
from service.settings import Settings

RETRY_AFTER = 10
"""Seconds: a stream may end at any moment, or never."""


class StreamLimiter:
    """`with places:` takes one of this process's places: those of the service, shared by its workers. Raises 429."""

    def __init__(self, settings: Settings, taken: Gauge) -> None:
        self._most = -(-settings.max_streams // max(1, settings.workers))
        self._taken, self._gauge = 0, taken

    def __enter__(self) -> None:
        if self._taken >= self._most:
            reason = f"{self._taken} batches are being streamed; try again in {RETRY_AFTER} s"
            raise Overloaded(reason, retry_after=RETRY_AFTER)
        self._count(1)

    def __exit__(self, *_: object) -> None:
        self._count(-1)

    def _count(self, change: int) -> None:
        self._taken += change
        self._gauge.set(self._taken)
