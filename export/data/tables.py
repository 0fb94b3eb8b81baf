"""Reviews in a user's own CSV, JSONL or Parquet file, with columns named by the user."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from export.data.reviews import DataError, Row, decoded
from models.text.words import typed

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Columns:
    """The names of the columns; without `group` every review stands for itself."""

    text: str = "text"
    label: str = "label"
    group: str | None = None


def read_table(path: Path, columns: Columns) -> Iterator[Row]:
    """Read a `.csv`, `.jsonl`/`.ndjson` or `.parquet` file. Raises `DataError` with the row and the column."""
    read = READERS.get(path.suffix.lower())
    if read is None:
        raise DataError(f"{path}: expected a file that ends in {', '.join(READERS)}")
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    for where, record in read(path):
        group = None if columns.group is None else _value(path, where, record, columns.group)
        yield Row(_text(path, where, record, columns.text), _value(path, where, record, columns.label), group)


def _text(path: Path, where: str, record: Record, column: str) -> str:
    text = _value(path, where, record, column)
    if not typed(text):
        raise DataError(f"{path}, {where}, column {column!r}: no words")
    return text


def _value(path: Path, where: str, record: Record, column: str) -> str:
    if column not in record:
        raise DataError(f"{path}, {where}: no column {column!r}; there are {', '.join(map(str, record))}")
    value = record[column]
    if value is None or isinstance(value, dict | list) or not str(value).strip():
        raise DataError(f"{path}, {where}, column {column!r}: no value")
    return str(value).strip()


def _csv(path: Path) -> Iterator[tuple[str, Record]]:
    reader = csv.DictReader(io.StringIO(decoded(path.read_bytes(), path), newline=""), strict=True)
    try:
        for record in reader:
            if None in record:
                raise DataError(f"{path}, line {reader.line_num}: more fields than the header names")
            yield f"line {reader.line_num}", record
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: {error}") from error


def _jsonl(path: Path) -> Iterator[tuple[str, Record]]:
    for number, line in enumerate(decoded(path.read_bytes(), path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError as error:
            raise DataError(f"{path}, line {number}: not JSON: {error}") from error
        if not isinstance(record, dict):
            raise DataError(f"{path}, line {number}: not a JSON object")
        yield f"line {number}", record


def _parquet(path: Path) -> Iterator[tuple[str, Record]]:
    try:
        records = pq.read_table(path).to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path}: not readable as Parquet: {error}") from error
    for number, record in enumerate(records, 1):
        yield f"row {number}", record


READERS: Mapping[str, Callable[[Path], Iterator[tuple[str, Record]]]] = {
    ".csv": _csv,
    ".jsonl": _jsonl,
    ".ndjson": _jsonl,
    ".parquet": _parquet,
}
