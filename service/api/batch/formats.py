"""The two forms of a streamed batch: how a record becomes a request, and an answer a line."""

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Protocol

from pydantic import ValidationError

from service.api.problems import Problem
from service.api.schemas import PredictRequest, malformed
from service.errors import Malformed
from service.inference.model import Model
from service.inference.prediction import Prediction

_version = re.compile(r"[1-9][0-9]{0,17}")


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """What the address of a batch says: the model and version for rows that name none, names of CSV columns."""

    model: str | None = None
    version: int | None = None
    text_column: str = "text"
    prefix: str = ""

    @classmethod
    def of(cls, query: Mapping[str, Sequence[str]]) -> "BatchOptions":
        """The parameters of a query string. Raises 400 for one that is not known."""
        unknown = set(query) - {"model", "version", "text_column", "prefix"}
        if unknown:
            raise Malformed("known parameters are model, version, text_column and prefix")
        given = {name: values[-1] for name, values in query.items()}
        version = given.get("version")
        if version is not None and not _version.fullmatch(version):
            raise Malformed("version: a whole number from 1 is expected")
        return cls(
            given.get("model"),
            None if version is None else int(version),
            given.get("text_column", "text"),
            given.get("prefix", ""),
        )

    def model_for(self, asked: PredictRequest) -> tuple[str | None, int | None]:
        """The name and version of the model for a row."""
        own = asked.model is not None or asked.version is not None
        return (asked.model, asked.version) if own else (self.model, self.version)


@dataclass(slots=True)
class Tally:
    """What a stream has answered so far."""

    rows: int = 0
    errors: int = 0
    labels: dict[str, int] = field(default_factory=dict)
    started: float = field(default_factory=monotonic)

    def answered(self, label: str | None) -> None:
        """One row more; None for an error."""
        self.rows += 1
        if label is None:
            self.errors += 1
        else:
            self.labels[label] = self.labels.get(label, 0) + 1


class Form(Protocol):
    """How rows look on the wire. A `content` is one record as it came."""

    media_type: bytes
    quoted: bool

    def head(self, header: bytes | None, model: Model) -> bytes:
        """What goes out first, for the first record where that is a header (`quoted`). Raises 400."""

    def asked(self, content: bytes) -> PredictRequest:
        """The request of a row. Raises `ServiceError`."""

    def answer(self, content: bytes, prediction: Prediction) -> bytes:
        """The line that answers a row."""

    def error(self, line: int, content: bytes | None, problem: Problem) -> bytes:
        """The line of a row that can't be answered; of the stream as a whole where there is no `content`."""

    def summary(self, tally: Tally) -> bytes:
        """What goes out last."""


class JsonLines:
    """`application/x-ndjson`: a request of `/v1/predict`, or only its text, a line; then a summary."""

    media_type, quoted = b"application/x-ndjson", False

    def head(self, header: bytes | None, model: Model) -> bytes:
        """Nothing: the first line is a row."""
        return b""

    def asked(self, content: bytes) -> PredictRequest:
        """The request of a line."""
        try:
            if content.startswith(b'"'):
                return PredictRequest(text=json.loads(content))
            return PredictRequest.model_validate_json(content)
        except ValidationError as error:
            raise malformed(error) from None
        except ValueError:
            raise Malformed("not JSON") from None

    def answer(self, content: bytes, prediction: Prediction) -> bytes:
        """The prediction as `/v1/predict` writes it."""
        return prediction.__pydantic_serializer__.to_json(prediction) + b"\n"

    def error(self, line: int, content: bytes | None, problem: Problem) -> bytes:
        """The number of the line and what is wrong with it."""
        return json.dumps({"line": line, "error": problem.body()}).encode() + b"\n"

    def summary(self, tally: Tally) -> bytes:
        """Rows, errors, labels, seconds."""
        said = {"rows": tally.rows, "errors": tally.errors, "labels": tally.labels}
        return json.dumps({"summary": said | {"seconds": round(monotonic() - tally.started, 3)}}).encode() + b"\n"


class CsvRows:
    """`text/csv` with a header: its columns kept, those of the prediction added. The table ends with its last row."""

    media_type, quoted = b"text/csv; charset=utf-8", True

    def __init__(self, chosen: BatchOptions) -> None:
        self._chosen = chosen
        self._columns: list[str] = []
        self._labels: tuple[str, ...] = ()

    def head(self, header: bytes | None, model: Model) -> bytes:
        """The header of the table with the new columns."""
        self._columns = _fields((header or b"").removeprefix(b"\xef\xbb\xbf"))
        self._labels = model.bundle.manifest.labels
        if self._chosen.text_column not in self._columns:
            raise Malformed("the header lacks the text column: name one with ?text_column=")
        added = ["label", *(f"probability_{label}" for label in self._labels), "words", "truncated", "error"]
        added = [self._chosen.prefix + name for name in added]
        if set(added) & set(self._columns) or len(set(self._columns)) < len(self._columns):
            raise Malformed("a column stands twice: name the new ones with ?prefix=")
        return _row([*self._columns, *added])

    def asked(self, content: bytes) -> PredictRequest:
        """The request of a record: its text."""
        fields = _fields(content)
        if len(fields) != len(self._columns):
            raise Malformed(f"{len(fields)} fields, the header names {len(self._columns)}")
        text = fields[self._columns.index(self._chosen.text_column)]
        return PredictRequest(text=text)

    def answer(self, content: bytes, prediction: Prediction) -> bytes:
        """The record with the prediction."""
        probabilities = [str(prediction.probabilities[label]) for label in self._labels]
        truncated = "true" if prediction.truncated else "false"
        said = [prediction.label, *probabilities, str(prediction.words), truncated, ""]
        return _row([*_fields(content), *said])

    def error(self, line: int, content: bytes | None, problem: Problem) -> bytes:
        """The record as far as it can be read, and what is wrong with it."""
        try:
            fields = _fields(content or b"")
        except Malformed:
            fields = []
        kept = (fields + [""] * len(self._columns))[: len(self._columns)]
        return _row([*kept, *[""] * (len(self._labels) + 3), f"line {line}: {problem.error.detail}"])

    def summary(self, tally: Tally) -> bytes:
        """A table has none."""
        return b""


def _fields(content: bytes) -> list[str]:
    try:
        rows = list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))
    except UnicodeDecodeError:
        raise Malformed("not UTF-8") from None
    except csv.Error as error:
        raise Malformed(f"not CSV: {error}") from None
    return rows[0] if rows else []


def _row(fields: Sequence[str]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerow(fields)
    return text.getvalue().encode()
