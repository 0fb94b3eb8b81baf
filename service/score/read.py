"""From streams of bytes to records, one a row: the part of reading that one process does for all.

A record is what the format gives without looking into it: CSV fields, a line of JSON, an Arrow row.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from service.score.compression import UNREADABLE, arrow
from service.score.errors import DataError
from service.score.inputs import Format

MOST_BYTES = 64 * 2**20
"""The longest line of JSON and the longest CSV field."""

Record = Any
Streams = Iterable[tuple[str, BinaryIO]]


@dataclass(frozen=True, slots=True)
class Records:
    """All rows of all files; `columns` in the file's order (None: JSON, where every row has its own)."""

    columns: tuple[str, ...] | None
    schema: Any
    rows: Iterator[Record]


def open_records(streams: Streams, kind: Format, text_column: str) -> Records:
    """The records of files of one format. Raises `DataError`, at once or while they are read."""
    match kind:
        case "jsonl":
            return Records(None, None, _lines(streams))
        case "csv":
            rows: Iterator[Record] = _fields(streams)
        case "parquet":
            rows = _arrow_rows(streams)
    first = next(rows, None)
    if first is None:
        raise DataError("the input is empty: not even column names")
    schema = first if kind == "parquet" else None
    columns = tuple(first if schema is None else schema.names)
    if text_column not in columns:
        raise DataError(f"no column {text_column!r}; there are {', '.join(columns)}: name one with --text-column")
    return Records(columns, schema, rows)


def size_of(record: Record, text_column: str) -> int:
    """About how many bytes a record holds."""
    if isinstance(record, bytes):
        return len(record)
    if isinstance(record, dict):
        return len(record[text_column] or "") if isinstance(record[text_column], str) else 0
    return sum(map(len, record))


def _lines(streams: Streams) -> Iterator[bytes]:
    """The lines that are not blank, without their ends."""
    for name, stream in streams:
        number = 0
        try:
            while line := stream.readline(MOST_BYTES + 1):
                number += 1
                if number == 1:
                    line = line.removeprefix(b"\xef\xbb\xbf")
                if len(line) > MOST_BYTES:
                    raise DataError(f"{name}, line {number}: longer than {MOST_BYTES} bytes")
                line = line.strip()
                if not line.isascii():
                    line.decode()
                if line:
                    yield line
        except UnicodeDecodeError as error:
            raise DataError(f"{name}, line {number}: not UTF-8: {error.reason}") from error
        except UNREADABLE as error:
            raise DataError(f"{name}, after line {number}: {error}") from error


def _fields(streams: Streams) -> Iterator[list[str]]:
    """The column names, once, then the rows of every file in their order."""
    csv.field_size_limit(MOST_BYTES)
    columns: list[str] | None = None
    for name, stream in streams:
        reader = csv.reader(io.TextIOWrapper(stream, "utf-8-sig", newline=""), strict=True)
        try:
            header = next(reader, None)
            if header is None:
                continue
            if columns is None:
                columns = _checked(name, header)
                yield columns
            if header != columns:
                raise DataError(f"{name}: has the columns {', '.join(header)}, the first file {', '.join(columns)}")
            yield from filter(None, reader)
        except UnicodeDecodeError as error:
            raise DataError(f"{name}, after line {reader.line_num}: not UTF-8: {error.reason}") from error
        except csv.Error as error:
            raise DataError(f"{name}, line {reader.line_num}: {error}") from error
        except UNREADABLE as error:
            raise DataError(f"{name}, after line {reader.line_num}: {error}") from error


def _checked(name: str, header: list[str]) -> list[str]:
    twice = next((column for column in header if header.count(column) > 1), None)
    if twice is not None:
        raise DataError(f"{name}: column {twice!r} stands twice in the header")
    return header


def _arrow_rows(streams: Streams) -> Iterator[Any]:
    """The schema, once, then the rows of every file as dicts."""
    arrow()
    import pyarrow as pa  # noqa: PLC0415 - an extra
    import pyarrow.parquet as pq  # noqa: PLC0415

    schema = None
    for name, stream in streams:
        try:
            file = pq.ParquetFile(stream)
            if schema is None:
                schema = file.schema_arrow.remove_metadata()
                yield schema
            if not file.schema_arrow.equals(schema):
                raise DataError(f"{name}: has other columns than the first file")
            for batch in file.iter_batches(batch_size=1024):
                yield from batch.to_pylist()
        except (pa.ArrowException, OSError) as error:
            raise DataError(f"{name}: not readable as Parquet: {error}") from error
