"""The in-flight engine: reviews join and leave running batches at chunk boundaries.

It computes on threads of its own, or, where it has none, on the event loop that reviews come from, one chunk at a time
in turn with everything else that the loop does: a review then wakes no thread, and on one core nothing is lost.
"""

import asyncio
import contextlib
import math
import threading
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.bundle.files import Bundle
from models.network.session import State
from service.engine.batch import Batch, Row
from service.engine.interface import Answer, EngineSettings, Observer, QueueState, Unobserved
from service.engine.model import Model
from service.errors import DeadlinePassed, Draining, Overloaded

BYTES_A_WORD = 5
Ids = NDArray[np.int64]


class Engine:
    """Computes the answers of every model of one process. `load` and `unload` block, the rest does not."""

    def __init__(self, settings: EngineSettings, observe: Observer | None = None) -> None:
        self.settings = settings
        self.concurrency = max(1, settings.threads)
        """Chunks that can be computed at the same time: the threads, or the event loop."""
        self._computing = [False] * self.concurrency
        self._observe = observe or Unobserved()
        self._models: list[Model] = []
        self._changed = threading.Condition()
        self._draining = self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._on_loop: dict[Model, Batch] = {}
        self._accepted = 0
        self._threads = [
            threading.Thread(target=self._work, args=[number], name=f"engine-{number}", daemon=True)
            for number in range(settings.threads)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def busy(self) -> int:
        """Return how many threads compute at this moment; an event loop that computes counts as one."""
        return sum(self._computing)

    def load(self, bundle: Bundle) -> Model:
        """Open a bundle, check its golden answers, warm it up, and serve it. Raises `InvalidBundle`."""
        model = Model.load(bundle, self.settings)
        with self._changed:
            model.used = min((other.used for other in self._models), default=0.0)
            self._models.append(model)
        return model

    def unload(self, model: Model) -> None:
        """Give a model up once its accepted rows are answered."""
        with self._changed:
            self._changed.wait_for(lambda: model.scheduler.rows == 0)
            self._models.remove(model)

    def admit(self, model: Model, bytes_of_text: int) -> None:
        """Raise `Overloaded` where the work accepted so far leaves no room for a text of that many bytes."""
        self._require_room(model, bytes_of_text // BYTES_A_WORD)

    def queue(self, model: Model) -> QueueState:
        """Return what is accepted for one model and not answered yet."""
        scheduler = model.scheduler
        return QueueState(scheduler.rows, scheduler.tokens, model.seconds(scheduler.tokens) / self.concurrency)

    async def submit(
        self,
        model: Model,
        ids: Ids,
        *,
        deadline: float | None = None,
        traced: bool = False,
        background: bool = False,
        state: State | None = None,
        keep: bool = False,
    ) -> Answer:
        """Return the answer to one review, `ids [T]` with T >= 1; a task that is cancelled here frees its row.

        `deadline` is on the clock of `time.monotonic`. `background` work lets all other work pass. A stream goes on
        from the `state` of the answer before, which has one where `keep` is set. Raises `Overloaded`,
        `DeadlinePassed`, `Draining`, or what the session raises for this row alone.
        """
        if not len(ids):
            raise ValueError("a review needs a word")
        loop, now = asyncio.get_running_loop(), time.monotonic()
        imported = None if state is None else model.session.import_state(state)
        row = Row(ids, traced, background, imported, keep, now, loop.create_future())
        self._accept(model, row, deadline)
        if not self._threads:
            self._compute_on(loop)
        timer = None if deadline is None else loop.call_later(deadline - now, self._expire, model, row)
        try:
            await row.future  # type: ignore[misc]
        except asyncio.CancelledError:
            if self._remove(model, row):
                self._observe.unanswered(model.name, model.version, "cancelled")
            raise
        finally:
            if timer is not None:
                timer.cancel()
            if row.error is not None:
                self._observe.unanswered(model.name, model.version, "error")
        return row.answered(model.session.export_state(row.state) if keep and row.state else None)

    async def drain(self) -> None:
        """Accept nothing more, and return when everything accepted is answered."""
        self._draining = True
        while any(model.scheduler.rows for model in self._models):
            await asyncio.sleep(0.005)

    def close(self) -> None:
        """End the threads; rows that are left are never answered."""
        with self._changed:
            self._draining = self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _accept(self, model: Model, row: Row, deadline: float | None) -> None:
        if self._draining:
            raise Draining
        if deadline is not None and deadline <= row.submitted:
            self._observe.unanswered(model.name, model.version, "expired")
            raise DeadlinePassed
        if not row.background:
            self._require_room(model, len(row.ids))
        with self._changed:
            if not model.scheduler.rows:
                model.used = max(model.used, min((m.used for m in self._models if m.scheduler.rows), default=0.0))
            model.scheduler.add(row)
            self._accepted += 1
            if self._threads:
                self._changed.notify()

    def _require_room(self, model: Model, tokens: int) -> None:
        queued = sum(m.seconds(m.scheduler.foreground_tokens) for m in self._models) / self.concurrency
        added = model.seconds(tokens) / self.concurrency
        if queued and queued + added > self.settings.queue_seconds:
            self._observe.unanswered(model.name, model.version, "rejected")
            after = max(1, math.ceil(queued))
            raise Overloaded(f"try again in {after} s", retry_after=after)

    def _expire(self, model: Model, row: Row) -> None:
        if self._remove(model, row) and row.future is not None:
            self._observe.unanswered(model.name, model.version, "expired")
            row.future.set_exception(DeadlinePassed())

    def _remove(self, model: Model, row: Row) -> bool:
        """Close a row that nobody waits for; false where it was closed before."""
        with self._changed:
            if not row.open:
                return False
            model.scheduler.remove(row)
            self._changed.notify_all()
            return True

    def _work(self, number: int) -> None:
        """Compute on an engine thread: the next model's batch, one chunk, again; asleep where there is no work."""
        batches: dict[Model, Batch] = {}
        while (model := self._wait(batches)) is not None:
            self._computing[number] = True
            self._run_chunk(model, batches)
            self._computing[number] = False

    def _compute_on(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have the event loop compute until there is no work. A loop that ended before its rows did counts no more."""
        if self._loop is not loop:
            self._loop = loop
            self._computing[0] = True
            loop.call_soon(self._yield_to_loop)

    def _yield_to_loop(self) -> None:
        """Let the loop go round once between two chunks: what came during the last is submitted before the next."""
        loop = asyncio.get_running_loop()
        loop.call_soon(self._step, self._accepted, loop.time() + self.settings.seconds_a_chunk)

    def _step(self, accepted: int, limit: float) -> None:
        """Compute on the event loop: the next model's batch, one chunk.

        First it goes round again while every round brings reviews for which there is room, until `limit` at most.
        """
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            return
        with self._changed:
            model = self._next(self._on_loop)
        if model is None:
            self._loop, self._computing[0] = None, False
        elif self._accepted > accepted and model.scheduler.has_room and loop.time() < limit:
            loop.call_soon(self._step, self._accepted, limit)
        else:
            self._run_chunk(model, self._on_loop)
            loop.call_soon(self._yield_to_loop)

    def _run_chunk(self, model: Model, batches: dict[Model, Batch]) -> None:
        """Compute one chunk of a model's batch; `batches` are those with rows left."""
        batch = batches.pop(model, None) or Batch(model.session)
        try:
            with self._changed:
                if model.scheduler.fill(batch, self.concurrency):
                    self._changed.notify()
            if batch.rows:
                self._advance(model, batch)
        except Exception as error:  # a fault of the engine's own fails these rows, and nothing else
            self._fail(model, batch, error)
        if batch.rows:
            batches[model] = batch

    def _wait(self, batches: dict[Model, Batch]) -> Model | None:
        """Return the model whose turn it is, once there is one; None where the engine is closed and has no work."""
        with self._changed:
            while (model := self._next(batches)) is None and not self._closed:
                self._changed.wait()
            return model

    def _next(self, batches: dict[Model, Batch]) -> Model | None:
        """Return the model that has had the least of the machine among those with work here; foreground work first."""
        ready = [model for model in self._models if model in batches or model.scheduler.any()]
        return min(ready, key=lambda model: (not model.scheduler.foreground_rows, model.used), default=None)

    def _advance(self, model: Model, batch: Batch) -> None:
        rows, began = batch.rows, time.monotonic()
        steps, predicted = model.cost.choose(batch.left)
        ended, computed = batch.advance(steps)
        now = time.monotonic()
        with self._changed:
            model.ran(predicted, now - began)
            model.scheduler.computed(computed)
            answered = [row for row in ended if row.open]
            for row in answered:
                row.finished = now
                model.scheduler.remove(row)
            if not model.scheduler.rows:
                self._changed.notify_all()
        self._resolve(answered)
        tokens = len(rows) * steps if model.session.pads else computed
        self._observe.batch(model.name, model.version, len(rows), computed, tokens, now - began)

    def _fail(self, model: Model, batch: Batch, error: Exception) -> None:
        """Answer every row of a batch with an error."""
        with self._changed:
            failed, batch.rows = [row for row in batch.rows if row.open], []
            for row in failed:
                row.error = error
                model.scheduler.remove(row)
            self._changed.notify_all()
        self._resolve(failed)

    def _resolve(self, rows: Sequence[Row]) -> None:
        """Wake the tasks that wait for these rows: one call a loop, whatever their number."""
        by_loop: dict[asyncio.AbstractEventLoop, list[Row]] = {}
        for row in rows:
            if row.future is not None:
                by_loop.setdefault(row.future.get_loop(), []).append(row)
        for loop, theirs in by_loop.items():
            if loop is self._loop:
                _wake(theirs)
                continue
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any longer
                loop.call_soon_threadsafe(_wake, theirs)


def _wake(rows: Sequence[Row]) -> None:
    for row in rows:
        if row.future is None or row.future.done():
            continue
        if row.error is None:
            row.future.set_result(None)
        else:
            row.future.set_exception(row.error)
