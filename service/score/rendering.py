"""Scored rows as bytes: one part of the output, the input's columns first, then what the model says."""

import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from service.score.compression import compressed
from service.score.errors import DataError
from service.score.inputs import Kind
from service.score.parse import Row, decoded
from service.score.scorer import Scored, Unscorable

Answer = Scored | Unscorable

_needs_quotes = re.compile('[,"\\r\\n]').search


@dataclass(frozen=True, slots=True)
class Renderer:
    """Writes rows of one shape. `columns` are the input's, None where every row may have its own."""

    kind: Kind
    labels: tuple[str, ...]
    prefix: str = ""
    top_words: bool = False
    columns: tuple[str, ...] | None = None
    schema: Any = None

    @property
    def added(self) -> tuple[str, ...]:
        """The columns that scoring adds."""
        if self.kind.format == "jsonl":
            probabilities = ["probabilities"]
        else:
            probabilities = [f"probability_{label}" for label in self.labels]
        names = ["label", *probabilities, "words", "truncated", *["top_words"] * self.top_words, "error"]
        return tuple(self.prefix + name for name in names)

    def head(self) -> bytes:
        """What comes before the first part: column names in CSV, else nothing."""
        if self.kind.format != "csv":
            return b""
        assert self.columns is not None
        return compressed(_line((*self.columns, *self.added)).encode(), self.kind.compression)

    def part(self, rows: Sequence[Row], answers: Sequence[Answer]) -> bytes:
        """Rows with their answers, compressed. Raises `DataError` where columns would collide or don't fit."""
        match self.kind.format:
            case "csv":
                content = self._csv(rows, answers)
            case "jsonl":
                encode = msgspec.json.Encoder().encode
                lines = (encode(self._object(row, answer)) for row, answer in zip(rows, answers, strict=True))
                content = b"".join(line + b"\n" for line in lines)
            case "parquet":
                return self._parquet(rows, answers)
        return compressed(content, self.kind.compression)

    def _object(self, row: Row, answer: Answer) -> dict[str, Any]:
        if isinstance(answer, Unscorable):
            said: dict[str, Any] = {"error": answer.reason}
        else:
            said = {
                "label": answer.label,
                "probabilities": dict(zip(self.labels, answer.probabilities, strict=True)),
                "words": answer.words,
                "truncated": answer.truncated,
            }
            if self.top_words:
                said["top_words"] = [{"word": word, "weight": weight} for word, weight in answer.top]
        if self.prefix:
            said = {self.prefix + name: value for name, value in said.items()}
        self.check_names(row.values)
        return {**row.values, **said}

    def check_names(self, names: Mapping[str, Any] | Sequence[str]) -> None:
        """Raise `DataError` where the input has a column of the name of one that is added."""
        for name in self.added:
            if name in names:
                raise DataError(f"the input has a column {name!r} of its own: name the new ones with --prefix")

    def _csv(self, rows: Sequence[Row], answers: Sequence[Answer]) -> bytes:
        columns = self._own_columns(rows)
        return "".join(
            _line((*map(row.values.get, columns), *self._flat(answer)))
            for row, answer in zip(rows, answers, strict=True)
        ).encode()

    def _flat(self, answer: Answer) -> list[Any]:
        if isinstance(answer, Unscorable):
            return [None] * (len(self.labels) + 3 + self.top_words) + [answer.reason]
        top = [" ".join(f"{word}:{weight:.4g}" for word, weight in answer.top)] if self.top_words else []
        return [answer.label, *answer.probabilities, answer.words, answer.truncated, *top, None]

    def _own_columns(self, rows: Sequence[Row]) -> tuple[str, ...]:
        """The input's columns. Raises `DataError` where a row has another."""
        assert self.columns is not None
        own = set(self.columns)
        for row in rows:
            if not row.values.keys() <= own:
                other = min(row.values.keys() - own)
                raise DataError(f"a row has a column {other!r} that the first rows lack: write .jsonl")
        return self.columns

    def _parquet(self, rows: Sequence[Row], answers: Sequence[Answer]) -> bytes:
        import pyarrow as pa  # noqa: PLC0415 - an extra
        import pyarrow.parquet as pq  # noqa: PLC0415

        arrays, fields = [], []
        for name in self._own_columns(rows):
            try:
                kind = self.schema.field(name).type if self.schema is not None else None
                arrays.append(pa.array([decoded(row.values.get(name)) for row in rows], kind))
            except (pa.ArrowException, OverflowError) as error:
                raise DataError(f"column {name!r} does not fit into Parquet ({error}): write .jsonl") from error
            fields.append(pa.field(name, arrays[-1].type))
        table = self.with_answers(pa.Table.from_arrays(arrays, schema=pa.schema(fields)), answers)
        sink = io.BytesIO()
        pq.write_table(table, sink, compression="zstd")
        return sink.getvalue()

    def with_answers(self, table: Any, answers: Sequence[Answer]) -> Any:
        """An Arrow table of rows with what the model says of them."""
        import pyarrow as pa  # noqa: PLC0415 - an extra

        kinds = [pa.string(), *[pa.float64()] * len(self.labels), pa.int64(), pa.bool_()]
        kinds += [pa.string()] * (1 + self.top_words)
        by_column = list(zip(*map(self._flat, answers), strict=True)) or [()] * len(kinds)
        for name, kind, values in zip(self.added, kinds, by_column, strict=True):
            table = table.append_column(pa.field(name, kind), pa.array(values, kind))
        return table


def _line(values: Iterable[Any]) -> str:
    return ",".join(map(_field, values)) + "\n"


def _field(value: Any) -> str:
    """A value as a CSV field; nothing is empty, nested values are JSON, numbers from JSON stay as written."""
    if isinstance(value, msgspec.Raw):
        written = bytes(value).decode()
        value = None if written == "null" else decoded(value) if written.startswith('"') else written
    if isinstance(value, str):
        return '"' + value.replace('"', '""') + '"' if _needs_quotes(value) else value
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case list() | dict():
            return _field(json.dumps(value, ensure_ascii=False, default=str))
    return _field(str(value))
