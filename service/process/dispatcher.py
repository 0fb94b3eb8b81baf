"""Hands the connections of a port out to worker processes."""

import asyncio
import socket
from collections.abc import Sequence

import structlog

from service.process.channel import send_connection
from service.process.incoming import most_connections
from service.process.worker_process import WorkerProcess

log = structlog.get_logger("gatescope")

ACCEPTS_AT_ONCE = 64
PAUSE = 0.01
LONG_PAUSE = 0.1


class Dispatcher:
    """Accepts connections and hands each to the worker with the fewest; they wait while all workers are full."""

    def __init__(self, listener: socket.socket, workers: Sequence[WorkerProcess]) -> None:
        self._listener, self._workers = listener, workers
        self._unsent: socket.socket | None = None
        self._most_open = most_connections()

    def start(self) -> None:
        """Accept from now on."""
        self._listener.setblocking(False)
        self._resume()

    def close(self) -> None:
        """Hand out what waits, and close the port."""
        while self._dispatch():
            pass
        asyncio.get_running_loop().remove_reader(self._listener)
        self._listener.close()

    def _dispatch(self) -> bool:
        """Hand out as many as there are, up to `ACCEPTS_AT_ONCE`; return whether there may be more."""
        for _ in range(ACCEPTS_AT_ONCE):
            candidates = self._candidates()
            if not candidates:
                return self._pause(PAUSE)
            try:
                connection = self._unsent or self._listener.accept()[0]
            except (BlockingIOError, ConnectionError):  # none is left, or the client has gone
                return False
            except OSError as error:  # no descriptor is left
                log.error("connections wait", error=error.strerror)
                return self._pause(LONG_PAUSE)
            if not _send(connection, candidates):
                self._unsent = connection
                return self._pause(PAUSE)
            self._unsent = None
        return True

    def _candidates(self) -> list[WorkerProcess]:
        """Return the workers that may get a connection, the one with the fewest first: those that serve, if any do."""
        ready = [worker for worker in self._workers if worker.ready]
        free = [worker for worker in ready or self._workers if worker.open < self._most_open]
        return sorted(free, key=lambda worker: worker.open)

    def _pause(self, seconds: float) -> bool:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._listener)
        loop.call_later(seconds, self._resume)
        return False

    def _resume(self) -> None:
        if self._listener.fileno() >= 0:
            asyncio.get_running_loop().add_reader(self._listener, self._dispatch)


def _send(connection: socket.socket, candidates: Sequence[WorkerProcess]) -> bool:
    """Send a connection to the first that takes it; return whether one did."""
    worker = next((each for each in candidates if send_connection(each.fd_socket, connection)), None)
    if worker is None:
        return False
    worker.open += 1
    worker.sent += 1
    connection.close()
    return True
