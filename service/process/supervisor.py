"""Several worker processes on one port, and what there must be one of: the port, what is served, the metrics.

The supervisor accepts connections and hands each to the worker with the fewest: where workers accept for themselves,
one of two gets most of 32 connections and the other core idles. It loads no model and answers no client.
"""

import asyncio
import contextlib
import secrets
import signal
import socket
import time
from collections.abc import Callable, Coroutine, Mapping, Sized
from typing import Any

import structlog
from pydantic import SecretStr

from models.bundle.served_versions import ServedVersions
from service.api.sequences import Sequences
from service.cores import available_cores, split_cores
from service.errors import NotReady, ServiceError
from service.metrics.service_metrics import ServiceMetrics
from service.process.channel import Message
from service.process.dispatcher import Dispatcher
from service.process.listener import open_listener, print_banner
from service.process.worker_process import Result, WorkerProcess, start_worker
from service.settings import Settings

log = structlog.get_logger("gatescope")

SHORT_LIFE = 10.0
SHORTEST_PAUSE = 0.25
LONGEST_PAUSE = 10.0
GRACE = 5.0


def run(settings: Settings) -> int:
    """Serve until a stop signal, finish what was accepted, and return the exit code. Raises `OSError` for the port."""
    settings = _with_state_key(split_cores(settings, available_cores()))
    with open_listener(settings) as listener:
        try:
            return _serve(settings, listener)
        finally:
            if settings.uds is not None:
                settings.uds.unlink(missing_ok=True)


def _serve(settings: Settings, listener: socket.socket) -> int:
    if settings.workers > 1:
        return asyncio.run(Supervisor(settings, listener).run())
    from service.process.server import serve  # noqa: PLC0415 - a supervisor stays small: it needs no runtime

    return serve(settings, listener)


def _with_state_key(settings: Settings) -> Settings:
    """Return the settings with a key that the workers share, where none is set."""
    if settings.state_key is not None:
        return settings
    return settings.model_copy(update={"state_key": SecretStr(secrets.token_hex(32))})


class Supervisor:
    """Starts workers, replaces those that die, and stops all in order.

    It owns which versions are served: workers start with them, and one that serves anything else is not ready.
    """

    def __init__(self, settings: Settings, listener: socket.socket) -> None:
        self._settings, self._listener = settings, listener
        self._workers: list[WorkerProcess] = []
        self._dispatcher = Dispatcher(listener, self._workers)
        self._versions: ServedVersions | None = None
        self._changing = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._complete = False
        self._not_ready: dict[int, str] = {}
        self._code = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._sequences = Sequences(settings)
        self._metrics = ServiceMetrics(settings.max_words, self._sequences)

    async def run(self) -> int:
        """Serve from the first worker's start to the last one's end, and return the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        self._dispatcher.start()
        respawning = [asyncio.create_task(self._respawn(number)) for number in range(self._settings.workers)]
        for task in respawning:
            task.add_done_callback(lambda _: self._stopping.set())
        await self._stopping.wait()
        await self._drain()
        await asyncio.gather(*respawning)
        return self._code

    async def _respawn(self, number: int) -> None:
        """Have worker `number` run until the service stops; where it fails at once again and again, wait longer."""
        pause = 0.0
        while not self._stopping.is_set():
            started = time.monotonic()
            ready, code = await self._run_worker(number)
            if self._stopping.is_set() or not (self._complete or ready):
                self._code = self._code or code
                return
            if not ready:
                self._note_ready(number, f"worker {number} can't be started; its last try ended with {code}")
            log.error("worker died and is replaced", worker=number, code=code)
            quick = time.monotonic() - started < SHORT_LIFE
            pause = min(LONGEST_PAUSE, 2 * pause or SHORTEST_PAUSE) if quick else 0.0
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause or 0.01)

    async def _run_worker(self, number: int) -> tuple[bool, int]:
        """Run a worker to its end; return whether it was ever ready, and its exit code: 1 where it did not start."""
        try:
            worker = await start_worker(number, self._settings, self._versions)
        except OSError as error:  # no descriptor, process or memory is left
            log.error("worker can not be started", worker=number, error=error.strerror)
            return False, 1
        worker.channel.send(others=self._why_not_ready())
        self._workers.append(worker)
        async for message in worker.channel.messages():
            self._handle_message(worker, message)
        code = await worker.process.wait()
        self._workers.remove(worker)
        was_ready = worker.ready
        worker.end()
        self._metrics.forget(worker.process.pid)
        return was_ready, code

    def _handle_message(self, worker: WorkerProcess, message: Message) -> None:
        match message:
            case {"started": versions}:
                self._spawn(self._make_ready(worker, versions))
            case {"open": count, "received": received}:
                worker.open = count + worker.sent - received
            case {"measured": measured}:
                self._metrics.add(worker.process.pid, measured)
            case {"metrics": ask, "number": number}:
                self._spawn(self._answer(worker, number, ask))
            case {"sequences": change, "number": number}:
                worker.channel.answer(number, self._change_sequences(change))
            case {"change": change, "fields": fields, "number": number}:
                self._spawn(self._change(worker, change, fields, number))

    async def _answer(self, worker: WorkerProcess, number: int, ask: Callable[[ServiceMetrics], Any]) -> None:
        worker.channel.answer(number, await asyncio.to_thread(ask, self._metrics))

    def _change_sequences(self, change: Callable[[Sequences], str | None]) -> str | ServiceError | None:
        try:
            return change(self._sequences)
        except ServiceError as error:
            return error

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _change(self, asking: WorkerProcess, change: str, fields: Mapping[str, Any], number: int) -> None:
        """Change what is served, one change after another: first in one worker, then the same in all others."""
        error: ServiceError | None = NotReady("no worker process has started")
        async with self._changing:
            for worker in [worker for worker in self._workers if worker.ready]:
                result = await worker.ask(change, self._seconds(fields.get("versions", ())), **fields)
                if result is not None:  # else it has ended: the next one
                    error, versions = result
                    if error is None:
                        self._versions = versions
                        await self._follow(worker)
                    break
        asking.channel.answer(number, error)

    async def _follow(self, leader: WorkerProcess) -> None:
        """Have all other workers serve what the first one serves now; one that can't is not ready until it does."""
        others = [worker for worker in self._workers if worker.ready and worker is not leader]
        results = await asyncio.gather(*map(self._serve, others))
        for worker, result in zip(others, results, strict=True):
            if result is not None and result[1] != self._versions:
                worker.ready = False
                self._spawn(self._make_ready(worker, result[1]))

    async def _serve(self, worker: WorkerProcess) -> Result | None:
        """Have a worker serve what all should; None where it has ended."""
        return await worker.ask("serve", self._seconds(self._versions or ()), versions=self._versions)

    def _seconds(self, models: Sized) -> float:
        """Return how long a change of so many models, and of one more, may take."""
        return self._settings.load_timeout * (1 + len(models)) + GRACE

    async def _make_ready(self, worker: WorkerProcess, versions: ServedVersions) -> None:
        """Have a worker that serves `versions` serve what the others do; where none is ready, that is its own."""
        pause = SHORTEST_PAUSE
        while not worker.ended:
            async with self._changing:
                if not any(other.ready for other in self._workers):
                    self._versions = versions
                if versions != self._versions and (result := await self._serve(worker)) is not None:
                    _, versions = result
                if versions == self._versions and not worker.ended:
                    worker.ready = True
                    self._note_ready(worker.number, "")
                    return
            self._note_ready(worker.number, f"worker {worker.number} can't load what the others serve")
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE, 2 * pause)

    def _note_ready(self, number: int, reason: str) -> None:
        """Note why a worker is not ready, or that it is; tell all workers, and the user once all are."""
        self._not_ready[number] = reason
        began = self._complete
        self._complete = began or sum(worker.ready for worker in self._workers) == self._settings.workers
        for worker in self._workers:
            worker.channel.send(others=self._why_not_ready())
        if self._complete and not began:
            served = [name for name, versions in sorted((self._versions or {}).items()) if versions]
            print_banner(self._listener, served)

    def _why_not_ready(self) -> str:
        if not self._complete:
            return "not every worker process has started"
        return "; ".join(reason for _, reason in sorted(self._not_ready.items()) if reason)

    async def _drain(self) -> None:
        """Be not ready first; close the port after the delay; then have workers answer what they have and end."""
        for worker in self._workers:
            worker.channel.send(drain=True)
        await asyncio.sleep(self._settings.drain_delay)
        self._dispatcher.close()
        for worker in self._workers:
            worker.channel.send(stop=True)
        asyncio.get_running_loop().call_later(self._settings.drain_seconds + GRACE, self._kill)

    def _kill(self) -> None:
        for worker in self._workers:
            worker.process.kill()
