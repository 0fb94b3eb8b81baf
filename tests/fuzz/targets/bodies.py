"""Bodies of JSON, packed or not, and tokens: read, or refused with an error of the service."""

import asyncio
from typing import Any

from pydantic import BaseModel

from service.api.schemas import CompareRequest, StreamMessage, TextPart, parse
from service.api.unpacking import unpacked
from service.errors import ServiceError
from service.inference.state_token import StateTokens
from service.tracing.request import TraceRequest

KINDS: tuple[type[BaseModel], ...] = (TextPart, CompareRequest, StreamMessage, TraceRequest)
SEEDS = (
    b'\x00{"text": "good", "model": "lstm", "version": 1, "return_state": true}',
    b'\x02{"text": "a", "replace": [0, 1], "end": true, "version": "stable"}',
    b'\x03{"text": "a", "target": ["fresh", "rotten"], "include": ["memory"], "tensors": {"units": [1], "from": 2}}',
    b"\x04\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xabV*I\xad(Q\xb2RP\xcaH\xcd\xc9\xc9W\xaa\x05\x00\x1f\x0a\xd6\x10\x11\x00\x00\x00",
    b"\x05x\x9c\xabV*I\xad(Q\xb2RP\xcaH\xcd\xc9\xc9W\xaa\x05\x00'\x9f\x05\x10",
    b"\x06AAAA-_AAAA",
)
_tokens = StateTokens("key")


def run(data: bytes) -> None:
    """The first byte says what the body is."""
    kind, content = (data or b"\0")[0] % (len(KINDS) + 3), data[1:]
    try:
        match kind - len(KINDS):
            case 0:
                asyncio.run(_unpack(content, b"gzip"))
            case 1:
                asyncio.run(_unpack(content, b"deflate"))
            case 2:
                _tokens.read(content.decode("latin-1"))
            case _:
                parse(KINDS[kind], content)
    except ServiceError:
        pass


async def _unpack(content: bytes, encoding: bytes) -> None:
    """Unpack a body that comes in two pieces, up to a megabyte of it."""
    half = len(content) // 2
    pieces: list[Any] = [
        {"type": "http.request", "body": content[half:], "more_body": False},
        {"type": "http.request", "body": content[:half], "more_body": True},
    ]

    async def come() -> Any:
        return pieces.pop()

    receive = unpacked(come, encoding)
    for _ in range(16):
        message: Any = await receive()
        if not message["more_body"]:
            return
