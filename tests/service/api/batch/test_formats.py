"""What a streamed batch is made of: records out of pieces, answers in and out of the spool."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.api.batch.splitting import Splitter
from service.api.batch.spool import IN_MEMORY, Spool, SpoolFull


def split(pieces: list[bytes], longest: int = 1000) -> list[tuple[int, list[str] | bytes | None]]:
    splitter = Splitter(longest)
    found = [record for piece in pieces for record in splitter.feed(piece)]
    return [(record.line, record.content) for record in [*found, *splitter.end()]]


def cut(content: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(content) + 1) for place in places} | {len(content)})
    return [content[start:end] for start, end in zip([0, *ends], ends, strict=False)]


PLACES = st.lists(st.integers(0, 10_000), max_size=8)


@given(st.lists(st.text("ab\r\t ", max_size=5)), PLACES)
def test_lines_are_those_of_the_whole_wherever_it_is_cut(lines: list[str], places: list[int]) -> None:
    content = "\n".join(lines).encode()
    wanted = [(number, line.strip().encode()) for number, line in enumerate(lines, 1) if line.strip()]
    assert split(cut(content, places)) == wanted


@given(st.integers(0, 30), PLACES)
def test_a_record_too_long_is_none_and_the_next_is_whole(more: int, places: list[int]) -> None:
    content = b"good\n" + b"x" * (11 + more) + b"\nbad"
    assert split(cut(content, places), longest=10) == [(1, b"good"), (2, None), (3, b"bad")]


@given(st.lists(st.tuples(st.integers(0, 2 * IN_MEMORY), st.booleans()), max_size=12))
@settings(deadline=None, max_examples=30)
def test_what_goes_in_comes_out_in_order(steps: list[tuple[int, bool]]) -> None:
    async def go() -> tuple[bytes, bytes]:
        spool, put, taken = Spool(100 * IN_MEMORY), b"", b""
        for number, (size, take) in enumerate(steps):
            content = bytes([number + 1]) * size
            await spool.put(content)
            put += content
            if take and spool.size:
                taken += await spool.take()
            assert spool.size == len(put) - len(taken)
        spool.close()
        while piece := await spool.take():
            taken += piece
        spool.discard()
        return put, taken

    put, taken = asyncio.run(go())
    assert put == taken


def test_a_full_spool_refuses_and_keeps_what_it_has() -> None:
    async def go() -> bytes:
        spool = Spool(10)
        await spool.put(b"12345678")
        with pytest.raises(SpoolFull):
            await spool.put(b"901")
        spool.append(b"the end")
        spool.close()
        return await spool.take()

    assert asyncio.run(go()) == b"12345678the end"


def test_taking_waits_for_what_comes() -> None:
    async def go() -> bytes:
        spool = Spool(10)
        taking = asyncio.create_task(spool.take())
        await asyncio.sleep(0)
        assert not taking.done()
        await spool.put(b"1")
        return await taking

    assert asyncio.run(go()) == b"1"
