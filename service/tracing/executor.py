"""Where traces are computed: one thread beside the event loop, with a short line before it."""

import asyncio
import math
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from service.api.problems import Problem

MOST_WAITING = 16
_SWITCH_SECONDS = 0.0005

Result = TypeVar("Result")


class Line:
    """One trace at a time, at most `most` in line or at work; the threads of predictions get their turn soon."""

    def __init__(self, most: int = MOST_WAITING) -> None:
        self._most, self._inside = most, 0
        self._seconds = 0.05
        self._thread = ThreadPoolExecutor(1, "trace", initializer=_give_way)

    async def run(self, work: Callable[[], Result]) -> Result:
        """What `work` returns. Raises 429 where the line is full."""
        if self._inside >= self._most:
            after = str(math.ceil(self._inside * self._seconds))
            raise Problem("overloaded", f"{self._inside} traces wait; try again in {after} s", {"Retry-After": after})
        self._inside += 1
        future = self._thread.submit(self._timed, work)
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._leave))
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """End the thread once its work is done; what still waits is cancelled."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _leave(self) -> None:
        self._inside -= 1

    def _timed(self, work: Callable[[], Result]) -> Result:
        started = time.perf_counter()
        try:
            return work()
        finally:
            self._seconds += 0.2 * (time.perf_counter() - started - self._seconds)


def _give_way() -> None:
    """Let other threads have the interpreter soon. A lower priority would do the opposite: a thread that waits for a
    core while it holds the interpreter stops all the others.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)
