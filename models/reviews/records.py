"""Rows as they are cut out of a file, and what a reader may be told about the file."""

from dataclasses import dataclass
from typing import NamedTuple

from models.reviews.errors import UsageError
from models.reviews.utf8 import check_encoding

NOT_UTF8 = "not UTF-8"
MAX_ROW_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How files are written, where it is known; what is None is found."""

    delimiter: str | None = None
    """Of CSV: one character."""
    encoding: str | None = None
    max_row_bytes: int = MAX_ROW_BYTES
    """The longest row of CSV or JSON lines."""

    @classmethod
    def of(cls, delimiter: str | None, encoding: str | None, max_row_bytes: int = MAX_ROW_BYTES) -> "ReadOptions":
        """Return what a user asks for; `tab` and `\\t` are tabs. Raises `UsageError` where it can't be."""
        delimiter = "\t" if delimiter in ("tab", "\\t") else delimiter
        if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
            raise UsageError("--delimiter is one character, such as ; or tab")
        if encoding is not None:
            check_encoding(encoding)
        return cls(delimiter, encoding, max_row_bytes)


class Record(NamedTuple):
    """One row, not looked into yet. Rows are counted from 1; a header and blank lines are none."""

    row: int
    line: int
    """The line on which it begins, from 1."""
    content: list[str] | bytes | None
    """The fields of CSV, a JSON value, or None where it is too long to be kept."""
    fault: str | None = None
    """Why it could not be cut out as it should be; `content` is then what was understood."""


def place(row: int, line: int | None = None) -> str:
    """Return how messages say where a row stands: `row 2, line 3`."""
    return f"row {row}" if line is None else f"row {row}, line {line}"
