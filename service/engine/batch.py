"""The rows that one thread computes together: they join, advance by one chunk, leave when they end, or are parked."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.network.equations import Array
from models.network.session import FRESH, SESSION_ERRORS, Chunk, DeviceState, Session, State, to_host
from service.engine.interface import Answer


@dataclass(slots=True, eq=False)
class Row:
    """One review on its way: `ids [T]` int64, of which `position` are done whenever it is in no batch.

    A row that brings its own `state`, as a parked one or a stream does, joins a batch with that: one row of what the
    session keeps. `open` turns false once: answered, failed, expired or given up.
    """

    ids: NDArray[np.int64]
    traced: bool = False
    background: bool = False
    state: State | None = None
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
    hidden: list[list[Array]] = field(default_factory=list)
    values: list[list[Array]] = field(default_factory=list)

    @property
    def answer(self) -> Array:
        """Return the logits `[C]` of a row that has ended. Raises its `error`."""
        if self.error is not None:
            raise self.error
        assert self.logits is not None
        return self.logits

    def answered(self, state: State | None) -> Answer:
        """Return what the network says of a row that has ended; `state` is what a stream goes on from."""
        assert self.logits is not None and self.probabilities is not None
        hidden = _joined(self.hidden, 0) if self.traced else None
        queue, compute = self.started - self.submitted, self.finished - self.started
        return Answer(self.logits, self.probabilities, queue, compute, hidden, state, _joined(self.values, 1))

    def keep_over_time(self, chunk: Chunk, index: int, length: int) -> None:
        """Keep the hidden states and the values of a traced row that is at `index` of a chunk, `length` words."""
        self.hidden.append([np.ascontiguousarray(layer[:length, index]) for layer in chunk.hidden])
        self.values.append([np.ascontiguousarray(layer[:, :length, index]) for layer in chunk.values])


class Batch:
    """Rows of one model in one thread, and what the network remembers of them: state tensors `[S, ...]`.

    `left` is how many words are left of each row. Which row of the state is whose is where each stood in the last run,
    or FRESH for none.
    """

    def __init__(self, session: Session) -> None:
        self.rows: list[Row] = []
        self.left: list[int] = []
        self._state_rows: list[int] = []
        self._session = session
        self._state: DeviceState = session.empty_state

    def join(self, rows: Sequence[Row]) -> None:
        """Take rows in; they are computed from the next chunk on."""
        self.rows = [*self.rows, *rows]
        self.left += [len(row.ids) - row.position for row in rows]
        self._state_rows += [FRESH] * len(rows)
        bringing = [index for index, row in enumerate(self.rows) if row.state is not None]
        if bringing:
            self._bring(bringing)

    def _bring(self, indices: list[int]) -> None:
        """Put the state that rows have of their own behind that of the others."""
        state = to_host(self._state)
        brought = zip(*(self.rows[index].state or () for index in indices), strict=True)
        self._state = tuple(np.concatenate([tensor, np.stack(own)]) for tensor, own in zip(state, brought, strict=True))
        for state_row, index in enumerate(indices, len(state[0])):
            self._state_rows[index], self.rows[index].state = state_row, None

    def drop_closed(self) -> None:
        """Take out the rows that nobody waits for any longer."""
        if not all(row.open for row in self.rows):
            self._keep([index for index, row in enumerate(self.rows) if row.open])

    def park(self, rows: Sequence[Row]) -> None:
        """Take rows out; each keeps its own state, with which it can join any batch of the same model."""
        parted = set(map(id, rows))
        indices = [index for index, row in enumerate(self.rows) if id(row) in parted]
        state = to_host(self._state) if indices else ()
        for index in indices:
            row, state_row = self.rows[index], self._state_rows[index]
            row.position = len(row.ids) - self.left[index]
            row.state = None if state_row == FRESH else tuple(tensor[state_row].copy() for tensor in state)
        self._keep([index for index, row in enumerate(self.rows) if id(row) not in parted])

    def advance(self, steps: int) -> tuple[list[Row], int]:
        """Compute up to `steps` words of every row, of which there is at least one.

        Returns the rows that ended, which have left the batch, and how many words were computed. Where the run fails,
        every row is run alone, so that only the rows at fault carry an `error`.
        """
        lengths = [min(left, steps) for left in self.left]
        try:
            chunk = self._run(lengths)
        except SESSION_ERRORS:
            return self._each_alone(steps)
        return self._take(chunk, lengths), sum(lengths)

    def _run(self, lengths: list[int]) -> Chunk:
        traced = any(row.traced for row in self.rows)
        words = [
            row.ids[len(row.ids) - left : len(row.ids) - left + length]
            for row, left, length in zip(self.rows, self.left, lengths, strict=True)
        ]
        return self._session.run(words, np.array(self._state_rows, np.int64), self._state, traced=traced, values=traced)

    def _take(self, chunk: Chunk, lengths: list[int]) -> list[Row]:
        """Write a chunk's results down; the rows that it ended leave."""
        ended, going = list[Row](), list[int]()
        logits, probabilities = list(chunk.logits), list(chunk.probabilities)
        for index, (row, left, length) in enumerate(zip(self.rows, self.left, lengths, strict=True)):
            if row.traced:
                row.keep_over_time(chunk, index, length)
            if left > length:
                going.append(index)
                continue
            row.logits, row.probabilities = logits[index], probabilities[index]
            if row.keep:
                row.state = tuple(tensor[index].copy() for tensor in to_host(chunk.state))
            ended.append(row)
        self.rows = [self.rows[index] for index in going]
        self.left = [self.left[index] - lengths[index] for index in going]
        self._state_rows, self._state = going, chunk.state
        return ended

    def _each_alone(self, steps: int) -> tuple[list[Row], int]:
        rows, ended, computed = self.rows, list[Row](), 0
        self.park(rows)
        for row in rows:
            alone = Batch(self._session)
            alone.join([row])
            lengths = [min(alone.left[0], steps)]
            try:
                ended += alone._take(alone._run(lengths), lengths)
                computed += lengths[0]
            except SESSION_ERRORS as error:
                row.error = error
                ended.append(row)
            else:
                alone.park(alone.rows)
        self.join([row for row in rows if row not in ended])
        return ended, computed

    def _keep(self, indices: list[int]) -> None:
        self.rows = [self.rows[index] for index in indices]
        self.left = [self.left[index] for index in indices]
        self._state_rows = [self._state_rows[index] for index in indices]


def _joined(pieces: list[list[Array]], axis: int) -> tuple[Array, ...]:
    """Return what was kept of each layer, the pieces of all chunks joined along time."""
    layers = zip(*pieces, strict=True)
    return tuple(layer[0] if len(layer) == 1 else np.concatenate(layer, axis) for layer in layers)
