"""Answers in gzip, to clients that read it."""

import gzip
import re

from litestar import Response

GZIP = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}

_refused = re.compile(r"q=0(\.0*)?")


def accepts_gzip(accept_encoding: str) -> bool:
    """Return whether a client that sends this `Accept-Encoding` reads gzip."""
    accepted = dict[str, bool]()
    for entry in accept_encoding.lower().split(","):
        name, _, weight = entry.replace(" ", "").partition(";")
        accepted[name] = not _refused.fullmatch(weight)
    return accepted.get("gzip", accepted.get("*", False))


def compressed(content: bytes) -> bytes:
    """Return `content` in gzip: the same bytes for the same content. To be called off the event loop."""
    return gzip.compress(content, compresslevel=6, mtime=0)


def in_gzip(content: bytes, media_type: str) -> Response[bytes]:
    """Return an answer of content that is in gzip already."""
    return Response(content, headers=GZIP, media_type=media_type)
