"""Fixed blocks of rows: where one ends depends on the rows alone, so a second run cuts the input in the same places."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from models.reviews.compression import arrow
from models.reviews.parquet_rows import texts
from models.reviews.records import Record, place

ROWS = 1024
BYTES = 16 * 2**20


class FileStart(NamedTuple):
    """Where the rows of a file begin in a block: its row `row` is the row `at` of the block."""

    at: int
    name: str
    row: int


@dataclass(frozen=True, slots=True)
class Block:
    """Rows that are scored together and written as one part."""

    number: int
    start: int
    """How many rows come before it."""
    contents: list[Any] | bytes
    """CSV fields or JSON values, or the rows of Parquet as an Arrow stream."""
    lines: list[int]
    """On which line of its file each row begins; none for Parquet."""
    files: tuple[FileStart, ...]
    digest: str
    """The SHA-256 of the rows: a part of the same digest need not be scored again."""

    def place(self, index: int, *, named: bool) -> str:
        """Return where a row stands, in words; `named` says its file too."""
        file = next(each for each in reversed(self.files) if each.at <= index)
        there = place(file.row + index - file.at, self.lines[index] if self.lines else None)
        return f"{file.name}, {there}" if named else there


@dataclass(frozen=True, slots=True)
class Counts:
    """What a part, or the whole output, holds: rows, rows without a label, rows of each label."""

    rows: int = 0
    errors: int = 0
    labels: dict[str, int] = field(default_factory=dict)

    def __add__(self, other: "Counts") -> "Counts":
        labels = {name: self.labels.get(name, 0) + other.labels.get(name, 0) for name in self.labels | other.labels}
        return Counts(self.rows + other.rows, self.errors + other.errors, labels)


@dataclass(frozen=True, slots=True)
class ScoredBlock:
    """A scored block: the bytes of its rows in the output."""

    number: int
    digest: str
    counts: Counts
    content: bytes


@dataclass(frozen=True, slots=True)
class BlockSize:
    """A block ends once it has so many rows, or more than so many bytes."""

    rows: int = ROWS
    bytes: int = BYTES


def text_blocks(rows: Iterable[tuple[str, Record]], size: BlockSize) -> Iterator[Block]:
    """Yield records of CSV or JSON in blocks."""
    number, start, held = 0, 0, 0
    contents, lines, files = list[Any](), list[int](), list[FileStart]()
    for name, record in rows:
        if not files or files[-1].name != name:
            files.append(FileStart(len(contents), name, record.row))
        contents.append(record.content)
        lines.append(record.line)
        held += _size(record.content)
        if len(contents) == size.rows or held > size.bytes:
            yield Block(number, start, contents, lines, tuple(files), _digest(contents, lines))
            number, start, held, contents, lines, files = number + 1, start + len(contents), 0, [], [], []
    if contents:
        yield Block(number, start, contents, lines, tuple(files), _digest(contents, lines))


def arrow_blocks(batches: Iterable[tuple[str, Any]], text_column: str, size: BlockSize) -> Iterator[Block]:
    """Yield batches of Parquet in blocks, none of which holds rows of two batches."""
    number, start, row, before = 0, 0, 1, ""
    for name, batch in batches:
        row = row if name == before else 1
        before = name
        for piece in _slices(batch, text_column, size):
            content = _stream(piece)
            digest = hashlib.sha256(content).hexdigest()
            yield Block(number, start, content, [], (FileStart(0, name, row),), digest)
            number, start, row = number + 1, start + piece.num_rows, row + piece.num_rows


def _size(content: Sequence[Any] | bytes | None) -> int:
    return len(content or b"") if isinstance(content, bytes) else sum(map(len, content or ()))


def _digest(contents: list[Any], lines: list[int]) -> str:
    return hashlib.sha256(msgspec.msgpack.encode((contents, lines))).hexdigest()


def _slices(batch: Any, text_column: str, size: BlockSize) -> Iterator[Any]:
    first, held = 0, 0
    for row, (text, _) in enumerate(texts(batch.column(text_column), text_column), 1):
        held += len(text or "")
        if row - first == size.rows or held > size.bytes or row == batch.num_rows:
            yield batch.slice(first, row - first)
            first, held = row, 0


def _stream(batch: Any) -> bytes:
    """Return the rows of a batch alone, without the memory around them."""
    pa = arrow()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    return bytes(sink.getvalue())
