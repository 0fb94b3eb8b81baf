"""Fixed blocks of rows: where one ends depends on the rows alone, so a second run cuts the input in the same places."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import msgspec

from service.score.read import Record, size_of

ROWS = 1024
BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True)
class Block:
    """Rows that are scored together and written as one part."""

    number: int
    start: int
    """How many rows come before it."""
    records: list[Record]
    digest: str
    """The SHA-256 of the records: a part of the same digest need not be scored again."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What a part, or the whole output, holds: rows, rows without a label, rows a label."""

    rows: int = 0
    errors: int = 0
    labels: dict[str, int] = field(default_factory=dict)

    def __add__(self, other: "Tally") -> "Tally":
        labels = {name: self.labels.get(name, 0) + other.labels.get(name, 0) for name in self.labels | other.labels}
        return Tally(self.rows + other.rows, self.errors + other.errors, labels)


@dataclass(frozen=True, slots=True)
class Part:
    """A scored block: the bytes of its rows in the output."""

    number: int
    digest: str
    tally: Tally
    content: bytes


def blocks(records: Iterable[Record], text_column: str, *, rows: int = ROWS, most: int = BYTES) -> Iterator[Block]:
    """The records in blocks of `rows`, or fewer where their texts have more than `most` bytes."""
    number, start, size, held = 0, 0, 0, list[Record]()
    for record in records:
        held.append(record)
        size += size_of(record, text_column)
        if len(held) == rows or size > most:
            yield Block(number, start, held, _digest(held))
            number, start, size, held = number + 1, start + len(held), 0, []
    if held:
        yield Block(number, start, held, _digest(held))


def _digest(records: list[Record]) -> str:
    return hashlib.sha256(msgspec.msgpack.encode(records, enc_hook=str)).hexdigest()
