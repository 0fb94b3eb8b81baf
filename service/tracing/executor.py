"""Where traces are computed: one thread beside the event loop, with a short queue before it."""

import asyncio
import math
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from service.errors import Overloaded

MAX_QUEUED = 16
_SWITCH_SECONDS = 0.0005

Result = TypeVar("Result")


class TraceExecutor:
    """Runs one trace at a time, at most `max_queued` queued or at work; predictions' threads get their turn soon."""

    def __init__(self, max_queued: int = MAX_QUEUED) -> None:
        self._max_queued, self._queued = max_queued, 0
        self._seconds = 0.05
        self._thread = ThreadPoolExecutor(1, "trace", initializer=_switch_often)

    async def run(self, work: Callable[[], Result]) -> Result:
        """Return what `work` returns. Raises `Overloaded` where the queue is full."""
        if self._queued >= self._max_queued:
            after = math.ceil(self._queued * self._seconds)
            raise Overloaded(f"{self._queued} traces wait; try again in {after} s", retry_after=after)
        self._queued += 1
        future = self._thread.submit(self._timed, work)
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._done))
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """End the thread once its work is done; what still waits is cancelled."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _done(self) -> None:
        self._queued -= 1

    def _timed(self, work: Callable[[], Result]) -> Result:
        started = time.perf_counter()
        try:
            return work()
        finally:
            self._seconds += 0.2 * (time.perf_counter() - started - self._seconds)


def _switch_often() -> None:
    """Let other threads have the interpreter soon. A lower priority would do the opposite: a thread that waits for a
    core while it holds the interpreter stops all the others.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)
