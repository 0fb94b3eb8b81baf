"""Which web pages may call the service: its own, and those of the origins that are allowed.

A page that a user visits can send requests to any address that the user's browser reaches. Its `Origin` gives it away;
and where it has made its own name point at this address (DNS rebinding), the `Host` does.
"""

import re

from litestar.config.cors import CORSConfig
from litestar.types import ASGIApp, Receive, Scope, Send

from service.api.http import header
from service.api.problems import WrongHost, WrongOrigin
from service.settings import Settings

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")

HEADERS = [
    "authorization",
    "content-encoding",
    "content-type",
    "inference-header-content-length",
    "traceparent",
    "x-gatescope-look",
    "x-request-id",
    "x-request-timeout",
]
"""What pages of the allowed origins may send."""

_host = re.compile(rb"(\[[^]]*\]|[^:]*)(:\d*)?")


class Origins:
    """What is accepted as `Host` and `Origin`; any `Host` where more than this machine can reach the service."""

    def __init__(self, settings: Settings) -> None:
        default = (*LOOPBACK, settings.host) if settings.on_loopback else ("*",)
        hosts = settings.allowed_hosts or default
        self._hosts = None if "*" in hosts else {host.lower().encode() for host in hosts}
        self._origins = {origin.rstrip("/").lower().encode() for origin in settings.cors_origins}

    def check(self, host: bytes, origin: bytes | None) -> None:
        """Raise `WrongHost` or `WrongOrigin` for what another site's page sends."""
        host = host.lower()
        if self._hosts is not None and host and _name(host) not in self._hosts:
            raise WrongHost("the service answers under the names in allowed_hosts")
        if origin is not None and not self._allows(origin.lower(), host):
            raise WrongOrigin("pages of the origins in cors_origins may call the service")

    def _allows(self, origin: bytes, host: bytes) -> bool:
        return origin.partition(b"://")[2] == host or origin in self._origins


class CheckOrigin:
    """Middleware of every route: refuses what a page of another site sends."""

    def __init__(self, app: ASGIApp, origins: Origins) -> None:
        self._app, self._origins = app, origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or raise what `Origins.check` raises."""
        self._origins.check(header(scope, b"host") or b"", header(scope, b"origin"))
        await self._app(scope, receive, send)


def _name(host: bytes) -> bytes:
    found = _host.fullmatch(host)
    return found[1] if found else host


def cors(settings: Settings) -> CORSConfig | None:
    """Return what browsers are told about the allowed origins; None where there are none."""
    if not settings.cors_origins:
        return None
    return CORSConfig(
        allow_origins=list(settings.cors_origins),
        allow_methods=["GET", "POST"],
        allow_headers=HEADERS,
        expose_headers=["inference-header-content-length", "retry-after", "x-request-id"],
    )
