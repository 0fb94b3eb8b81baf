"""From records to rows: the values of each by column, and the text to classify or why there is none."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from models.reviews.compression import arrow
from models.reviews.errors import DataError
from models.reviews.file_format import Format
from models.reviews.json_records import json_row
from models.reviews.parquet_rows import plain_values, texts

Values = Mapping[str, Any]


class Text(NamedTuple):
    """The text of a row, or why it has none."""

    text: str | None
    error: str | None = None


class Rows:
    """Rows as they were read: the values of each by column, or the Arrow table that they stand in."""

    def __init__(self, values: Sequence[Values] | None = None, table: Any = None) -> None:
        self.table = table
        if values is not None:
            self.values = values

    @cached_property
    def values(self) -> Sequence[Values]:
        """The values of each row. Raises `DataError` where two columns of the table have one name."""
        names = self.table.column_names
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise DataError(f"column {twice!r} stands twice, which only Parquet can hold: write .parquet")
        columns = [plain_values(column.combine_chunks()) for column in self.table.columns]
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


@dataclass(frozen=True, slots=True)
class RowParser:
    """Makes rows of records of one format. Travels to worker processes."""

    format: Format
    text_column: str
    columns: tuple[str, ...] | None = None
    """Of CSV, by its header."""

    def parse(self, contents: list[Any] | bytes) -> tuple[Rows, list[Text]]:
        """Return the rows of CSV fields, of JSON values, or of an Arrow stream, each with its text."""
        if isinstance(contents, bytes):
            table = arrow().ipc.open_stream(contents).read_all()
            column = table.column(self.text_column).combine_chunks()
            return Rows(table=table), [Text(*each) for each in texts(column, self.text_column)]
        if self.format == "csv":
            assert self.columns is not None
            pairs = [csv_row(fields, self.columns, self.text_column) for fields in contents]
            return Rows([values for values, _ in pairs]), [text for _, text in pairs]
        rows = [json_row(content, self.text_column) for content in contents]
        return Rows([row.values for row in rows]), [Text(row.text, row.error) for row in rows]


def csv_row(fields: Sequence[str], columns: Sequence[str], text_column: str) -> tuple[Values, Text]:
    """Return the values of a row of CSV by column, and its text. Fields that are in no column stand in the error."""
    values = dict(zip(columns, fields, strict=False))
    if len(fields) == len(columns):
        return values, Text(values[text_column])
    over = f": {json.dumps(fields[len(columns) :], ensure_ascii=False)}" if len(fields) > len(columns) else ""
    return values, Text(None, f"{len(fields)} fields, the header names {len(columns)}{over}")
