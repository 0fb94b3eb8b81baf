"""Bodies in gzip, deflate or zstd: unpacked a piece at a time, so that every limit holds for what comes out."""

import zlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

from backports.zstd import DecompressionParameter, ZstdDecompressor, ZstdError
from litestar.types import ASGIApp, HTTPReceiveMessage, HTTPRequestEvent, Receive, Scope, Send

from service.api.http import header
from service.api.problems import UnsupportedEncoding
from service.errors import Malformed

PIECE = 65_536
"""Most bytes that are unpacked at once."""
WINDOW_BITS = 23
"""Most that a decoder of zstd remembers: 8 MiB, as RFC 9659 has it."""
_gzip = partial(zlib.decompressobj, 16 + zlib.MAX_WBITS)
DECODERS: Mapping[str, Callable[[], Any]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": zlib.decompressobj,
    "zstd": partial(ZstdDecompressor, options={DecompressionParameter.window_log_max: WINDOW_BITS}),
}
"""What begins to unpack a body, by the name of the encoding."""


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
    if name not in DECODERS:
        raise UnsupportedEncoding("a body comes as it is, or as gzip, deflate or zstd")
    return cast(Receive, Unpacker(receive, name))


class Unpacker:
    """Receives a packed body and hands it on unpacked, at most `PIECE` bytes at a time.

    Gzip may have members and zstd frames; deflate is one.
    """

    def __init__(self, receive: Receive, name: str) -> None:
        self._receive, self._name = receive, name
        self._decoder = DECODERS[name]()
        self._packed, self._more, self._full, self._ended = b"", True, False, False

    async def __call__(self) -> HTTPReceiveMessage:
        """Return the next message. Raises `Malformed` for what is not packed as it says."""
        if self._ended:
            return cast(HTTPReceiveMessage, await self._receive())
        if self._more and not (self._packed or self._full):
            message: Any = await self._receive()
            if message["type"] == "http.disconnect":
                return cast(HTTPReceiveMessage, message)
            self._packed, self._more = message["body"], message.get("more_body", False)
        body = self._unpack()
        self._full = len(body) == PIECE
        self._ended = not (self._packed or self._more or self._full)
        if self._ended and not self._decoder.eof:
            raise Malformed(f"the body ends before its {self._name} does")
        return HTTPRequestEvent(type="http.request", body=body, more_body=not self._ended)

    def _unpack(self) -> bytes:
        """Return what comes out next; what has not gone in yet stays in `_packed`."""
        if self._decoder.eof and self._packed:
            if self._name == "deflate":
                raise Malformed("the body goes on after its deflate has ended")
            self._decoder = DECODERS[self._name]()
        if self._decoder.eof:
            return b""
        try:
            body: bytes = self._decoder.decompress(self._packed, PIECE)
        except (zlib.error, ZstdError):
            raise Malformed(f"the body is not {self._name}, as its Content-Encoding says") from None
        self._packed = self._decoder.unused_data or getattr(self._decoder, "unconsumed_tail", b"")
        return body
