"""Hands the connections of a port out to worker processes."""

import socket
from collections.abc import Sequence

from service.process.channel import send_connection
from service.process.incoming import Incoming, most_connections
from service.process.worker_process import WorkerProcess


class Dispatcher:
    """Accepts connections and hands each to the worker with the fewest; they wait while all workers are full."""

    def __init__(self, listener: socket.socket, workers: Sequence[WorkerProcess]) -> None:
        self._workers, self._most_open = workers, most_connections()
        self._unsent: socket.socket | None = None
        incoming = Incoming(listener, lambda source: source.accept()[0], self._send, self._has_room)
        self.start, self.close = incoming.start, incoming.close

    def _has_room(self) -> bool:
        """Return whether a worker may get a connection, once the one that none took is on its way."""
        if self._unsent is not None:
            self._send(self._unsent)
        return self._unsent is None and bool(self._candidates())

    def _send(self, connection: socket.socket) -> None:
        """Send a connection to the first worker that takes it."""
        worker = next((each for each in self._candidates() if send_connection(each.fd_socket, connection)), None)
        self._unsent = connection if worker is None else None
        if worker is not None:
            worker.open += 1
            worker.sent += 1
            connection.close()

    def _candidates(self) -> list[WorkerProcess]:
        """Return the workers that may get a connection, the one with the fewest first: those that serve, if any do."""
        ready = [worker for worker in self._workers if worker.ready]
        free = [worker for worker in ready or self._workers if worker.open < self._most_open]
        return sorted(free, key=lambda worker: worker.open)
