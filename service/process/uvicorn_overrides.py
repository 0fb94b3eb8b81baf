"""Everything in which the service differs from uvicorn, whose internals it overrides here and nowhere else.

| what of uvicorn | why it is overridden or read |
|---|---|
| `HttpToolsProtocol.connection_made` | head and body of an answer leave in one packet |
| `.data_received`, `.on_headers_complete`, `.on_body` | the head of a request is bounded (uvicorn has no bound) |
| `.data_received`, `.on_message_complete` | an upgrade that is not to a WebSocket is declined, and the body is read |
| `.handle_websocket_upgrade` | a handshake that is none gets a 400 (uvicorn never answers) |
| `.cycle`, `.timeout_keep_alive_task` | `read_timeout` sees in them what a client owes |
| `.on_response_complete`, `.flow` | a client that is refused and retries at once is not read at once |
| `.eof_received`, `.on_response_complete` | a client that says no more still gets its answer (uvicorn hangs up) |
| `.shutdown` | a request that meets a stop on its way is answered (uvicorn resets it) |
| `Server.on_tick` | once a second, clients that are too slow are answered 408; a process that has failed ends |
| `Server.capture_signals` | a clean stop exits with 0, not by the signal |
| `Server.shutdown` | the service is not ready for a while before its port closes |
| `Server.server_state.connections` | a worker reports how many connections it holds |

pyproject.toml admits the versions that this was tested with; tests/service/process/test_uvicorn_overrides.py fails
where one of these is no longer as it was.
"""

import asyncio
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from random import uniform
from typing import Any, cast

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from service.api.app import Service
from service.api.problems import HeadTooLarge
from service.errors import Malformed
from service.process.incoming import Incoming, Take, most_connections
from service.process.read_timeout import ReadTimeout
from service.process.refusal import refusal
from service.process.transport import CoalescingTransport
from service.settings import Settings

MAX_HEAD_BYTES = 65_536
MAX_HEADERS = 100
TICKS_A_SECOND = 10
LONGEST_REST = 2.0
"""Seconds for which nothing is read from a client that was refused, at most: it does not rest longer than it was told
to, and a proxy may have more than one client on a connection."""
LISTENING = 2.0
"""Seconds within which a client that says no more gets its answer: it may as well have gone, which nothing tells."""
LINGER = 0.5
"""Seconds for which a connection without a request is still read when the service stops."""

_HEAD_TOO_LARGE = refusal(
    HeadTooLarge(f"the head of a request may have at most {MAX_HEAD_BYTES} bytes and {MAX_HEADERS} headers")
)
_NO_HANDSHAKE = refusal(Malformed("a WebSocket begins with a GET request that has the headers of RFC 6455"))


class Connection(HttpToolsProtocol):
    """One client's connection."""

    _unread = 0
    """Bytes that came since the last whole head or piece of a body."""
    _head_too_large = False
    _is_last = False
    _says_no_more = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin with a connection that has come."""
        super().connection_made(cast(asyncio.Transport, CoalescingTransport(transport, self.loop)))

    def data_received(self, data: bytes) -> None:
        """Read on. An upgrade that is offered, and that is not to a WebSocket, is declined: the answer is HTTP/1.1."""
        self._unset_keepalive_if_required()
        self._unread += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self._should_upgrade():
                self.handle_websocket_upgrade()
            else:
                self._decline_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            if self._head_too_large:
                self._refuse(_HEAD_TOO_LARGE)
            else:
                self.send_400_response("Invalid HTTP request received.")
        else:
            if self._unread > MAX_HEAD_BYTES:
                self._refuse(_HEAD_TOO_LARGE)

    def on_headers_complete(self) -> None:
        """Begin to answer. Raises `HeadTooLarge`, which ends the parser."""
        size = sum(len(name) + len(value) for name, value in self.headers) if self._unread > MAX_HEAD_BYTES else 0
        self._unread = 0
        many = len(self.headers) > MAX_HEADERS and not self.parser.should_upgrade()
        if many or size + len(self.url) > MAX_HEAD_BYTES:
            self._head_too_large = True
            raise HeadTooLarge("")
        super().on_headers_complete()
        if self._is_last and self.cycle is not None:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """Pass a piece of the body on."""
        self._unread = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End the request: it is not whole where the parser has stopped at an upgrade that is declined."""
        self._unread = 0
        if not self.parser.should_upgrade() or self._should_upgrade():
            super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over to the WebSocket protocol; answer 400 where that finds no handshake."""
        super().handle_websocket_upgrade()
        if not cast(Any, self.transport.get_protocol()).handshake_initiated:
            self._refuse(_NO_HANDSHAKE)

    def on_response_complete(self) -> None:
        """Go on to the next request: not at once with a client that was refused because too much waits."""
        super().on_response_complete()
        if self._says_no_more and self.cycle.response_complete:
            self.transport.close()
        retry_after = self.cycle.scope["state"].get("retry_after")
        if retry_after is not None and not self.transport.is_closing():
            self.flow.pause_reading()  # clients that retry at once would take the time in which accepted work is done
            rest = min(LONGEST_REST, retry_after) * uniform(0.5, 1.0)  # nor do all come back together
            self.loop.call_later(rest, self._read_again)

    def eof_received(self) -> bool:  # type: ignore[override]
        """Keep a connection on which nothing more comes, for a moment, where all of a request has come."""
        self._says_no_more = self.cycle is not None and not (self.cycle.response_complete or self.cycle.more_body)
        if self._says_no_more:
            self.loop.call_later(LISTENING, self.transport.close)
        return self._says_no_more

    def _read_again(self) -> None:
        if not self.transport.is_closing():
            self.flow.resume_reading()

    def shutdown(self) -> None:
        """Let a client that may be sending its next request do so, which is answered; then close."""
        self._is_last = True
        if self.cycle is None or self.cycle.response_complete:
            self.loop.call_later(LINGER, super().shutdown)
        else:
            super().shutdown()

    def _refuse(self, answer: bytes) -> None:
        self.transport.write(answer)
        self.transport.close()

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


class Server(uvicorn.Server):
    """A uvicorn server that says it is not ready before it closes its port."""

    def __init__(self, service: Service, settings: Settings, source: socket.socket, take: Take) -> None:
        """`take(source)` returns the next connection; see `Incoming`."""
        super().__init__(
            uvicorn.Config(
                service.asgi,
                loop="auto",
                http=Connection,
                ws="websockets-sansio",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,
                proxy_headers=False,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=int(settings.drain_seconds),
            )
        )
        self.service, self._delay = service, settings.drain_delay
        self._read_timeout = ReadTimeout(settings.request_timeout)
        self._incoming = Incoming(source, take, self._begin, self._has_room)
        self._most = most_connections()
        self._beginning: set[asyncio.Task[None]] = set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Load, and take connections from then on."""
        await super().startup([])
        self._incoming.start()

    def _has_room(self) -> bool:
        return len(self.server_state.connections) + len(self._beginning) < self._most

    def _begin(self, connection: socket.socket) -> None:
        task = asyncio.get_running_loop().create_task(self.connect(connection))
        self._beginning.add(task)
        task.add_done_callback(self._beginning.discard)

    async def on_tick(self, counter: int) -> bool:
        """Once a second, close the connections of clients that have been too slow. Return whether to end."""
        if counter % TICKS_A_SECOND == 0:
            self._read_timeout.close_late(self.server_state.connections, asyncio.get_running_loop().time())
        return await super().on_tick(counter) or self.service.context.failed

    async def connect(self, connection: socket.socket) -> None:
        """Answer what comes on a connection, whose client may have gone."""
        connection.setblocking(False)
        loop, state = asyncio.get_running_loop(), self.lifespan.state
        with suppress(OSError):
            await loop.connect_accepted_socket(lambda: Connection(self.config, self.server_state, state), connection)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on SIGTERM and SIGINT without being killed by them in the end: a clean stop exits with 0."""
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Be not ready from now on; after the delay end open streams, close the port, and answer what was accepted."""
        self.service.start_draining()
        await asyncio.sleep(self._delay)
        await self.service.end_open_texts()
        self._incoming.close()
        await asyncio.gather(*self._beginning)
        await super().shutdown(sockets)
