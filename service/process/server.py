"""A process that serves: uvicorn around the application, from the open port to the last accepted answer."""

import asyncio
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from service.api.app import Service, create_service
from service.process.connection import Connection
from service.process.listening import greet
from service.process.read_timeout import Patience
from service.settings import Settings

TICKS = 10
"""Of uvicorn's loop, in a second."""


def serve(settings: Settings, listening: socket.socket) -> int:
    """Serve on a listening socket until a stop signal, finish what was accepted, and return the exit code."""
    server = Alone(create_service(settings), settings)
    server.run(sockets=[listening])
    return 0 if server.started else 1


class Server(uvicorn.Server):
    """A uvicorn server that says it is not ready before it closes its port."""

    def __init__(self, service: Service, settings: Settings) -> None:
        super().__init__(
            uvicorn.Config(
                service.asgi,
                loop="uvloop",
                http=Connection,
                ws="websockets-sansio",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,
                proxy_headers=False,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=int(settings.drain_seconds),
            )
        )
        self.service, self._delay = service, settings.drain_delay
        self._patience = Patience(settings.request_timeout)

    async def on_tick(self, counter: int) -> bool:
        """Once a second, do not wait any longer for clients that have been too slow."""
        if counter % TICKS == 0:
            self._patience.look(self.server_state.connections, asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on SIGTERM and SIGINT without being killed by them in the end: a clean stop exits with 0."""
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Not ready from now on; after the delay the port closes, and accepted requests are answered."""
        self.service.start_draining()
        await asyncio.sleep(self._delay)
        await super().shutdown(sockets)


class Alone(Server):
    """The only process of a service: it has the port, and says so once its models are loaded."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the port."""
        await super().startup(sockets)
        if self.started and sockets:
            self._greeting = asyncio.create_task(self._greet(sockets[0]))

    async def _greet(self, listening: socket.socket) -> None:
        catalog = self.service.parts.catalog
        while not catalog.started:
            await asyncio.sleep(0.02)
        greet(listening, [model.name for model in catalog.newest()])
