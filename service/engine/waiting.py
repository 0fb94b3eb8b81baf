"""Which row is computed next: fair between short and long reviews, and background work behind both.

Rows go in the order in which they would end if all of them shared the machine equally at every moment (the fair
sojourn protocol, Friedman and Henderson 2003). A short fresh review passes long ones; a long one is never passed by
what comes later than its own share of the work done, so nothing starves.
"""

import heapq
import time

from service.engine.batch import Batch, Row

BACKGROUND_SHARE = 4
"""One in so many rows of a batch may be background work while other work is there."""


class Waiting:
    """The accepted rows of one model, in batches or not. Not thread-safe: the engine's lock guards it."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.rows = 0
        self.urgent_cells = 0
        """Words still to compute that are no background work."""
        self._background_cells = 0
        self._interactive = 0
        self._heap: list[tuple[tuple[bool, float, int], Row]] = []
        self._clock = 0.0
        self._count = 0

    @property
    def cells(self) -> int:
        """Words still to compute."""
        return self.urgent_cells + self._background_cells

    def add(self, row: Row) -> None:
        """Accept a row; its place is where it would end under equal shares."""
        self._count += 1
        row.key = (row.background, self._clock + len(row.ids), self._count)
        heapq.heappush(self._heap, (row.key, row))
        self.rows += 1
        self._interactive += not row.background
        self._charge(row, row.left)

    def leave(self, row: Row) -> None:
        """A row is answered, failed, expired or given up: called once a row."""
        row.open = False
        self.rows -= 1
        self._interactive -= not row.background
        self._charge(row, 0)

    def computed(self, rows: list[Row]) -> None:
        """These rows have come further: everybody's share of that work passes on the clock."""
        before = self.cells
        for row in rows:
            if row.open:
                self._charge(row, row.left)
        self._clock += (before - self.cells) / max(1, self.rows)

    def any(self) -> bool:
        """Whether a row waits to join a batch."""
        return self._first() is not None

    def urgent(self) -> bool:
        """Whether there is anything but background work."""
        return self._interactive > 0

    def fill(self, batch: Batch, threads: int) -> bool:
        """Bring `batch` up to date: out with rows nobody waits for, in with the next ones, as many as is its share.

        Returns whether rows are left for other threads.
        """
        batch.drop_closed()
        share = min(self.capacity, -(-self.rows // threads))
        while (row := self._first()) is not None:
            if len(batch.rows) < share:
                if row.background and self._interactive and _background(batch) >= self._spared():
                    break
            elif len(batch.rows) >= self.capacity and row.key < (last := max(batch.rows, key=_key)).key:
                self._park(batch, [last])
            else:
                break
            heapq.heappop(self._heap)
            batch.rows.append(row)
            row.started = row.started or time.monotonic()
        if self._interactive and (excess := _background(batch) - self._spared()) > 0:
            self._park(batch, sorted((row for row in batch.rows if row.background), key=_key)[-excess:])
        return self.any()

    def _charge(self, row: Row, cells: int) -> None:
        if row.background:
            self._background_cells += cells - row.charged
        else:
            self.urgent_cells += cells - row.charged
        row.charged = cells

    def _first(self) -> Row | None:
        while self._heap and not self._heap[0][1].open:
            heapq.heappop(self._heap)
        return self._heap[0][1] if self._heap else None

    def _park(self, batch: Batch, rows: list[Row]) -> None:
        batch.park(rows)
        for row in rows:
            heapq.heappush(self._heap, (row.key, row))

    def _spared(self) -> int:
        return max(1, self.capacity // BACKGROUND_SHARE)


def _key(row: Row) -> tuple[bool, float, int]:
    return row.key


def _background(batch: Batch) -> int:
    return sum(row.background for row in batch.rows)
