"""Bytes of a client, in pieces, to the HTTP connection: it answers in HTTP/1.1 or closes, and keeps nothing."""

import asyncio
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from service.process.uvicorn_overrides import Connection

SEEDS = (
    b"\x20POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbodyGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"\x05POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
    b"\x07GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nab",
    b"\xffGET /v1/stream HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\x81\x85abcd\x00\x00\x00\x00\x00",
    b"\x10GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n",
)


class _Transport(asyncio.Transport):
    """Takes down what is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sent, self.closed = b"", False
        self.protocol: Any = None

    def write(self, data: Any) -> None:
        self.sent += bytes(data)

    def writelines(self, list_of_data: Any) -> None:
        self.write(b"".join(list_of_data))

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def get_protocol(self) -> Any:
        return self.protocol

    def set_protocol(self, protocol: Any) -> None:
        self.protocol = protocol


async def _answer(scope: Any, receive: Any, send: Any) -> None:
    """Read the body and answer with its length; take a WebSocket and close it."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close"})
        return
    size = 0
    while (message := await receive())["type"] != "http.disconnect":
        size += len(message["body"])
        if not message["more_body"]:
            break
    body = b"%d" % size
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


_loop = asyncio.new_event_loop()
_config = uvicorn.Config(_answer, http=Connection, ws="websockets-sansio", log_config=None, log_level="critical")
_config.load()


def run(data: bytes) -> None:
    """The first byte says how long the pieces are."""
    _loop.run_until_complete(asyncio.wait_for(_converse(data[1:], 1 + (data or b"\0")[0]), 10))


async def _converse(content: bytes, size: int) -> None:
    state, transport = ServerState(), _Transport()
    transport.protocol = Connection(_config, state, {})
    transport.protocol.connection_made(transport)
    for start in range(0, len(content), size):
        if not transport.closed:
            transport.protocol.data_received(content[start : start + size])
            await asyncio.sleep(0)
    for _ in range(4):
        await asyncio.sleep(0)
    transport.protocol.connection_lost(None)
    while state.tasks:
        await asyncio.wait(state.tasks)
    assert not state.connections, "a connection that is gone is still counted"
    assert not transport.sent or transport.sent.startswith((b"HTTP/1.1 ", b"HTTP/1.0 ")), transport.sent[:20]
