"""Work that may never return is waited for so long, and no longer."""

import asyncio
import threading

import pytest

from service.inference.in_thread import in_thread


def test_what_is_returned_or_raised_arrives() -> None:
    assert asyncio.run(in_thread(lambda: 7, 30, print)) == 7
    with pytest.raises(ZeroDivisionError):
        asyncio.run(in_thread(lambda: 1 // 0, 30, print))


def test_what_comes_too_late_is_discarded() -> None:
    go_on, discarded = threading.Event(), threading.Event()

    async def wait() -> bool:
        with pytest.raises(TimeoutError):
            await in_thread(lambda: go_on.wait(30), 0.01, lambda _: discarded.set())
        go_on.set()
        return await asyncio.to_thread(discarded.wait, 30)

    assert asyncio.run(wait())
