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


class Scheduler:
    """The accepted rows of one model, in batches or not. Not thread-safe: the engine's lock guards it.

    Words count as work to do until their review is answered: what running rows have done already is a few chunks.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.rows = self.foreground_rows = 0
        self.tokens = self.foreground_tokens = 0
        self._heap: list[tuple[bool, float, int, Row]] = []
        self._clock = 0.0
        self._count = 0

    def add(self, row: Row) -> None:
        """Accept a row; its place is where it would end under equal shares."""
        self._count += 1
        row.key = (row.background, self._clock + len(row.ids), self._count)
        heapq.heappush(self._heap, (*row.key, row))
        self._tally(1, len(row.ids), background=row.background)

    def remove(self, row: Row) -> None:
        """Close a row that is answered, failed, expired or given up; called once a row."""
        row.open = False
        self._tally(-1, -len(row.ids), background=row.background)

    def computed(self, tokens: int) -> None:
        """Advance the clock by the share of every row in `tokens` words that were computed."""
        self._clock += tokens / max(1, self.rows)

    def _tally(self, rows: int, tokens: int, *, background: bool) -> None:
        self.rows += rows
        self.tokens += tokens
        if not background:
            self.foreground_rows += rows
            self.foreground_tokens += tokens

    @property
    def has_room(self) -> bool:
        """Return whether all rows there are leave room for more in one batch."""
        return self.rows < self.capacity

    def any(self) -> bool:
        """Return whether a row waits to join a batch."""
        return self._first() is not None

    def fill(self, batch: Batch, threads: int) -> bool:
        """Bring `batch` up to date: out with rows nobody waits for, in with the next ones, as many as is its share.

        Returns whether rows are left for other threads.
        """
        batch.drop_closed()
        if self.foreground_rows and self.rows > self.foreground_rows:
            background = sorted((row for row in batch.rows if row.background), key=_key)
            self._park(batch, background[self._spared() :])
        joining = self._overtake(batch)
        room = min(self.capacity, -(-self.rows // threads)) - len(batch.rows) - len(joining)
        while room > 0 and (row := self._first()) is not None:
            if (
                row.background
                and self.foreground_rows
                and _background(batch.rows) + _background(joining) >= self._spared()
            ):
                break
            joining.append(self._pop())
            room -= 1
        if joining:
            batch.join(joining)
        return self.any()

    def _overtake(self, batch: Batch) -> list[Row]:
        """Park the last rows of a full batch where rows that come before them wait, and return those."""
        joining: list[Row] = []
        if len(batch.rows) >= self.capacity and self.any():
            for last in sorted(batch.rows, key=_key, reverse=True):
                row = self._first()
                if row is None or last.key < row.key:
                    break
                joining.append(self._pop())
            self._park(batch, heapq.nlargest(len(joining), batch.rows, key=_key))
        return joining

    def _park(self, batch: Batch, rows: list[Row]) -> None:
        if rows:
            batch.park(rows)
        for row in rows:
            heapq.heappush(self._heap, (*row.key, row))

    def _spared(self) -> int:
        return max(1, self.capacity // BACKGROUND_SHARE)

    def _first(self) -> Row | None:
        while self._heap and not self._heap[0][-1].open:
            heapq.heappop(self._heap)
        return self._heap[0][-1] if self._heap else None

    def _pop(self) -> Row:
        row = heapq.heappop(self._heap)[-1]
        row.started = row.started or time.monotonic()
        return row


def _key(row: Row) -> tuple[bool, float, int]:
    return row.key


def _background(rows: list[Row]) -> int:
    return sum(row.background for row in rows)
