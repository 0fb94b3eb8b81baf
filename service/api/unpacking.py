"""Bodies in gzip or deflate: unpacked a piece at a time, so that every limit holds for what comes out."""

import zlib
from typing import Any, cast

from litestar.types import ASGIApp, HTTPReceiveMessage, HTTPRequestEvent, Receive, Scope, Send

from service.api.http import header
from service.api.problems import UnsupportedEncoding
from service.errors import Malformed

PIECE = 65_536
"""Most bytes that are unpacked at once."""
WINDOW_BITS = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
"""What tells zlib the form, by the name of the encoding."""


class UnpackBodies:
    """Middleware of every route: a body with a `Content-Encoding` arrives as if it had none."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on. Raises `UnsupportedEncoding`."""
        encoding = header(scope, b"content-encoding")
        await self._app(scope, receive if encoding is None else unpacked(receive, encoding), send)


def unpacked(receive: Receive, encoding: bytes) -> Receive:
    """Return what receives the same body without its `Content-Encoding`. Raises `UnsupportedEncoding`."""
    name = encoding.decode("latin-1").strip().lower()
    if name in ("", "identity"):
        return receive
    if name not in WINDOW_BITS:
        raise UnsupportedEncoding("a body comes as it is, or as gzip or deflate")
    return cast(Receive, Unpacker(receive, name))


class Unpacker:
    """Receives a packed body and hands it on unpacked, at most `PIECE` bytes at a time. A gzip may have members."""

    def __init__(self, receive: Receive, name: str) -> None:
        self._receive, self._name = receive, name
        self._zlib = zlib.decompressobj(WINDOW_BITS[name])
        self._packed, self._more, self._ended = b"", True, False

    async def __call__(self) -> HTTPReceiveMessage:
        """Return the next message. Raises `Malformed` for what is not packed as it says."""
        if self._ended:
            return cast(HTTPReceiveMessage, await self._receive())
        if not self._packed and self._more:
            message: Any = await self._receive()
            if message["type"] == "http.disconnect":
                return cast(HTTPReceiveMessage, message)
            self._packed, self._more = message["body"], message.get("more_body", False)
        body = self._unpack()
        self._ended = not (self._packed or self._more or len(body) == PIECE)
        if self._ended and not self._zlib.eof:
            raise Malformed(f"the body ends before its {self._name} does")
        return HTTPRequestEvent(type="http.request", body=body, more_body=not self._ended)

    def _unpack(self) -> bytes:
        if self._zlib.eof and self._packed and self._name != "deflate":
            self._zlib = zlib.decompressobj(WINDOW_BITS[self._name])
        try:
            body = self._zlib.decompress(self._packed, PIECE)
        except zlib.error:
            raise Malformed(f"the body is not {self._name}, as its Content-Encoding says") from None
        self._packed = self._zlib.unused_data or self._zlib.unconsumed_tail
        if self._packed and self._zlib.eof and self._name == "deflate":
            raise Malformed("the body goes on after its deflate has ended")
        return body
