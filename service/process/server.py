"""A service of one process, which has the port itself."""

import asyncio
import socket

from service.api.app import create_service
from service.process.listener import print_banner
from service.process.uvicorn_overrides import Server
from service.settings import Settings


def serve(settings: Settings, listener: socket.socket) -> int:
    """Serve on a listening socket until a stop signal, finish what was accepted, and return the exit code."""
    server = SingleProcessServer(create_service(settings), settings)
    server.run(sockets=[listener])
    return 0 if server.started and not server.service.context.failed else 1


class SingleProcessServer(Server):
    """The only process of a service: it prints where it answers once its models are loaded."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the port."""
        await super().startup(sockets)
        if self.started and sockets:
            self._banner = asyncio.create_task(self._print_banner(sockets[0]))

    async def _print_banner(self, listener: socket.socket) -> None:
        catalog = self.service.context.catalog
        while not catalog.started:
            await asyncio.sleep(0.02)
        print_banner(listener, [model.name for model in catalog.newest()])
