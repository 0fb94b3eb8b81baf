"""As many batches are worked on as come to their end in time, one after another."""

import asyncio
import time
from contextlib import AsyncExitStack
from types import SimpleNamespace
from typing import Any

import pytest

from service.errors import Overloaded
from service.inference.batch_admission import SHORT, TURNS, BatchAdmission


def test_batches_past_the_time_there_is_are_refused_until_one_has_ended() -> None:
    model: Any = SimpleNamespace(seconds=lambda tokens: tokens / 1000)
    batches = BatchAdmission(SimpleNamespace(concurrency=1))  # type: ignore[arg-type]

    def admit(size: int) -> Any:
        return batches.admit([model], size, time.monotonic() + 30)

    with admit(1_000_000):  # alone, whatever it takes
        with pytest.raises(Overloaded) as refused, admit(1000):
            pass
        assert refused.value.retry_after == 200
    with admit(20_000), admit(20_000), admit(20_000), pytest.raises(Overloaded), admit(20_000):
        pass
    with admit(20_000):
        pass


def test_long_batches_take_turns_and_short_ones_pass() -> None:
    async def work() -> None:
        batches = BatchAdmission(SimpleNamespace(concurrency=1))  # type: ignore[arg-type]
        begun = asyncio.Event()

        async def one_more() -> None:
            async with batches.turn(SHORT + 1):
                begun.set()

        async with AsyncExitStack() as others:
            for _ in range(TURNS):
                await others.enter_async_context(batches.turn(SHORT + 1))
            waiting = asyncio.create_task(one_more())
            async with batches.turn(SHORT):
                await asyncio.sleep(0.01)
            assert not begun.is_set()
        await waiting

    asyncio.run(work())
