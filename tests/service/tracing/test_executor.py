"""The executor of traces: a bounded queue, one trace at a time, and never in the way of the event loop."""

import asyncio
import threading
from collections.abc import Iterator
from functools import partial

import pytest

from service.errors import Overloaded
from service.tracing.executor import TraceExecutor


@pytest.fixture
def executor() -> Iterator[TraceExecutor]:
    made = TraceExecutor(max_queued=3)
    yield made
    made.close()


def test_a_full_queue_tells_the_next_when_to_come_again(executor: TraceExecutor) -> None:
    gate = threading.Event()

    def pass_gate(number: int) -> int:
        gate.wait()
        return number

    async def fill() -> list[int]:
        waiting = [asyncio.create_task(executor.run(partial(pass_gate, number))) for number in range(3)]
        await asyncio.sleep(0.01)
        with pytest.raises(Overloaded, match="3 traces wait") as caught:
            await executor.run(lambda: 4)
        assert caught.value.retry_after is not None
        assert caught.value.retry_after >= 1
        gate.set()
        done = await asyncio.gather(*waiting)
        return [*done, await executor.run(lambda: 3)]

    assert asyncio.run(fill()) == [0, 1, 2, 3]


def test_work_that_nobody_waits_for_any_longer_is_not_begun_and_leaves_room(executor: TraceExecutor) -> None:
    gate, begun = threading.Event(), []

    async def give_up() -> None:
        at_work = asyncio.create_task(executor.run(gate.wait))
        given_up = [asyncio.create_task(executor.run(lambda: begun.append(1))) for _ in range(2)]
        await asyncio.sleep(0.01)
        for task in given_up:
            task.cancel()
        await asyncio.gather(*given_up, return_exceptions=True)
        gate.set()
        await at_work
        assert await asyncio.gather(*(executor.run(lambda: 1) for _ in range(3))) == [1, 1, 1]

    asyncio.run(give_up())
    assert not begun


def test_the_event_loop_goes_on_while_a_trace_is_computed(executor: TraceExecutor) -> None:
    gate = threading.Event()

    async def both() -> bool:
        waiting = asyncio.create_task(executor.run(lambda: gate.wait(10)))
        await asyncio.sleep(0.01)
        gate.set()
        return await waiting

    assert asyncio.run(both())


def test_an_error_reaches_who_asked_and_frees_the_place(executor: TraceExecutor) -> None:
    async def fail() -> None:
        for _ in range(5):
            with pytest.raises(ZeroDivisionError):
                await executor.run(lambda: 1 // 0)
            await asyncio.sleep(0)

    asyncio.run(fail())
