"""HTTP as the clients of a load need it: bytes that are made once, sent on one connection again and again."""

import asyncio
import json
from typing import NamedTuple, Self


class Answer(NamedTuple):
    """An answer that is read to its end."""

    status: int
    retry_after: int
    body: bytes


def request(path: str, body: object, media_type: str = "application/json") -> bytes:
    """A POST, as bytes: of JSON, or of lines where `body` is a string."""
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {media_type}\r\nContent-Length: {len(content)}"
    return f"{head}\r\n\r\n".encode() + content


def get(path: str) -> bytes:
    """A GET, as bytes."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


class Connection:
    """One connection, which the first request opens and the end of `async with` closes."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()

    async def ask(self, sent: bytes) -> Answer:
        """Send a request and return its answer. Raises what a connection does that ends before it."""
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writer.write(sent)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:] if line)
        length = fields.get(b"content-length")
        body = await self._chunks() if length is None else await self._reader.readexactly(int(length))
        return Answer(int(head.split()[1]), int(fields.get(b"retry-after", 0)), body)

    async def _chunks(self) -> bytes:
        """A body in chunks."""
        body = b""
        while size := int(await self._reader.readuntil(b"\r\n"), 16):
            body += (await self._reader.readexactly(size + 2))[:-2]
        await self._reader.readuntil(b"\r\n")
        return body
