"""Blocking work that may never return, away from the event loop and with a bound on the time that it is waited for."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


async def in_thread(work: Callable[[], Result], seconds: float, discard: Callable[[Result], None]) -> Result:
    """Return what `work` returns, or raise what it raises. Raises `TimeoutError` after `seconds`.

    The thread can't be stopped: it ends with the process, and what it returns too late is passed to `discard`.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()

    def run() -> None:
        try:
            deliver, outcome = hand_over, work()
        except Exception as error:  # raised where the work is waited for
            deliver, outcome = fail, error  # type: ignore[assignment]
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
            loop.call_soon_threadsafe(deliver, outcome)

    def hand_over(result: Result) -> None:
        if future.done():
            threading.Thread(target=discard, args=(result,), daemon=True).start()
        else:
            future.set_result(result)

    def fail(error: Exception) -> None:
        if not future.done():
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return await asyncio.wait_for(future, seconds)
