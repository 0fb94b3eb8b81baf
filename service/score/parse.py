"""From a record to a row whose text can be scored: columns by name, or the reason why it has none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from service.score.inputs import Format
from service.score.read import Record

Values = Mapping[str, Any]

_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_text = msgspec.json.Decoder(str)


class Row(NamedTuple):
    """The columns of a row as they were read; either `text` or `error` is set. JSON values stay as written."""

    values: Values
    text: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Parser:
    """Makes rows of records of one format."""

    format: Format
    text_column: str
    columns: tuple[str, ...] | None = field(default=None)

    def row(self, record: Record) -> Row:
        """The row of a record; what is wrong with it is its `error`."""
        match self.format:
            case "csv":
                return self._csv(record)
            case "jsonl":
                return self._json(record)
            case "parquet":
                return self._checked(record, record[self.text_column])

    def _csv(self, fields: list[str]) -> Row:
        assert self.columns is not None
        values = dict(zip(self.columns, fields, strict=False))
        if len(fields) != len(self.columns):
            return Row(values, error=f"{len(fields)} fields, the header names {len(self.columns)}")
        return Row(values, values[self.text_column])

    def _json(self, line: bytes) -> Row:
        try:
            values = _object.decode(line)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return Row({}, error="not a JSON object")
        raw = values.get(self.text_column)
        if raw is None:
            return Row(values, error=f"no column {self.text_column!r}")
        try:
            return Row(values, _text.decode(raw))
        except (msgspec.DecodeError, UnicodeError):
            return Row(values, error=f"column {self.text_column!r} holds no text")

    def _checked(self, values: Values, text: object) -> Row:
        if isinstance(text, str):
            return Row(values, text)
        return Row(values, error=f"column {self.text_column!r} holds no text")


def decoded(value: object) -> Any:
    """A value with JSON read: numbers, strings, lists and objects; a string that is not Unicode stays JSON."""
    if not isinstance(value, msgspec.Raw):
        return value
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeError):
        return bytes(value).decode()
