"""Connections on their way into this process: a few at a time, and they wait while no descriptor is left for them."""

import asyncio
import resource
import socket
import sys
from collections.abc import Callable

import structlog

log = structlog.get_logger("gatescope")

AT_ONCE = 16
"""Most connections that come in between two chunks: hundreds at once would hold up all others."""
PAUSE = 0.01
"""Seconds until it is looked again whether there is room."""
LONG_PAUSE = 0.1
"""Seconds until it is tried again to take a connection for which no descriptor was left."""
SPARE_DESCRIPTORS = 128
"""What connections leave a process for files and for work of its own, where it may have twice as many."""


Take = Callable[[socket.socket], socket.socket]


def most_connections() -> int:
    """Return how many connections a process may hold."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit == resource.RLIM_INFINITY:
        return sys.maxsize
    return max(1, limit - min(SPARE_DESCRIPTORS, limit // 2))


class Incoming:
    """Passes what `take(source)` returns on to `serve`, from `start` on, while `has_room`.

    `take` raises `BlockingIOError` where there is nothing at the moment, `EOFError` where nothing more will come, and
    `OSError` where no descriptor is left.
    """

    def __init__(
        self,
        source: socket.socket,
        take: Take,
        serve: Callable[[socket.socket], None],
        has_room: Callable[[], bool],
    ) -> None:
        self._source, self._take, self._serve, self._has_room = source, take, serve, has_room
        self._ended = False

    def start(self) -> None:
        """Take connections from now on."""
        self._source.setblocking(False)
        self._resume()

    def close(self) -> None:
        """Take what waits, and close the source."""
        while self._take_some():
            pass
        self._end()
        self._source.close()

    def _take_some(self) -> bool:
        """Take up to `AT_ONCE`; return whether there may be more."""
        for _ in range(AT_ONCE):
            if not self._has_room():
                return self._pause(PAUSE)
            try:
                connection = self._take(self._source)
            except (BlockingIOError, ConnectionError):  # none is left, or the client has gone
                return False
            except EOFError:
                self._end()
                return False
            except OSError as error:
                log.error("connections wait", error=error.strerror)
                return self._pause(LONG_PAUSE)
            self._serve(connection)
        return True

    def _end(self) -> None:
        self._ended = True
        asyncio.get_running_loop().remove_reader(self._source)

    def _pause(self, seconds: float) -> bool:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._source)
        loop.call_later(seconds, self._resume)
        return False

    def _resume(self) -> None:
        if not self._ended:
            asyncio.get_running_loop().add_reader(self._source, self._take_some)
            self._take_some()
