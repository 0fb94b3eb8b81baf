"""A worker process: the service on connections from the supervisor. `python -P -m service.process.worker FD FD`."""

import asyncio
import pickle
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import structlog

from models.bundle.served_versions import ServedVersions
from service.api.app import create_service
from service.api.sequences import Sequences
from service.errors import NotReady, ServiceError
from service.metrics.recorder import ProcessReport
from service.metrics.service_metrics import ServiceMetrics
from service.process.channel import Channel, Message, receive_connection
from service.process.logs import configure
from service.process.uvicorn_overrides import Server
from service.settings import InvalidSettings, Settings

log = structlog.get_logger("gatescope")

USAGE = 2

T = TypeVar("T")


class SupervisorClient:
    """Asks the supervisor for what concerns every worker: it loads and unloads in all."""

    def __init__(self) -> None:
        self.channel: Channel | None = None

    async def load(self, name: str, version: int | str | None = None) -> None:
        """Serve a version, or the newest valid one, in every worker. Raises `ServiceError`."""
        await self._ask(change="load", fields={"name": name, "version": version})

    async def unload(self, name: str) -> None:
        """Stop serving a model in every worker. Raises `ServiceError`."""
        await self._ask(change="unload", fields={"name": name})

    async def serve(self, versions: ServedVersions) -> None:
        """Serve exactly these versions in every worker. What can't be loaded is logged."""
        await self._ask(change="serve", fields={"versions": versions})

    def report(self, measured: ProcessReport) -> None:
        """Send what this process has measured."""
        if self.channel is not None:
            self.channel.send(measured=measured)

    async def metrics(self, ask: Callable[[ServiceMetrics], T]) -> T:
        """Return what the metrics of the service answer."""
        answer: T = await self._ask(metrics=ask)
        return answer

    async def sequences(self, change: Callable[[Sequences], str | None]) -> str | None:
        """Return what a change of the open sequences returns, or raise what it raises."""
        state: str | None = await self._ask(sequences=change)
        return state

    async def _ask(self, **message: Any) -> Any:
        """Return what the supervisor answers. Raises the `ServiceError` that it answers."""
        if self.channel is None:
            raise NotReady("the worker is starting")
        try:
            answer = await self.channel.ask(**message)
        except EOFError:
            raise NotReady("the supervisor is gone") from None
        if isinstance(answer, ServiceError):
            raise answer
        return answer


class OpenConnections(set[Any]):
    """The open connections of this process, as uvicorn keeps them; `changed` is called when one is no more."""

    def __init__(self, changed: Callable[[], None]) -> None:
        super().__init__()
        self._changed = changed

    def discard(self, connection: Any) -> None:
        """Remove a connection that is closed."""
        super().discard(connection)
        self._changed()

    remove = discard


class Worker(Server):
    """The service without a port of its own."""

    def __init__(
        self, settings: Settings, versions: ServedVersions | None, control: socket.socket, fd_socket: socket.socket
    ) -> None:
        self._client, self._control = SupervisorClient(), control
        self._received = 0
        self._channel: Channel | None = None
        self._reporting = False
        self._tasks: set[asyncio.Task[None]] = set()
        super().__init__(create_service(settings, self._client, versions), settings, fd_socket, receive_connection)
        self.server_state.connections = OpenConnections(self._report_soon)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ignore SIGINT, which a terminal sends to every process: the supervisor says when to stop."""
        with super().capture_signals():
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Take connections from the supervisor, and do what it says."""
        await super().startup()
        channel = await Channel.connect(self._control)
        self._client.channel = channel
        self._spawn(self._listen(channel))
        self._spawn(self._report_start(channel))

    async def connect(self, connection: socket.socket) -> None:
        """Answer what comes on a connection, and count it."""
        try:
            await super().connect(connection)
        finally:
            self._received += 1
            self._report_soon()

    async def _listen(self, channel: Channel) -> None:
        try:
            async for message in channel.messages():
                self._handle_message(channel, message)
        finally:
            self.should_exit = True  # the supervisor is gone

    def _handle_message(self, channel: Channel, message: Message) -> None:
        context = self.service.context
        match message:
            case {"others": others}:
                context.others = others
            case {"do": "load" | "unload" | "serve" as change, "fields": fields, "number": number}:
                self._spawn(self._change(channel, number, getattr(context.catalog, change)(**fields)))
            case {"drain": _}:
                self.service.start_draining()
            case {"stop": _}:
                self.should_exit = True

    async def _report_start(self, channel: Channel) -> None:
        """Say what is served once it is loaded."""
        catalog = self.service.context.catalog
        while not catalog.started:
            await asyncio.sleep(0.02)
        channel.send(started=catalog.served_versions())
        self._channel = channel

    def _report_soon(self) -> None:
        """Say how many connections are open, once for all that change together: the next one goes to the fewest."""
        if self._channel is not None and not self._reporting:
            self._reporting = True
            asyncio.get_running_loop().call_soon(self._report, self._channel)

    def _report(self, channel: Channel) -> None:
        self._reporting = False
        channel.send(open=len(self.server_state.connections), received=self._received)

    async def _change(self, channel: Channel, number: int, change: Awaitable[None]) -> None:
        """Await a change of what is served, and say how it ended."""
        failure = None
        try:
            await change
        except ServiceError as error:
            failure = error
        channel.answer(number, (failure, self.service.context.catalog.served_versions()))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def main() -> None:
    """Read the settings from standard input and serve until the supervisor says stop."""
    control, fd_socket = (socket.socket(fileno=int(number)) for number in sys.argv[1:3])
    for end in (control, fd_socket):
        end.setblocking(False)
    settings, versions = pickle.loads(sys.stdin.buffer.read())
    configure(settings.log_level, settings.log_format)
    try:
        worker = Worker(settings, versions, control, fd_socket)
    except InvalidSettings as error:
        print(f"gatescope serve: {error}", file=sys.stderr)
        sys.exit(USAGE)
    worker.run()
    sys.exit(0 if worker.started and not worker.service.context.failed else 1)


if __name__ == "__main__":
    main()
