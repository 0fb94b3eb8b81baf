"""The rows that one thread computes together: they join, advance by one chunk, leave when they end, or are parked."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.cells import Array
from service.engine.interface import Memory
from service.engine.session import Chunk, Held, Session, fetched

FRESH = -1


@dataclass(slots=True, eq=False)
class Row:
    """One review on its way: `ids [T]` int64, of which `position` are done whenever it is in no batch.

    A row that brings its own `memory`, as a parked one or a stream does, joins a batch with that. `open` turns false
    once: answered, failed, expired or given up.
    """

    ids: NDArray[np.int64]
    traced: bool = False
    background: bool = False
    memory: Memory | None = None
    keep: bool = False
    submitted: float = 0.0
    future: "asyncio.Future[None] | None" = None
    key: tuple[bool, float, int] = (False, 0.0, 0)
    position: int = 0
    started: float = 0.0
    finished: float = 0.0
    open: bool = True
    error: Exception | None = None
    logits: Array | None = None
    probabilities: Array | None = None
    hidden: list[tuple[Array, ...]] = field(default_factory=list)

    @property
    def answer(self) -> Array:
        """The logits `[C]` of a row that has ended. Raises its `error`."""
        if self.error is not None:
            raise self.error
        assert self.logits is not None
        return self.logits

    @property
    def over_time(self) -> tuple[Array, ...]:
        """The hidden states of a traced row so far, `[t, H]` a layer."""
        return tuple(np.concatenate(layer) for layer in zip(*self.hidden, strict=True))


class Batch:
    """Rows of one model in one thread, and what the network remembers of them: state tensors `[S, ...]`.

    Per row, in the order of `rows`: its next word, how many are left, and its place in the memory (FRESH: none).
    """

    def __init__(self, session: Session) -> None:
        self.rows: list[Row] = []
        self._session = session
        self._memory: Held = session.nothing
        self._position, self.left, self._place = _book([])

    def join(self, rows: Sequence[Row]) -> None:
        """Take rows in; they are computed from the next chunk on."""
        places = [FRESH] * len(rows)
        bringing = [index for index, row in enumerate(rows) if row.memory is not None]
        if bringing:
            memory = fetched(self._memory)
            size = len(memory[0])
            brought = zip(*(rows[index].memory or () for index in bringing), strict=True)
            self._memory = tuple(
                np.concatenate([tensor, np.stack(own)]) for tensor, own in zip(memory, brought, strict=True)
            )
            for place, index in enumerate(bringing, size):
                places[index], rows[index].memory = place, None
        book = _book(
            [(row.position, len(row.ids) - row.position, place) for row, place in zip(rows, places, strict=True)]
        )
        self._set_book(np.concatenate([self._book(), book], axis=1))
        self.rows = [*self.rows, *rows]

    def drop_closed(self) -> None:
        """Take out the rows that nobody waits for any longer."""
        if not all(row.open for row in self.rows):
            self._keep([index for index, row in enumerate(self.rows) if row.open])

    def park(self, rows: Sequence[Row]) -> None:
        """Take rows out; each keeps its own memory, with which it can join any batch of the same model."""
        parted = set(map(id, rows))
        indices = [index for index, row in enumerate(self.rows) if id(row) in parted]
        memory = fetched(self._memory) if indices else ()
        for index in indices:
            row, place = self.rows[index], int(self._place[index])
            row.position = int(self._position[index])
            row.memory = None if place == FRESH else tuple(tensor[place].copy() for tensor in memory)
        self._keep([index for index, row in enumerate(self.rows) if id(row) not in parted])

    def advance(self, steps: int) -> tuple[list[Row], int]:
        """Compute up to `steps` words of every row, of which there is at least one.

        Returns the rows that ended, which have left the batch, and how many words were computed. Where the run fails,
        every row is run alone, so that only the rows at fault carry an `error`.
        """
        lengths = np.minimum(self.left, steps).astype(np.int32)
        try:
            chunk = self._run(lengths)
        except Exception:  # whatever ONNX Runtime raises: one bad row must not fail its batch-mates
            return self._each_alone(steps)
        return self._take(chunk, lengths), int(lengths.sum())

    def _run(self, lengths: NDArray[np.int32]) -> Chunk:
        traced = any(row.traced for row in self.rows)
        return self._session.run(self._token_ids(lengths), lengths, self._place, self._memory, traced=traced)

    def _take(self, chunk: Chunk, lengths: NDArray[np.int32]) -> list[Row]:
        """Write a chunk's results down; the rows that it ended leave."""
        self._memory = chunk.memory
        self._position, self.left = self._position + lengths, self.left - lengths
        self._place = np.arange(len(self.rows))
        if chunk.hidden:
            for index, row in enumerate(self.rows):
                if row.traced:
                    row.hidden.append(tuple(layer[: lengths[index], index].copy() for layer in chunk.hidden))
        indices = np.flatnonzero(self.left == 0).tolist()
        if not indices:
            return []
        ended = [self.rows[index] for index in indices]
        for index, row in zip(indices, ended, strict=True):
            row.logits, row.probabilities = chunk.logits[index], chunk.probabilities[index]
            if row.keep:
                row.memory = tuple(tensor[index].copy() for tensor in fetched(chunk.memory))
        self._keep(np.flatnonzero(self.left).tolist())
        return ended

    def _each_alone(self, steps: int) -> tuple[list[Row], int]:
        rows, ended, computed = self.rows, list[Row](), 0
        self.park(rows)
        for row in rows:
            alone = Batch(self._session)
            alone.join([row])
            lengths = np.minimum(alone.left, steps).astype(np.int32)
            try:
                ended += alone._take(alone._run(lengths), lengths)
                computed += int(lengths[0])
            except Exception as error:  # handed to whoever waits for this row
                row.error = error
                ended.append(row)
            else:
                alone.park(alone.rows)
        self.join([row for row in rows if row not in ended])
        return ended, computed

    def _token_ids(self, lengths: NDArray[np.int32]) -> NDArray[np.int64]:
        """The next words of every row, `[T, B]`, padded with zeros to the longest."""
        steps = int(lengths.max())
        pieces = [row.ids[at : at + steps] for row, at in zip(self.rows, self._position.tolist(), strict=True)]
        for index in np.flatnonzero(lengths < steps).tolist():
            pieces[index] = np.concatenate([pieces[index], np.zeros(steps - lengths[index], np.int64)])
        return np.ascontiguousarray(np.concatenate(pieces).reshape(len(pieces), steps).T)

    def _book(self) -> NDArray[np.int64]:
        return np.array([self._position, self.left, self._place])

    def _set_book(self, book: NDArray[np.int64]) -> None:
        self._position, self.left, self._place = book

    def _keep(self, indices: list[int]) -> None:
        self.rows = [self.rows[index] for index in indices]
        self._set_book(self._book()[:, indices])


def _book(rows: list[tuple[int, int, int]]) -> NDArray[np.int64]:
    return np.array(rows, np.int64).reshape(-1, 3).T
