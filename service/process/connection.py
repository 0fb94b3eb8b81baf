"""A connection as uvicorn keeps it, but: an answer leaves in one packet, and an upgrade can be declined."""

import asyncio
from typing import Any, cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class CoalescingTransport:
    """A transport that sends the head of an answer together with its body: one system call, one packet.

    What is written is held until more is written or the event loop comes round.
    """

    __slots__ = ("_held", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._held = b""

    def write(self, data: bytes) -> None:
        """Hold `data`, or send it behind what is held."""
        if self._held:
            held, self._held = self._held, b""
            self._transport.writelines((held, data))
        elif data:
            self._held = data
            self._loop.call_soon(self._flush)

    def close(self) -> None:
        """Send what is held, then close."""
        self._flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def _flush(self) -> None:
        held, self._held = self._held, b""
        if held and not self._transport.is_closing():
            self._transport.write(held)


class Connection(HttpToolsProtocol):
    """One client's connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The connection is there."""
        super().connection_made(cast(asyncio.Transport, CoalescingTransport(transport, self.loop)))

    def data_received(self, data: bytes) -> None:
        """Read on. An upgrade that is offered, and that is not to a WebSocket, is declined: the answer is HTTP/1.1."""
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self._should_upgrade():
                self.handle_websocket_upgrade()
            else:
                self._decline_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")

    def on_message_complete(self) -> None:
        """The request is whole: not so where the parser has stopped at an upgrade that is declined."""
        if not self.parser.should_upgrade() or self._should_upgrade():
            super().on_message_complete()

    def _decline_upgrade(self, rest: bytes) -> None:
        """Go on behind the head with a parser that has seen no upgrade: what follows is this request's body."""
        framing = [(name, value) for name, value in self.headers if name in (b"content-length", b"transfer-encoding")]
        head = b"".join(b"%s: %s\r\n" % header for header in framing)
        self.parser = httptools.HttpRequestParser(_AfterHead(self))
        self.data_received(b"POST / HTTP/1.1\r\n%s\r\n%s" % (head, rest))


class _AfterHead:
    """Passes on what a parser finds, but for its first head, which was made up."""

    def __init__(self, connection: Connection) -> None:
        self._connection, self._is_made_up = connection, True
        self.on_body, self.on_message_complete = connection.on_body, connection.on_message_complete

    def on_message_begin(self) -> None:
        if not self._is_made_up:
            self._connection.on_message_begin()

    def on_url(self, url: bytes) -> None:
        if not self._is_made_up:
            self._connection.on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._is_made_up:
            self._connection.on_header(name, value)

    def on_headers_complete(self) -> None:
        if not self._is_made_up:
            self._connection.on_headers_complete()
        self._is_made_up = False
