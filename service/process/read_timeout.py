"""Clients that begin a request and do not end it: their connections are closed, since uvicorn waits for ever."""

import json
from collections.abc import Iterable
from typing import Any

import structlog

from service.api.problems import Problem, RequestTimeout

log = structlog.get_logger("gatescope")

_BODY = json.dumps(Problem(RequestTimeout("the request did not come to its end")).body()).encode()
_ANSWER = b"\r\n".join(
    (
        b"HTTP/1.1 408 Request Timeout",
        b"content-type: application/problem+json",
        b"content-length: %d" % len(_BODY),
        b"connection: close",
        b"",
        _BODY,
    )
)


class Patience:
    """Waits `limit` seconds for the head of a request, and as long for its body; then answers 408 and closes.

    Looks at the connections of uvicorn's HTTP protocol from time to time, which costs a request nothing.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._since: dict[tuple[Any, Any], float] = {}

    def look(self, connections: Iterable[Any], now: float) -> None:
        """Close what has been owed for too long at `now`, of a clock that only goes forward."""
        owing = [(connection, connection.cycle) for connection in connections if _owes(connection)]
        self._since = {part: self._since.get(part, now) for part in owing}
        late = [connection for (connection, _), since in self._since.items() if now - since > self._limit]
        for connection in late:
            connection.transport.write(_ANSWER)
            connection.transport.close()
        if late:
            log.warning("clients did not end their requests", connections=len(late))


def _owes(connection: Any) -> bool:
    """Whether a connection waits for the rest of a head, or of a body that nothing has been answered to yet."""
    if not hasattr(connection, "cycle"):  # a WebSocket
        return False
    cycle = connection.cycle
    if cycle is None:
        return True
    if cycle.response_complete:
        return connection.timeout_keep_alive_task is None  # else it is idle, which uvicorn ends
    return cycle.more_body and not cycle.response_started
