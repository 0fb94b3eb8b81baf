"""A body that comes in pieces, cut into lines of JSON."""

from codecs import BOM_UTF8
from collections.abc import Iterator

from models.reviews.records import Record


class Splitter:
    """Holds at most `longest` bytes of a line. Blank lines are no records; one that is too long has no content."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._begun, self._too_long = bytearray(), False
        self._row, self._line = 0, 1

    def feed(self, piece: bytes) -> Iterator[Record]:
        """Yield the lines that end in `piece`."""
        *ended, rest = piece.split(b"\n")
        for line in ended:
            self._hold(line)
            yield from self.end()
            self._line += 1
        self._hold(rest)

    def end(self) -> Iterator[Record]:
        """Yield the line that is held, which needs no line break after the last."""
        content, too_long = (
            bytes(self._begun).removeprefix(BOM_UTF8 if self._line == 1 else b"").strip(),
            self._too_long,
        )
        self._begun.clear()
        self._too_long = False
        if content or too_long:
            self._row += 1
            yield Record(self._row, self._line, None if too_long else content)

    def _hold(self, content: bytes) -> None:
        if self._too_long or len(self._begun) + len(content) > self._longest:
            self._begun.clear()
            self._too_long = True
        else:
            self._begun += content
