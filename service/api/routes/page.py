"""The pages and what they load: files of `service/web`, under a strict content security policy."""

from pathlib import PurePosixPath
from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException

from service.api.assets import TYPES, assets

PAGES = {"/": "index.html", "/monitor": "monitor.html"}
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


@get(list(PAGES))
async def page(request: Request[Any, Any, Any]) -> Response[bytes]:
    """One of the pages."""
    return _file(PAGES[request.scope["path"]])


@get("/web/{path:path}")
async def asset(request: Request[Any, Any, Any]) -> Response[bytes]:
    """A style sheet, a module or a picture of a page."""
    return _file(str(request.path_params["path"]).lstrip("/"))


def _file(name: str) -> Response[bytes]:
    content = assets().get(name)
    if content is None:
        raise NotFoundException
    return Response(content, headers=HEADERS, media_type=TYPES[PurePosixPath(name).suffix])
