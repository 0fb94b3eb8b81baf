"""Plain ASGI handlers, for routes where Litestar's own way from a request to a handler's arguments takes too long."""

from collections.abc import Awaitable, Callable

from litestar import asgi
from litestar.exceptions import MethodNotAllowedException
from litestar.handlers import ASGIRouteHandler, HTTPRouteHandler
from litestar.types import Receive, Scope, Send

RawHandler = Callable[[Scope, Receive, Send], Awaitable[None]]
ALLOW = "OPTIONS, POST"


def raw_post(typed: HTTPRouteHandler) -> Callable[[RawHandler], ASGIRouteHandler]:
    """Make the route of `typed`, which names its path and its types, out of a plain ASGI handler of POST.

    OPTIONS is answered with the methods that there are, any other one with 405.
    """
    (path,) = typed.paths

    def made(handle: RawHandler) -> ASGIRouteHandler:
        @asgi(path, copy_scope=False, opt={"typed": typed})
        async def route(scope: Scope, receive: Receive, send: Send) -> None:
            method = scope.get("method")
            if method == "POST":
                await handle(scope, receive, send)
            elif method == "OPTIONS":
                await send({"type": "http.response.start", "status": 204, "headers": [(b"allow", ALLOW.encode())]})
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            else:
                raise MethodNotAllowedException(headers={"Allow": ALLOW})

        return route

    return made
