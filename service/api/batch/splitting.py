"""A body that comes in pieces, cut into lines of JSON or CSV records."""

from collections.abc import Iterator
from typing import NamedTuple


class Record(NamedTuple):
    """One line, or one CSV record over several; `content` is None where it is longer than allowed."""

    line: int
    content: bytes | None


class Splitter:
    """Holds at most `longest` bytes of a record. Where `quoted`, a line break inside double quotes ends no record."""

    def __init__(self, longest: int, *, quoted: bool = False) -> None:
        self._longest, self._quoted = longest, quoted
        self._held, self._too_long, self._quotes = bytearray(), False, 0
        self._line, self._first = 1, 1

    def feed(self, piece: bytes) -> Iterator[Record]:
        """The records that end in `piece`; blank lines are none."""
        *ended, rest = piece.split(b"\n")
        for line in ended:
            self._hold(line)
            self._line += 1
            if self._quotes % 2:
                self._hold(b"\n")
            else:
                yield from self.end()
        self._hold(rest)

    def end(self) -> Iterator[Record]:
        """The record that is held, which needs no line break after the last."""
        content, first = bytes(self._held).strip(b"\r") if self._quoted else bytes(self._held).strip(), self._first
        too_long = self._too_long
        self._held.clear()
        self._too_long, self._quotes, self._first = False, 0, self._line
        if too_long:
            yield Record(first, None)
        elif content:
            yield Record(first, content)

    def _hold(self, content: bytes) -> None:
        if self._too_long or len(self._held) + len(content) > self._longest:
            self._held.clear()
            self._too_long, self._quotes = True, 0
            return
        self._held += content
        if self._quoted:
            self._quotes += content.count(b'"')
