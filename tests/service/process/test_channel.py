"""What a supervisor and a worker say to each other: messages in order, answers to whoever asked, a told end."""

import asyncio
import socket
from collections.abc import Coroutine
from typing import Any

import pytest

from service.process.channel import Channel


async def both_ends() -> tuple[Channel, Channel]:
    ours, theirs = socket.socketpair()
    return await Channel.connect(ours), await Channel.connect(theirs)


async def read(channel: Channel, received: list[Any]) -> None:
    async for message in channel.messages():
        received.append(message)


def within_seconds(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 10))


def test_answers_go_to_whoever_asked_in_any_order() -> None:
    async def talk() -> None:
        ours, theirs = await both_ends()
        received: list[Any] = []
        reading = asyncio.create_task(read(ours, received))
        first, second = (asyncio.create_task(ours.ask(what=what)) for what in ("first", "second"))
        asked = theirs.messages()
        numbers = {message["what"]: message["number"] for message in [await anext(asked), await anext(asked)]}
        theirs.answer(numbers["second"], 2)
        theirs.send(word="between")
        theirs.answer(numbers["first"], 1)
        assert (await first, await second) == (1, 2)
        theirs.close()
        await reading
        assert received == [{"word": "between"}]
        ours.close()

    within_seconds(talk())


def test_who_asks_an_end_that_is_gone_hears_of_it() -> None:
    async def talk() -> None:
        ours, theirs = await both_ends()
        reading = asyncio.create_task(read(ours, []))
        before = asyncio.create_task(ours.ask(what="before"))
        await anext(theirs.messages())
        theirs.close()
        await reading
        with pytest.raises(EOFError):
            await before
        with pytest.raises(EOFError):
            await ours.ask(what="after")
        ours.close()

    within_seconds(talk())


def test_an_answer_that_comes_too_late_is_dropped() -> None:
    async def talk() -> None:
        ours, theirs = await both_ends()
        reading = asyncio.create_task(read(ours, []))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ours.ask(what="slow"), 0.01)
        theirs.answer((await anext(theirs.messages()))["number"], "late")
        theirs.close()
        await reading
        ours.close()

    within_seconds(talk())
