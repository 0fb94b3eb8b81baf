"""Rows with their answers as CSV, JSON lines or Parquet: a row's own columns first, then those of the answer."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType, SimpleNamespace
from typing import Any

import msgspec

from models.reviews.columns import ERROR, Column, Unanswered
from models.reviews.compression import arrow, compressed
from models.reviews.errors import DataError
from models.reviews.file_format import FileFormat
from models.reviews.json_records import plain
from models.reviews.rows import Rows

_WRITTEN_BY_CSV = frozenset({str, float, int, NoneType})


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes rows in one format. `columns` are the input's, None where every row may have its own."""

    file: FileFormat
    added: tuple[Column, ...]
    prefix: str = ""
    columns: tuple[str, ...] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns that are added."""
        columns = (*self.added, ERROR)
        if self.file.format == "jsonl":
            return tuple(self.prefix + column.name for column in columns)
        return tuple(self.prefix + name for column in columns for name in column.names)

    def check_names(self, own: Iterable[str]) -> None:
        """Raise `DataError` where one of a row's own columns has the name of one that is added."""
        twice = next((name for name in own if name in self.names), None)
        if twice is not None:
            raise DataError(f"the input has a column {twice!r} of its own: name the new ones with --prefix")

    def head(self) -> bytes:
        """Return what comes before all rows: the column names of CSV."""
        if self.file.format != "csv":
            return b""
        return compressed(self._lines([(*self._columns, *self.names)]), self.file.compression)

    def rows(self, rows: Rows, answers: Sequence[Any]) -> bytes:
        """Return rows with their answers, compressed. Raises `DataError` where columns collide or don't fit."""
        match self.file.format:
            case "parquet":
                return self._parquet(rows, answers)
            case "csv":
                content = self._csv(rows.values, answers)
            case _:
                encode = msgspec.json.Encoder().encode
                pairs = zip(rows.values, answers, strict=True)
                content = b"".join(encode(self._object(values, answer)) + b"\n" for values, answer in pairs)
        return compressed(content, self.file.compression)

    def fields(self, answer: Any) -> list[Any]:
        """Return the fields that an answer adds to a row of a table."""
        if isinstance(answer, Unanswered):
            return [None] * (len(self.names) - 1) + [answer.reason]
        return [*(field for column in self.added for field in column.row(answer)), None]

    def with_answers(self, table: Any, answers: Sequence[Any]) -> Any:
        """Return an Arrow table with the columns of the answers."""
        pa = arrow()
        types = {"text": pa.string(), "number": pa.float64(), "integer": pa.int64(), "truth": pa.bool_()}
        kinds = [types[column.type] for column in (*self.added, ERROR) for _ in column.names]
        by_column = list(zip(*map(self.fields, answers), strict=True)) or [()] * len(kinds)
        for name, kind, values in zip(self.names, kinds, by_column, strict=True):
            table = table.append_column(pa.field(name, kind), pa.array(values, kind))
        return table

    @property
    def _columns(self) -> tuple[str, ...]:
        assert self.columns is not None
        return self.columns

    def _object(self, values: Mapping[str, Any], answer: Any) -> dict[str, Any]:
        columns = (ERROR,) if isinstance(answer, Unanswered) else self.added
        self.check_names(values)
        return {**values, **{self.prefix + column.name: column.value(answer) for column in columns}}

    def _csv(self, rows: Sequence[Mapping[str, Any]], answers: Sequence[Any]) -> bytes:
        self._refuse_others(rows)
        pairs = zip(rows, answers, strict=True)
        return self._lines((*map(values.get, self._columns), *self.fields(answer)) for values, answer in pairs)

    def _lines(self, rows: Iterable[Iterable[Any]]) -> bytes:
        return csv_lines(rows, self.file.delimiter)

    def _refuse_others(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Raise `DataError` where a row has a column that no table has."""
        columns = set(self._columns)
        for values in rows:
            if not values.keys() <= columns:
                other = min(values.keys() - columns)
                raise DataError(f"a row has a column {other!r} that the first rows lack: write .jsonl")

    def _parquet(self, rows: Rows, answers: Sequence[Any]) -> bytes:
        import pyarrow.parquet as pq  # noqa: PLC0415 - an extra

        table = self._table(rows.values) if rows.table is None else rows.table
        sink = io.BytesIO()
        pq.write_table(self.with_answers(table, answers), sink, compression="zstd")
        return sink.getvalue()

    def _table(self, rows: Sequence[Mapping[str, Any]]) -> Any:
        pa = arrow()
        self._refuse_others(rows)
        arrays = []
        for name in self._columns:
            try:
                arrays.append(pa.array([plain(values.get(name)) for values in rows]))
            except (pa.ArrowException, OverflowError) as error:
                raise DataError(f"column {name!r} does not fit into Parquet ({error}): write .jsonl") from error
        return pa.Table.from_arrays(arrays, names=list(self._columns))


def csv_lines(rows: Iterable[Iterable[Any]], delimiter: str = ",") -> bytes:
    """Return rows as CSV. A bare line end of either kind is quoted: `csv` quotes what its own line ends hold."""
    lines: list[str] = []
    writer = csv.writer(SimpleNamespace(write=lines.append), delimiter=delimiter, lineterminator="\r\n")
    writer.writerows(map(_field, row) for row in rows)
    return "".join(line[:-2] + "\n" for line in lines).encode()


def _field(value: Any) -> Any:
    """Return a value as a CSV field: nothing is empty, nested values are JSON, numbers from JSON stay as written."""
    if value.__class__ in _WRITTEN_BY_CSV:
        return value
    if isinstance(value, msgspec.Raw):
        written = bytes(value).decode()
        return None if written == "null" else plain(value) if written.startswith('"') else written
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value
