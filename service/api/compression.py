"""Answers in zstd or gzip, to clients that read it."""

import gzip
from collections.abc import Callable, Mapping
from functools import partial

from backports import zstd
from litestar import Response

PLAIN = "identity"
ENCODINGS: Mapping[str, Callable[[bytes], bytes]] = {
    "zstd": partial(zstd.compress, level=6),
    "gzip": partial(gzip.compress, compresslevel=6, mtime=0),
    PLAIN: bytes,
}
"""How content is packed, by the name of the encoding, the best first; the same bytes for the same content. To be called
off the event loop."""


def encoding_of(accept_encoding: str) -> str:
    """Return the encoding that a client with this `Accept-Encoding` likes best; of those that it likes as much the
    first of `ENCODINGS`.
    """
    weights = dict(_weighted(entry) for entry in accept_encoding.lower().replace(" ", "").split(","))
    others = weights.get("*", 0.0)
    return max(ENCODINGS, key=lambda name: weights.get(name, 1e-9 if name == PLAIN else others))


def _weighted(entry: str) -> tuple[str, float]:
    name, _, weight = entry.partition(";q=")
    try:
        return name, float(weight or 1)
    except ValueError:
        return name, 0.0


def headers_of(encoding: str) -> dict[str, str]:
    """Return the headers of an answer in this encoding, which depends on what the client accepts."""
    return {"Vary": "Accept-Encoding"} | ({} if encoding == PLAIN else {"Content-Encoding": encoding})


def packed(content: bytes, media_type: str, encoding: str, headers: Mapping[str, str] | None = None) -> Response[bytes]:
    """Return an answer of content that has this encoding already."""
    return Response(content, headers={**headers_of(encoding), **(headers or {})}, media_type=media_type)
