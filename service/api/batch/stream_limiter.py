"""How many batches are streamed at once: each may fill a temporary file."""

from service.errors import Overloaded
from service.settings import Settings

RETRY_AFTER = 10
"""Seconds: a stream may end at any moment, or never."""


class StreamLimiter:
    """`with streams:` is one of this process's share of `max_streams`. Raises `Overloaded`."""

    def __init__(self, settings: Settings) -> None:
        self._most = -(-settings.max_streams // max(1, settings.workers))
        self.taken = 0

    def __enter__(self) -> None:
        if self.taken >= self._most:
            reason = f"{self.taken} batches are being streamed; try again in {RETRY_AFTER} s"
            raise Overloaded(reason, retry_after=RETRY_AFTER)
        self.taken += 1

    def __exit__(self, *_: object) -> None:
        self.taken -= 1
