"""One process that serves: uvicorn around the application, from the open port to the last accepted answer."""

import asyncio
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from service.app import Service, create_service
from service.settings import Settings


def run(settings: Settings) -> int:
    """Serve until a stop signal, finish what was accepted, and return the exit code."""
    with listen(settings.host, settings.port) as listening:
        server = Server(create_service(settings), settings, announce=True)
        server.run(sockets=[listening])
        return 0 if server.started else 1


def listen(host: str, port: int) -> socket.socket:
    """A listening socket on `host` and `port`; port 0 picks a free one. Raises `OSError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=2048, reuse_port=False)


class Server(uvicorn.Server):
    """A uvicorn server that says it is not ready before it closes its port."""

    def __init__(self, service: Service, settings: Settings, *, announce: bool) -> None:
        super().__init__(
            uvicorn.Config(
                service.asgi,
                loop="uvloop",
                http="httptools",
                ws="websockets-sansio",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=int(settings.drain_seconds),
            )
        )
        self._service, self._delay, self._announce = service, settings.drain_delay, announce

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on SIGTERM and SIGINT without being killed by them in the end: a clean stop exits with 0."""
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the port, and say on standard output what to open once the models are loaded."""
        await super().startup(sockets)
        if self._announce and self.started and sockets:
            self._greeting = asyncio.create_task(_greet(self._service, sockets[0]))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Not ready from now on; after the delay the port closes, and accepted requests are answered."""
        self._service.start_draining()
        await asyncio.sleep(self._delay)
        await super().shutdown(sockets)


async def _greet(service: Service, listening: socket.socket) -> None:
    while not service.parts.catalog.started:
        await asyncio.sleep(0.02)
    host, port = listening.getsockname()[:2]
    root = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    served = ", ".join(model.name for model in service.parts.catalog.newest()) or "no model"
    body = '{"text": "An amazing cast, and not one dull minute."}'
    print(f"Gatescope serves {served}.\n  open  {root}/\n  try   curl -s {root}/v1/predict -d '{body}'", flush=True)
