"""The pages and what they load: files of `service/web`, under a strict content security policy."""

from pathlib import Path, PurePosixPath

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from service.api.assets import TYPES, assets
from service.api.dependencies import Call

PAGES = {"/": "index.html", "/monitor": "monitor.html", "/docs": "docs.html"}
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


@get(list(PAGES), include_in_schema=False)
async def page(request: Call) -> Response[bytes]:
    """Return one of the pages."""
    return _file(PAGES[request.scope["path"]])


@get("/web/{path:path}", include_in_schema=False)
async def asset(path: FromPath[Path]) -> Response[bytes]:
    """Return a style sheet, a script or a picture of a page."""
    return _file(path.as_posix().lstrip("/"))


def _file(name: str) -> Response[bytes]:
    content = assets().get(name)
    if content is None:
        raise NotFoundException
    return Response(content, headers=HEADERS, media_type=TYPES[PurePosixPath(name).suffix])
