"""The two forms of a streamed batch: how its body is cut into rows, a row becomes a request, and an answer a line."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Protocol

from pydantic import ValidationError

from models.bundle.aliases import InvalidVersion, parse_version
from models.reviews.columns import ERROR, Column
from models.reviews.csv_records import CsvRecords, NoColumn
from models.reviews.errors import DataError, UsageError
from models.reviews.records import ReadOptions, Record
from models.reviews.writer import csv_lines
from service.api.batch.splitting import Splitter
from service.api.problems import Problem
from service.api.schemas import ReviewRequest, malformed, parse
from service.engine import Model
from service.errors import Malformed
from service.inference.columns import answer_columns
from service.inference.prediction import Prediction


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """What the address of a batch says: the model and version for rows that name none, names of CSV columns."""

    model: str | None = None
    version: int | str | None = None
    text_column: str = "text"
    prefix: str = ""

    @classmethod
    def of(cls, query: Mapping[str, Sequence[str]]) -> "BatchOptions":
        """Return the parameters of a query string. Raises `Malformed` for one that is not known."""
        unknown = set(query) - {"model", "version", "text_column", "prefix"}
        if unknown:
            raise Malformed("known parameters are model, version, text_column and prefix")
        given = {name: values[-1] for name, values in query.items()}
        try:
            version = parse_version(given.get("version"))
        except InvalidVersion as error:
            raise Malformed(str(error)) from None
        return cls(
            given.get("model"),
            version,
            given.get("text_column", "text"),
            given.get("prefix", ""),
        )

    def model_for(self, asked: ReviewRequest) -> tuple[str | None, int | str | None]:
        """Return the name and version of the model for a row."""
        if asked.model is None and asked.version is None:
            return self.model, self.version
        return asked.model, asked.version


@dataclass(slots=True)
class Tally:
    """What a stream has answered so far."""

    rows: int = 0
    errors: int = 0
    labels: dict[str, int] = field(default_factory=dict)
    started: float = field(default_factory=monotonic)

    def answered(self, label: str | None) -> None:
        """Count one row more; None for an error."""
        self.rows += 1
        if label is None:
            self.errors += 1
        else:
            self.labels[label] = self.labels.get(label, 0) + 1


class Form(Protocol):
    """How rows look on the wire, both ways."""

    media_type: bytes

    def feed(self, piece: bytes) -> Iterator[Record]:
        """Yield the rows that end in `piece`. Raises `Malformed` where what comes is no table at all."""

    def end(self) -> Iterator[Record]:
        """Yield what is left once the body has ended. Raises as `feed` does."""

    def head(self, model: Model) -> bytes | None:
        """Return what goes out first; None where more has to come in before that is known. Raises `Malformed`."""

    def asked(self, record: Record) -> ReviewRequest:
        """Return the request of a row. Raises `ServiceError`."""

    def answer(self, record: Record, prediction: Prediction) -> bytes:
        """Return the line that answers a row."""

    def error(self, line: int, record: Record | None, problem: Problem) -> bytes:
        """Return the line of a row that can't be answered; of the stream as a whole where there is no row."""

    def summary(self, tally: Tally) -> bytes:
        """Return what goes out last."""


class JsonLinesForm:
    """`application/x-ndjson`: a request of `/v1/predict`, or only its text, a line; then a summary."""

    media_type = b"application/x-ndjson"

    def __init__(self, longest: int) -> None:
        """`longest` is the most bytes of a line."""
        splitter = Splitter(longest)
        self.feed, self.end = splitter.feed, splitter.end

    def head(self, model: Model) -> bytes:
        """Return nothing: the first line is a row."""
        return b""

    def asked(self, record: Record) -> ReviewRequest:
        """Return the request of a line."""
        content = record.content
        assert isinstance(content, bytes)
        if not content.startswith(b'"'):
            return parse(ReviewRequest, content)
        try:
            return ReviewRequest(text=json.loads(content))
        except ValidationError as error:
            raise malformed(error) from None
        except ValueError:
            raise Malformed("not JSON") from None

    def answer(self, record: Record, prediction: Prediction) -> bytes:
        """Return the prediction as `/v1/predict` writes it."""
        return prediction.__pydantic_serializer__.to_json(prediction) + b"\n"

    def error(self, line: int, record: Record | None, problem: Problem) -> bytes:
        """Return the number of the line and what is wrong with it."""
        return json.dumps({"line": line, "error": problem.body()}).encode() + b"\n"

    def summary(self, tally: Tally) -> bytes:
        """Return rows, errors, labels and seconds."""
        said = {"rows": tally.rows, "errors": tally.errors, "labels": tally.labels}
        return json.dumps({"summary": said | {"seconds": round(monotonic() - tally.started, 3)}}).encode() + b"\n"


class CsvForm:
    """`text/csv` with a header: its columns kept, those of the prediction added. The table ends with its last row.

    It is read as files are: delimiter, line ends, quotes and a byte order mark are found.
    """

    media_type = b"text/csv; charset=utf-8"

    def __init__(self, chosen: BatchOptions, longest: int, encoding: str | None = None) -> None:
        """`longest` is the most bytes of a row, `encoding` what the client says of its body. Raises `Malformed`."""
        self._chosen = chosen
        try:
            options = ReadOptions.of(None, encoding, longest)
        except UsageError:
            raise Malformed("the charset of the content type is not known") from None
        self._records = CsvRecords([chosen.text_column], options)
        self._columns: tuple[str, ...] = ()
        self._added: tuple[Column, ...] = ()

    def feed(self, piece: bytes) -> Iterator[Record]:
        """Yield the rows that end in `piece`."""
        return self._read(self._records.feed(piece))

    def end(self) -> Iterator[Record]:
        """Yield what is left once the body has ended."""
        yield from self._read(self._records.end())
        if self._records.columns is None:
            raise Malformed("the table is empty: a header with a text column is expected")

    def _read(self, records: Iterator[Record]) -> Iterator[Record]:
        try:
            yield from records
        except NoColumn as error:
            raise Malformed(f"{error}; name the text's with ?text_column=") from None
        except DataError as error:
            raise Malformed(str(error)) from None

    def head(self, model: Model) -> bytes | None:
        """Return the header of the table with the new columns."""
        if self._records.columns is None:
            return None
        self._columns, self._added = self._records.columns, answer_columns(model.bundle.manifest.labels)
        added = [self._chosen.prefix + name for column in (*self._added, ERROR) for name in column.names]
        if twice := set(added) & set(self._columns):
            raise Malformed(f"the table has a column {min(twice)!r} of its own: name the new ones with ?prefix=")
        return csv_lines([[*self._columns, *added]])

    def asked(self, record: Record) -> ReviewRequest:
        """Return the request of a row: its text."""
        fields = _fields(record)
        if record.fault is not None:
            raise Malformed(record.fault)
        if len(fields) != len(self._columns):
            raise Malformed(f"{len(fields)} fields, the header names {len(self._columns)}")
        return ReviewRequest(text=fields[self._columns.index(self._chosen.text_column)])

    def answer(self, record: Record, prediction: Prediction) -> bytes:
        """Return the row with the prediction."""
        answered = (field for column in self._added for field in column.row(prediction))
        return csv_lines([[*_fields(record), *answered, ""]])

    def error(self, line: int, record: Record | None, problem: Problem) -> bytes:
        """Return the row as far as it can be read, and what is wrong with it."""
        fields = [] if record is None else _fields(record)
        kept = (fields + [""] * len(self._columns))[: len(self._columns)]
        unanswered = sum(len(column.names) for column in self._added)
        return csv_lines([[*kept, *[""] * unanswered, f"line {line}: {problem.error.detail}"]])

    def summary(self, tally: Tally) -> bytes:
        """Return nothing: a table has no summary."""
        return b""


def _fields(record: Record) -> list[str]:
    return record.content if isinstance(record.content, list) else []
