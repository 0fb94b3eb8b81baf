"""Plain ASGI handlers, for routes where Litestar's own way from a request to a handler's arguments takes too long."""

from collections.abc import Awaitable, Callable

from litestar.types import ASGIApp, Receive, Scope, Send

RawHandler = Callable[[Scope, Receive, Send], Awaitable[None]]


def raw(handle: RawHandler) -> list[Callable[[ASGIApp], ASGIApp]]:
    """Return the middleware of a route by which `handle` answers; the route's handler then only names its types."""

    def instead(app: ASGIApp) -> ASGIApp:
        del app
        return handle

    return [instead]
