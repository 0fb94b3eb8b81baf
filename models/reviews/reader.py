"""Files one after another, as records of CSV and JSON or as batches of tables."""

import io
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from models.reviews.compression import UNREADABLE, decompressed
from models.reviews.csv_records import CsvRecords, NoColumn
from models.reviews.errors import DataError
from models.reviews.file_format import PIPE, FileFormat, Format, format_of
from models.reviews.json_records import JsonLines, JsonList
from models.reviews.parquet_rows import batches, class_names, one_column, open_table
from models.reviews.records import NOT_UTF8, ReadOptions, Record, place

PIECE = 256 * 2**10
HINT = "name it with --text-column, or how the file is written with --delimiter or --encoding"


class Streams:
    """Opens files one after another, decompressed. `done` of `total` bytes are read; `total` is None for a pipe."""

    def __init__(self, names: Sequence[str], kind: FileFormat) -> None:
        self.names, self.format, self._kind = names, kind.format, kind
        self.total = None if PIPE in names else sum(Path(name).stat().st_size for name in names)
        self._before = 0
        self._file: BinaryIO | None = None

    @property
    def done(self) -> int:
        """Bytes read so far, of compressed files the compressed ones."""
        return self._before + (self._file.tell() if self._file is not None and not self._file.closed else 0)

    def __iter__(self) -> Iterator[tuple[str, BinaryIO]]:
        for name in self.names:
            if name == PIPE:
                yield "standard input", sys.stdin.buffer
                continue
            with Path(name).open("rb") as self._file:
                compression = self._kind.compression if len(self.names) == 1 else format_of(name).compression
                yield name, decompressed(self._file, compression)
                self._before += self._file.seek(0, 2)


@dataclass(frozen=True, slots=True)
class TextRows:
    """Rows of CSV or JSON, each with the name of its file; `columns` are None for JSON, where each row has its own."""

    columns: tuple[str, ...] | None
    rows: Iterator[tuple[str, Record]]


def open_text(streams: Streams, kind: Format, needed: Sequence[str], options: ReadOptions) -> TextRows:
    """Open files of CSV or JSON. Raises `DataError` with file, row and line, at once or while rows are read."""
    if kind != "csv":
        return TextRows(None, _json_rows(streams, kind, options))
    files = _CsvFiles(needed, options)
    rows = files.rows(streams)
    first = next(rows, None)
    if files.columns is None:
        raise DataError(f"{', '.join(streams.names)}: empty, without even column names")
    return TextRows(files.columns, rows if first is None else chain([first], rows))


class _CsvFiles:
    """Reads CSV files that all have the columns of the first."""

    def __init__(self, needed: Sequence[str], options: ReadOptions) -> None:
        self._needed, self._options = needed, options
        self.columns: tuple[str, ...] | None = None

    def rows(self, streams: Streams) -> Iterator[tuple[str, Record]]:
        for name, stream in streams:
            records, compared = CsvRecords(self._needed, self._options), False
            for record in _records(name, stream, records):
                if not compared:
                    self._compare(name, records.columns)
                    compared = True
                yield name, record
            self._compare(name, records.columns)

    def _compare(self, name: str, columns: tuple[str, ...] | None) -> None:
        if self.columns is None:
            self.columns = columns
        elif columns not in (None, self.columns):
            found = ", ".join(columns or ())
            raise DataError(f"{name}: has the columns {found}, the first file {', '.join(self.columns)}")


def _json_rows(streams: Streams, kind: Format, options: ReadOptions) -> Iterator[tuple[str, Record]]:
    for name, stream in streams:
        for record in _records(name, stream, JsonLines(options) if kind == "jsonl" else JsonList(options)):
            yield name, record


def _records(name: str, stream: BinaryIO, reader: CsvRecords | JsonLines | JsonList) -> Iterator[Record]:
    """Yield the records of one file. Raises `DataError` that names it."""
    row = 0
    try:
        for piece in _pieces(stream):
            for record in reader.feed(piece):
                row = _faultless(record)
                yield record
        for record in reader.end():
            row = _faultless(record)
            yield record
    except NoColumn as error:
        raise DataError(f"{name}: {error}: {HINT}") from error
    except DataError as error:
        raise DataError(f"{name}, {error}") from error
    except UNREADABLE as error:
        raise DataError(f"{name}, after row {row}: {error}") from error


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    """Yield what comes, of a pipe at once."""
    read = stream.read1 if isinstance(stream, io.BufferedReader) and not stream.seekable() else stream.read
    while piece := read(PIECE):
        yield piece


def _faultless(record: Record) -> int:
    """Return the row's number. Raises `DataError` where it could not be cut out: what follows may be wrong too."""
    if record.fault is not None or record.content is None:
        hint = "; is it written with another --encoding?" if record.fault == NOT_UTF8 else ""
        raise DataError(f"{place(record.row, record.line)}: {record.fault}{hint}")
    return record.row


@dataclass(frozen=True, slots=True)
class TableRows:
    """Batches of rows, each with the name of its file; `schema` is that of every file."""

    schema: Any
    batches: Iterator[tuple[str, Any]]
    class_names: Mapping[str, Sequence[str]]
    """What the numbers of a column stand for, where the first file says so."""


def open_tables(streams: Streams, needed: Sequence[str], *, only_needed: bool = False) -> TableRows:
    """Open Parquet or Arrow files, read all columns, or only the `needed` ones. Raises `DataError` with the file."""
    rows = _batches(streams, needed, only_needed=only_needed)
    schema = next(rows, None)
    if schema is None:
        raise DataError(f"{', '.join(streams.names)}: empty, without even column names")
    return TableRows(schema.remove_metadata(), rows, class_names(schema))


def _batches(streams: Streams, needed: Sequence[str], *, only_needed: bool) -> Iterator[Any]:
    """Yield the schema, then the name of its file with every batch."""
    schema = None
    for name, stream in streams:
        file = open_table(name, streams.format, stream if stream.seekable() else io.BytesIO(stream.read()))
        found = file.schema_arrow
        if schema is None:
            for column in needed:
                one_column(name, found, column)
            schema = found
            yield schema
        if not found.equals(schema):  # metadata aside
            raise DataError(f"{name}: has other columns than the first file")
        for batch in batches(name, file, needed if only_needed else None):
            yield name, batch
