"""The texts that are being typed on `/v1/stream` in this process: how many, for how long, and their end."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from service.api.problems import Idle
from service.errors import Draining, Overloaded
from service.settings import Settings

RETRY_AFTER = 10
"""Seconds: a text may end at any moment, or never."""

Message = TypeVar("Message")


class OpenTexts:
    """`with open_texts:` is one of this process's share of `max_typed_texts`. Raises `Overloaded`, `Draining`."""

    def __init__(self, settings: Settings) -> None:
        self._most = -(-settings.max_typed_texts // max(1, settings.workers))
        self._idle = settings.stream_idle_seconds
        self._waiting: set[asyncio.Timeout] = set()
        self._ending = False
        self.count = 0

    def __enter__(self) -> None:
        if self._ending:
            raise Draining
        if self.count >= self._most:
            detail = f"{self.count} texts are being typed; try again in {RETRY_AFTER} s"
            raise Overloaded(detail, retry_after=RETRY_AFTER)
        self.count += 1

    def __exit__(self, *_: object) -> None:
        self.count -= 1

    async def wait_for(self, receive: Callable[[], Awaitable[Message]]) -> Message | None:
        """Return what comes from the client; None where the service ends before that. Raises `Idle`.

        Others have a turn first, however many messages wait.
        """
        await asyncio.sleep(0)
        limit = asyncio.timeout(0 if self._ending else self._idle)
        self._waiting.add(limit)
        try:
            async with limit:
                return await receive()
        except TimeoutError:
            if self._ending:
                return None
            raise Idle(f"nothing came for {self._idle:g} s") from None
        finally:
            self._waiting.discard(limit)

    async def end_all(self, seconds: float) -> None:
        """Have every text end with its last answer; return when all have, or after `seconds`."""
        self._ending = True
        loop = asyncio.get_running_loop()
        for limit in self._waiting:
            limit.reschedule(loop.time())
        until = loop.time() + seconds
        while self.count and loop.time() < until:
            await asyncio.sleep(0.01)
