"""Clients that begin a request and do not end it: their connections are closed, since uvicorn waits for ever."""

from collections.abc import Iterable
from typing import Any

import structlog

from service.api.problems import RequestTimeout
from service.process.refusal import refusal

log = structlog.get_logger("gatescope")

_ANSWER = refusal(RequestTimeout("the request did not come to its end"))


class ReadTimeout:
    """Waits `limit` seconds for the head of a request, and as long for its body; then answers 408 and closes.

    Looks at the connections of uvicorn's HTTP protocol from time to time, which costs a request nothing.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._since: dict[tuple[Any, Any], float] = {}

    def close_late(self, connections: Iterable[Any], now: float) -> None:
        """Close what has been unfinished for too long at `now`, in seconds of a clock that only goes forward."""
        unfinished = [(connection, connection.cycle) for connection in connections if _is_unfinished(connection)]
        self._since = {request: self._since.get(request, now) for request in unfinished}
        late = [connection for (connection, _), since in self._since.items() if now - since > self._limit]
        for connection in late:
            connection.transport.write(_ANSWER)
            connection.transport.close()
        if late:
            log.warning("clients did not end their requests", connections=len(late))


def _is_unfinished(connection: Any) -> bool:
    """Return whether the rest of a head is missing, or of a body that nothing has been answered to yet."""
    if not hasattr(connection, "cycle"):  # a WebSocket
        return False
    cycle = connection.cycle
    if cycle is None:
        return True
    if cycle.response_complete:
        return connection.timeout_keep_alive_task is None  # else it is idle, which uvicorn ends
    return cycle.more_body and not cycle.response_started
