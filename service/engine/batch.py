"""The rows that one thread computes together: they join, advance by one chunk, leave when they end, or are parked."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.cells import Array
from service.engine.interface import Memory
from service.engine.session import Chunk, Session

FRESH = -1


@dataclass(slots=True, eq=False)
class Row:
    """One review on its way: `ids [T]` int64, and how far it has come.

    `source` is its row in the batch's memory after the last chunk, or FRESH. A row that brings its own `memory`, as a
    parked one or a stream does, joins with that. `open` turns false once: answered, failed, expired or given up.
    `charged` is how many of its words the queue still counts as work to do.
    """

    ids: NDArray[np.int64]
    traced: bool = False
    background: bool = False
    memory: Memory | None = None
    keep: bool = False
    submitted: float = 0.0
    future: "asyncio.Future[object] | None" = None
    key: tuple[bool, float, int] = (False, 0.0, 0)
    position: int = 0
    source: int = FRESH
    charged: int = 0
    started: float = 0.0
    finished: float = 0.0
    open: bool = True
    error: Exception | None = None
    logits: Array | None = None
    probabilities: Array | None = None
    hidden: list[tuple[Array, ...]] = field(default_factory=list)

    @property
    def left(self) -> int:
        """Words still to be computed."""
        return len(self.ids) - self.position

    @property
    def ended(self) -> bool:
        """Whether nothing is left to compute, or nothing can be."""
        return self.position == len(self.ids) or self.error is not None


class Batch:
    """Rows of one model in one thread, and what the network remembers of them: state tensors `[S, ...]`."""

    def __init__(self, session: Session) -> None:
        self.rows: list[Row] = []
        self._session = session
        self._memory = session.nothing

    def left(self) -> NDArray[np.int64]:
        """How many words each row still has, `[B]`."""
        return np.array([row.left for row in self.rows])

    def drop_closed(self) -> None:
        """Take out the rows that nobody waits for any longer."""
        if not all(row.open for row in self.rows):
            self.rows = [row for row in self.rows if row.open]

    def park(self, rows: Sequence[Row]) -> None:
        """Take rows out; each keeps its own memory, with which it can join any batch of the same model."""
        begun = [row for row in rows if row.source != FRESH]
        if begun:
            sources = [row.source for row in begun]
            taken = [tensor[sources] for tensor in self._memory]
            for index, row in enumerate(begun):
                row.memory, row.source = tuple(tensor[index] for tensor in taken), FRESH
        parked = set(map(id, rows))
        self.rows = [row for row in self.rows if id(row) not in parked]

    def advance(self, steps: int) -> tuple[list[Row], int]:
        """Compute up to `steps` words of every row, of which there is at least one.

        Returns the rows that ended, which have left the batch, and how many words were computed. Where the run fails,
        every row is run alone, so that only the rows at fault carry an `error`.
        """
        rows = self.rows
        try:
            lengths = self._run(rows, steps)
        except Exception:  # whatever ONNX Runtime raises: one bad row must not fail its batch-mates
            lengths = self._each_alone(steps)
        ended = [row for row in rows if row.ended]
        if ended:
            self.rows = [row for row in rows if not row.ended]
        return ended, lengths

    def _run(self, rows: Sequence[Row], steps: int) -> int:
        lengths = [min(row.left, steps) for row in rows]
        self._admit_memories(rows)
        chunk = self._session.run(
            _token_ids(rows, lengths),
            np.array(lengths, np.int32),
            np.array([row.source for row in rows]),
            self._memory,
            traced=any(row.traced for row in rows),
        )
        self._memory = chunk.memory
        for index, (row, length) in enumerate(zip(rows, lengths, strict=True)):
            row.source = index
            row.position += length
            if row.traced:
                row.hidden.append(tuple(layer[:length, index].copy() for layer in chunk.hidden))
            if row.position == len(row.ids):
                _finish(row, chunk, index)
        return sum(lengths)

    def _admit_memories(self, rows: Sequence[Row]) -> None:
        """Put the memories that rows bring behind those of the batch."""
        bringing = [row for row in rows if row.memory is not None]
        if not bringing:
            return
        size = len(self._memory[0])
        brought = zip(*(row.memory for row in bringing if row.memory is not None), strict=True)
        self._memory = tuple(
            np.concatenate([tensor, np.stack(own)]) for tensor, own in zip(self._memory, brought, strict=True)
        )
        for index, row in enumerate(bringing):
            row.source, row.memory = size + index, None

    def _each_alone(self, steps: int) -> int:
        rows, computed = self.rows, 0
        self.park(rows)
        self.rows = rows
        for row in rows:
            self._memory = self._session.nothing
            try:
                computed += self._run([row], steps)
                if not row.ended:
                    row.memory, row.source = tuple(tensor[0] for tensor in self._memory), FRESH
            except Exception as error:  # handed to whoever waits for this row
                row.error = error
        self._memory = self._session.nothing
        return computed


def _token_ids(rows: Sequence[Row], lengths: Sequence[int]) -> NDArray[np.int64]:
    """The next words of every row, `[T, B]`, padded with zeros to the longest."""
    token_ids = np.zeros((len(rows), max(lengths)), np.int64)
    for index, (row, length) in enumerate(zip(rows, lengths, strict=True)):
        token_ids[index, :length] = row.ids[row.position : row.position + length]
    return np.ascontiguousarray(token_ids.T)


def _finish(row: Row, chunk: Chunk, index: int) -> None:
    row.logits, row.probabilities = chunk.logits[index], chunk.probabilities[index]
    if row.keep:
        row.memory = tuple(tensor[index].copy() for tensor in chunk.memory)
