"""One streamed batch: lines come in, go through the engine a window at a time, and leave in their order.

One task reads and starts rows, one gathers answers in order into a spool, one sends, and one ends the stream of a
client that does nothing. The window holds the reader back where the engine is slow. A client that reads slowly is held
back through its socket; one that reads nothing before it has sent everything is not: its answers wait in the spool.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple

import structlog
from litestar.types import Receive, Send

from models.reviews.records import Record
from service.api.batch.formats import BatchOptions, Form, Tally
from service.api.batch.spool import Spool, SpoolFull
from service.api.context import AppContext
from service.api.problems import ClientGone, Internal, RequestTimeout, problem_of
from service.engine import Model
from service.errors import Draining, Malformed, ServiceError, TooLarge, too_large, where

log = structlog.get_logger("gatescope")


GONE = "the client went away before it had everything"
WINDOW = 256
WINDOW_BYTES = 8 * 2**20
"""Most rows, and most bytes of rows, that are being classified at once."""
FULL_SHARE = 0.25
STALL_SECONDS = 0.5
"""Where the spool is so full, nothing more is read from a client that takes some of it within so many seconds."""
PAUSE = 0.001
"""Seconds between two rows while predictions that are no batch are under way; without them the loop goes round once."""

Line = tuple[bytes, str | None]
"""What goes out for a row, and its label where it has one."""


class _PendingRow(NamedTuple):
    record: Record
    task: asyncio.Task[Line]

    @property
    def size(self) -> int:
        content = self.record.content
        return len(content) if isinstance(content, bytes) else sum(map(len, content or ()))


class Stream:
    """Answers one request: `run` returns when everything is sent or the client has gone."""

    def __init__(
        self, context: AppContext, form: Form, chosen: BatchOptions, counted: bool, receive: Receive, send: Send
    ) -> None:
        self._context, self._form, self._chosen, self._counted = context, form, chosen, counted
        self._receive, self._send = receive, send
        self._spool = Spool(context.settings.max_spool_bytes)
        self._held_back_at = int(FULL_SHARE * context.settings.max_spool_bytes)
        self._rows: asyncio.Queue[_PendingRow | ServiceError | None] = asyncio.Queue(WINDOW)
        self._open: set[asyncio.Task[Line]] = set()
        self._bytes, self._room = 0, asyncio.Event()
        self._tally, self._stalled_at, self._ended = Tally(), -1, False
        self._received = 0

    async def run(self) -> None:
        """Raises what is wrong before the first byte is sent: an unknown model, a header without the text."""
        model = self._context.catalog.find(self._chosen.model, self._chosen.version)
        records = self._records()
        begun = await self._head(records, model)
        try:
            async with asyncio.TaskGroup() as group:
                others = self._read(begun, records), self._gather(), self._end_idle()
                tasks = [group.create_task(work) for work in others]
                await self._send_all()
                for task in tasks:
                    task.cancel()
        except* ClientGone:
            log.info("client left its batch", rows=self._tally.rows)
        finally:
            for row in self._open:
                row.cancel()
            self._spool.discard()

    async def _head(self, records: AsyncIterator[Sequence[Record]], model: Model) -> Sequence[Record]:
        """Put what goes out first into the spool; return the rows that came before it was known."""
        begun: Sequence[Record] = ()
        while (head := self._form.head(model)) is None:
            begun = await anext(records)
        self._spool.append(head)
        return begun

    async def _records(self) -> AsyncIterator[Sequence[Record]]:
        """Yield the rows of every piece that the client sends, as far as the spool lets it.

        Raises `ClientGone`, and `Malformed` where the table is none.
        """
        more = True
        while more:
            await self._hold_back()
            message: Any = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone(GONE)
            self._received += 1
            yield list(self._form.feed(message["body"]))
            more = message.get("more_body", False)
        yield list(self._form.end())

    async def _hold_back(self) -> None:
        """Wait while plenty waits for a client that reads; one that took nothing for a while is let write."""
        while self._spool.size > self._held_back_at and self._stalled_at != self._spool.taken and not self._ended:
            before = self._spool.taken
            await asyncio.sleep(STALL_SECONDS)
            if self._spool.taken == before:
                self._stalled_at = before

    async def _read(self, begun: Sequence[Record], records: AsyncIterator[Sequence[Record]]) -> None:
        """Start the rows; what comes after the stream's end is thrown away."""
        try:
            await self._start_all(begun)
            async for some in records:
                await self._start_all(some)
        except Malformed as error:
            await self._rows.put(error)
        await self._rows.put(None)
        while True:
            message: Any = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone(GONE)

    async def _start_all(self, records: Sequence[Record]) -> None:
        for record in records:
            if self._ended:
                return
            if self._context.draining:
                await self._rows.put(Draining(f"nothing is answered from line {record.line} on"))
                return
            await self._start(record)
            await asyncio.sleep(PAUSE if self._others_wait() else 0)

    def _others_wait(self) -> bool:
        return any(model.scheduler.foreground_rows for model in self._context.catalog)

    async def _start(self, record: Record) -> None:
        row = _PendingRow(record, asyncio.create_task(self._line(record)))
        self._open.add(row.task)
        row.task.add_done_callback(self._open.discard)
        self._bytes += row.size
        await self._rows.put(row)
        while self._bytes > WINDOW_BYTES:
            self._room.clear()
            await self._room.wait()

    async def _gather(self) -> None:
        """Move answers to the spool in the order of their rows, then what ends the stream."""
        while (row := await self._rows.get()) is not None:
            if isinstance(row, ServiceError):
                self._end(self._form.error(self._tally.rows + 1, None, problem_of(row)))
                continue
            if not self._ended:
                await self._add(row)
            self._bytes -= row.size
            self._room.set()
        self._end(self._form.summary(self._tally))

    async def _add(self, row: _PendingRow) -> None:
        content, label = await row.task
        try:
            await self._spool.put(content)
        except SpoolFull as error:
            reason = f"{error}: nothing is answered from line {row.record.line} on"
            self._end(self._form.error(row.record.line, None, problem_of(TooLarge(reason))))
            for task in self._open:
                task.cancel()
        else:
            self._tally.answered(label)

    async def _end_idle(self) -> None:
        """End the stream of a client that does nothing. Raises `ClientGone` where it does not read that either."""
        seconds = self._context.settings.stream_idle_seconds
        await self._wait_until_idle(seconds)
        reason = f"nothing came or was read for {seconds:g} s: nothing is answered from here on"
        self._end(self._form.error(self._tally.rows + 1, None, problem_of(RequestTimeout(reason))))
        await self._wait_until_idle(seconds)
        raise ClientGone(GONE)

    async def _wait_until_idle(self, seconds: float) -> None:
        """Return once the client has sent and read nothing for so long, and it is not waiting for answers."""
        before = None
        while before != (now := (self._received, self._spool.taken)) or (self._open and not self._spool.size):
            before = now
            await asyncio.sleep(seconds)

    def _end(self, last: bytes) -> None:
        """Put the stream's last line into the spool, once."""
        if not self._ended:
            self._ended = True
            self._spool.append(last)
            self._spool.close()

    async def _send_all(self) -> None:
        headers = [(b"content-type", self._form.media_type)]
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        while content := await self._spool.take():
            await self._send({"type": "http.response.body", "body": content, "more_body": True})
            self._spool.taken += len(content)
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _line(self, record: Record) -> Line:
        try:
            if record.content is None:
                raise too_large("a text", self._context.settings.max_text_bytes)
            asked = self._form.asked(record)
            model = self._context.catalog.find(*self._chosen.model_for(asked))
            predict = self._context.predictor.predict
            prediction = await predict(model, asked.text, background=True, counted=self._counted)
            return self._form.answer(record, prediction), prediction.label
        except Exception as error:  # whatever goes wrong with one row, the others are answered
            problem = problem_of(error)
            if isinstance(problem.error, Internal):
                log.error("unhandled error in a batch", error=type(error).__name__, at=where(error))
            return self._form.error(record.line, record, problem), None
