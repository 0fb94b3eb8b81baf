"""A service of one process, which has the port itself."""

import asyncio
import socket

from service.api.app import Service, create_service
from service.process.listener import print_banner
from service.process.uvicorn_overrides import Server
from service.settings import Settings


def serve(settings: Settings, listener: socket.socket) -> int:
    """Serve on a listening socket until a stop signal, finish what was accepted, and return the exit code."""
    server = SingleProcessServer(create_service(settings), settings, listener)
    server.run()
    return 0 if server.started and not server.service.context.failed else 1


class SingleProcessServer(Server):
    """The only process of a service: it has the port, and prints where it answers once its models are loaded."""

    def __init__(self, service: Service, settings: Settings, listener: socket.socket) -> None:
        super().__init__(service, settings, listener, lambda source: source.accept()[0])
        self._listener = listener

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Take connections."""
        await super().startup()
        self._banner = asyncio.create_task(self._print_banner())

    async def _print_banner(self) -> None:
        catalog = self.service.context.catalog
        while not catalog.started:
            await asyncio.sleep(0.02)
        print_banner(self._listener, [model.name for model in catalog.newest()])
