"""Around every request: its name, its time, its count. Plain ASGI, since what the router refuses counts too."""

import re
from collections.abc import Callable
from random import getrandbits
from time import perf_counter
from typing import Any

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from service.metrics.recorder import OTHER, Recorder

log = structlog.get_logger("gatescope.access")

UNMATCHED = "unmatched"
LOOK = b"x-gatescope-look"
"""A request with this header is answered as any other, but is no production: neither its route nor its label counts."""
LOOKS = "looks"
"""What stands for the route of such a request."""
TOO_MANY = 429
NOSNIFF = (b"x-content-type-options", b"nosniff")

_request_id = re.compile(rb"[A-Za-z0-9._:+/=-]{1,128}")
_traceparent = re.compile(rb"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


class Observed:
    """Gives each request an id, measures it by route template, and logs it where `access_log` is set.

    The id is the client's `X-Request-Id`, else the trace id of its `traceparent`, else new; it goes back in
    `X-Request-Id` and stands in `scope["state"]["request_id"]`, and `retry_after` beside it where a request is refused
    because too much is asked for. `trace` tells the id of the trace that a request is in.
    """

    def __init__(
        self, app: ASGIApp, recorder: Recorder, *, access_log: bool, trace: Callable[[], str] | None = None
    ) -> None:
        self._app, self._recorder, self._access_log, self._trace = app, recorder, access_log, trace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        active = self._recorder.active
        method = scope["method"] if scope["method"] in active else OTHER
        if method == "HEAD":  # answered as GET; the server leaves out the body
            scope = {**scope, "method": "GET"}
        request_id = identify(scope["headers"])
        counted = all(name != LOOK for name, _ in scope["headers"])
        scope["state"] = {"request_id": request_id.decode(), "counted": counted}
        status = 500

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if status == TOO_MANY:
                    scope["state"]["retry_after"] = _retry_after(message["headers"])
                message["headers"] = [*message["headers"], (b"x-request-id", request_id), NOSNIFF]
            await send(message)

        active[method] += 1
        try:
            await self._app(scope, receive, send_named)
        finally:
            active[method] -= 1
            seconds = perf_counter() - started
            template = scope.get("path_template", UNMATCHED) if counted else LOOKS
            self._recorder.request(method, template, status, seconds, self._trace() if self._trace else "")
            if self._access_log:
                fields: dict[str, Any] = {"method": method, "route": template, "status": status}
                log.info("request", request_id=request_id.decode(), seconds=round(seconds, 6), **fields)


def identify(headers: Any) -> bytes:
    """Return the id of a request with these headers."""
    trace = None
    for name, value in headers:
        if name == b"x-request-id" and _request_id.fullmatch(value):
            return bytes(value)
        if name == b"traceparent" and (found := _traceparent.fullmatch(value)):
            trace = found[1]
    return bytes(trace) if trace else b"%032x" % getrandbits(128)


def _retry_after(headers: Any) -> int:
    return next((int(value) for name, value in headers if name.lower() == b"retry-after"), 1)
