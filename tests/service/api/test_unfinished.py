"""Bodies that are on their way have a bound all together, and give their bytes back."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from service.api.bodies import MAX_UNFINISHED_BYTES, Bodies
from service.errors import Overloaded
from service.settings import Settings


def arriving(pieces: Iterator[bytes]) -> Any:
    """What `receive` of ASGI is for a body in pieces that has no end."""

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": next(pieces), "more_body": True}

    return receive


def test_bodies_past_the_bound_are_refused_and_give_their_bytes_back() -> None:
    size = MAX_UNFINISHED_BYTES // 4
    bodies = Bodies(Settings(max_batch_bytes=10 * size))
    with pytest.raises(Overloaded):
        asyncio.run(bodies.read_batch(arriving(iter([bytes(size)] * 8))))
    assert bodies.unfinished == 0
