"""Several worker processes on one port, and what there must be one of: the port, what is wanted, the metrics' folder.

The supervisor accepts connections and hands each to the worker with the fewest: where workers accept for themselves,
one of two gets most of 32 connections and the other core idles. It loads no model and answers no client.
"""

import asyncio
import contextlib
import itertools
import json
import signal
import socket
import sys
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

import structlog
from pydantic import SecretStr

from service.cores import available_cores, split_cores
from service.metrics.service_metrics import ServiceMetrics
from service.process.channel import Channel, Message, send_connection
from service.process.listener import open_listener, print_banner
from service.settings import Settings

log = structlog.get_logger("gatescope")

ACCEPTS_AT_ONCE = 64
SHORT_LIFE = 10.0
LONGEST_PAUSE = 10.0
GRACE = 5.0


def run(settings: Settings) -> int:
    """Serve until a stop signal, finish what was accepted, and return the exit code. Raises `OSError` for the port."""
    settings = split_cores(settings, available_cores())
    with open_listener(settings.host, settings.port) as listener:
        if settings.workers > 1:
            return asyncio.run(Supervisor(settings, listener).run())
        from service.process.server import serve  # noqa: PLC0415 - a supervisor stays small: it needs no runtime

        return serve(settings, listener)


@dataclass(eq=False, slots=True)
class Worker:
    """One worker process, as the supervisor sees it; `open` connections count those on their way to it."""

    number: int
    process: asyncio.subprocess.Process
    channel: Channel
    fd_socket: socket.socket
    started: float = field(default_factory=time.monotonic)
    ready: bool = False
    open: int = 0
    sent: int = 0
    asked: dict[int, "asyncio.Future[list[str] | None]"] = field(default_factory=dict)


class Supervisor:
    """Starts workers, replaces those that die, hands out connections, and stops all in order."""

    def __init__(self, settings: Settings, listener: socket.socket) -> None:
        self._settings, self._listener = settings, listener
        self._workers: list[Worker] = []
        self._wanted: dict[str, tuple[str, int | None]] = {}
        self._changing = asyncio.Lock()
        self._numbers = itertools.count()
        self._stopping = asyncio.Event()
        self._complete = False
        self._code = 0
        self._unsent: socket.socket | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._metrics = ServiceMetrics(settings.max_words)

    async def run(self) -> int:
        """Serve from the first worker's start to the last one's end, and return the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        self._listener.setblocking(False)
        loop.add_reader(self._listener, self._accept)
        respawning = [asyncio.create_task(self._respawn(number)) for number in range(self._settings.workers)]
        await self._stopping.wait()
        await self._drain()
        await asyncio.gather(*respawning)
        return self._code

    async def _respawn(self, number: int) -> None:
        """Have worker `number` run until the service stops; where it fails at once again and again, wait longer."""
        pause = 0.0
        while not self._stopping.is_set():
            worker = await self._start(number)
            code = await self._wait(worker)
            self._metrics.forget(worker.process.pid)
            if self._stopping.is_set():
                self._code = self._code or code
                return
            if not self._complete and not worker.ready:
                self._code = code or 1
                self._stopping.set()
                return
            quick = time.monotonic() - worker.started < SHORT_LIFE
            pause = min(LONGEST_PAUSE, 2 * pause or 0.25) if quick else 0.0
            log.error("worker died and is replaced", worker=number, code=code)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause or 0.01)

    async def _start(self, number: int) -> Worker:
        ours, theirs = socket.socketpair()
        fd_socket, their_fd_socket = socket.socketpair()
        fd_socket.setblocking(False)
        with theirs, their_fd_socket:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-m",
                "service.process.worker",
                *(str(end.fileno()) for end in (theirs, their_fd_socket)),
                pass_fds=[theirs.fileno(), their_fd_socket.fileno()],
                stdin=asyncio.subprocess.PIPE,
            )
        assert process.stdin is not None
        with contextlib.suppress(ConnectionError):
            process.stdin.write(json.dumps(self._settings.model_dump(), default=_plain).encode())
            process.stdin.close()
        worker = Worker(number, process, await Channel.connect(ours), fd_socket)
        worker.channel.send(wanted=[(what, name, version) for name, (what, version) in self._wanted.items()])
        worker.channel.send(others=self._why_not_ready())
        self._workers.append(worker)
        return worker

    async def _wait(self, worker: Worker) -> int:
        """Handle what a worker says until it has ended, and return its exit code."""
        async for message in worker.channel.messages():
            self._handle_message(worker, message)
        code = await worker.process.wait()
        self._workers.remove(worker)
        for future in worker.asked.values():
            if not future.done():
                future.set_result(None)  # its successor will catch up with what is wanted
        worker.channel.close()
        worker.fd_socket.close()
        return code

    def _handle_message(self, worker: Worker, message: Message) -> None:
        match message:
            case {"ready": served}:
                worker.ready = True
                self._note_ready(served)
            case {"open": count, "received": received}:
                worker.open = count + worker.sent - received
            case {"measured": measured}:
                self._metrics.add(worker.process.pid, measured)
            case {"ask": "metrics", "number": number}:
                self._spawn(self._send_metrics(worker, number))
            case {"done": number, "problem": problem}:
                worker.asked.pop(number).set_result(problem)
            case {"ask": what, "name": name, "version": version, "number": number}:
                self._spawn(self._everywhere(worker, what, name, version, number))

    async def _send_metrics(self, worker: Worker, number: int) -> None:
        worker.channel.send(answer=number, result=await asyncio.to_thread(self._metrics.text))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _note_ready(self, served: list[str]) -> None:
        if self._complete or sum(worker.ready for worker in self._workers) < self._settings.workers:
            return
        self._complete = True
        for worker in self._workers:
            worker.channel.send(others="")
        print_banner(self._listener, served)

    def _why_not_ready(self) -> str:
        return "" if self._complete else "not every worker process has started"

    async def _everywhere(self, asking: Worker, what: str, name: str, version: int | None, number: int) -> None:
        """Load or unload in every worker, one change after another; the first problem is the answer."""
        async with self._changing:
            answers = []
            for worker in self._workers:
                call = next(self._numbers)
                worker.asked[call] = asyncio.get_running_loop().create_future()
                worker.channel.send(do=what, name=name, version=version, number=call)
                answers.append(worker.asked[call])
            problem = next((found for found in await asyncio.gather(*answers) if found), None)
            if problem is None:
                self._wanted[name] = (what, version)
        asking.channel.send(answer=number, result=problem)

    def _accept(self) -> None:
        """Hand connections that wait to the workers with the fewest; where all are full, a moment later."""
        loop = asyncio.get_running_loop()
        for _ in range(ACCEPTS_AT_ONCE):
            candidates = sorted(self._workers, key=lambda worker: (not worker.ready, worker.open))
            if not candidates:
                self._pause_accepting(loop)
                return
            try:
                connection = self._unsent or self._listener.accept()[0]
            except OSError:  # none is left, or the client has gone, or descriptors ran out
                return
            worker = next((each for each in candidates if send_connection(each.fd_socket, connection)), None)
            if worker is None:
                self._unsent = connection
                self._pause_accepting(loop)
                return
            worker.open += 1
            worker.sent += 1
            connection.close()
            self._unsent = None

    def _pause_accepting(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.remove_reader(self._listener)
        loop.call_later(0.01, self._resume_accepting, loop)

    def _resume_accepting(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._listener.fileno() >= 0:
            loop.add_reader(self._listener, self._accept)

    async def _drain(self) -> None:
        """Not ready first; the port closes after the delay; then workers answer what they have and end."""
        for worker in self._workers:
            worker.channel.send(drain=True)
        await asyncio.sleep(self._settings.drain_delay)
        self._accept()
        asyncio.get_running_loop().remove_reader(self._listener)
        self._listener.close()
        for worker in self._workers:
            worker.channel.send(stop=True)
        asyncio.get_running_loop().call_later(self._settings.drain_seconds + GRACE, self._end)

    def _end(self) -> None:
        for worker in self._workers:
            worker.process.kill()


def _plain(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
