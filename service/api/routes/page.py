"""The pages and what they load: files of `service/web`, under a strict content security policy."""

import asyncio
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Annotated, NamedTuple

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, HeaderParameter

from service.api.assets import TYPES, assets
from service.api.compression import ENCODINGS, PLAIN, headers_of, packed
from service.api.dependencies import Call, Encoding

PAGES = {"/": "index.html"} | {f"/{name}": f"{name}.html" for name in ("model", "monitor", "docs", "runbook")}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-cache",
}


IfNoneMatch = Annotated[str, HeaderParameter(name="If-None-Match")]


class PageFile(NamedTuple):
    """A file in every encoding, with what all of them are known by."""

    contents: Mapping[str, bytes]
    etag: str


@get(list(PAGES), include_in_schema=False)
async def page(request: Call, encoding: Encoding, if_none_match: IfNoneMatch = "") -> Response[bytes]:
    """Return one of the pages."""
    return await _answer(PAGES[request.scope["path"]], encoding, if_none_match)


@get("/web/{path:path}", include_in_schema=False)
async def asset(path: FromPath[Path], encoding: Encoding, if_none_match: IfNoneMatch = "") -> Response[bytes]:
    """Return a style sheet, a script or a picture of a page."""
    return await _answer(path.as_posix().lstrip("/"), encoding, if_none_match)


async def _answer(name: str, encoding: str, if_none_match: str) -> Response[bytes]:
    """Return a file; an empty 304 where the client has it."""
    file = await asyncio.to_thread(_file, name)
    if file is None:
        raise NotFoundException
    headers = HEADERS | {"ETag": file.etag}
    if file.etag in if_none_match:
        return Response(b"", status_code=304, headers=headers | headers_of(PLAIN))
    return packed(file.contents[encoding], TYPES[PurePosixPath(name).suffix], encoding, headers)


@lru_cache(maxsize=256)
def _file(name: str) -> PageFile | None:
    content = assets().get(name)
    if content is None:
        return None
    contents = {encoding: pack(content) for encoding, pack in ENCODINGS.items()}
    return PageFile(contents, f'W/"{sha256(content).hexdigest()[:32]}"')
