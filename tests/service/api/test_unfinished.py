"""Bodies that are on their way have a bound all together, and give their bytes back."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from service.api import http
from service.errors import Overloaded


def arriving(pieces: Iterator[bytes]) -> Any:
    """What `receive` of ASGI is for a body in pieces that has no end."""

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": next(pieces), "more_body": True}

    return receive


def test_bodies_past_the_bound_are_refused_and_give_their_bytes_back() -> None:
    size = http.MAX_UNFINISHED_BYTES // 4
    with pytest.raises(Overloaded):
        asyncio.run(http.read_body(arriving(iter([bytes(size)] * 8)), 10 * size))
    assert http.Unfinished.held == 0
