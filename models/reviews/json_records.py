"""JSON lines in pieces and JSON lists, cut into rows, and their values as they were written."""

import json
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any, NamedTuple

import msgspec

from models.reviews.errors import DataError
from models.reviews.records import NOT_UTF8, ReadOptions, Record
from models.reviews.utf8 import Utf8

Values = dict[str, Any]

_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_string = msgspec.json.Decoder(str)
_scan = json.JSONDecoder().raw_decode
_space = re.compile(r"[ \t\n\r]*").match


class JsonLines:
    """Cuts pieces of JSON lines into records, one a line that is not blank."""

    def __init__(self, options: ReadOptions) -> None:
        self._longest, self._utf8 = options.max_row_bytes, Utf8(options.encoding)
        self._begun: list[bytes] = []
        self._held, self._too_long, self._return = 0, False, b""
        self._row, self._line = 0, 1

    def feed(self, piece: bytes) -> Iterator[Record]:
        """Yield the records that end in `piece`. Raises `DataError` where it does not fit the encoding."""
        piece = self._return + self._utf8.feed(piece)
        self._return = b""
        if b"\r" in piece:
            self._return = piece[len(piece.rstrip(b"\r")) :]
            piece = _newlines(piece.removesuffix(self._return))
        return self._take(piece)

    def end(self) -> Iterator[Record]:
        """Yield the last record, which needs no line break."""
        yield from self._take(_newlines(self._return + self._utf8.feed(b"", final=True)))
        yield from self._line_ends(b"")

    def _take(self, piece: bytes) -> Iterator[Record]:
        *lines, rest = piece.split(b"\n")
        for line in lines:
            if self._begun or self._too_long or len(line) > self._longest:
                yield from self._line_ends(line)
            elif content := line.strip():
                yield self._record(content)
                self._line += 1
            else:
                self._line += 1
        self._hold(rest)

    def _line_ends(self, rest: bytes) -> Iterator[Record]:
        self._hold(rest)
        content = b"".join(self._begun).strip()
        if self._too_long:
            self._row += 1
            yield Record(self._row, self._line, None, f"a row may have at most {self._longest} bytes")
        elif content:
            yield self._record(content)
        self._begun, self._held, self._too_long = [], 0, False
        self._line += 1

    def _record(self, content: bytes) -> Record:
        self._row += 1
        if not content.isascii() and not _is_utf8(content):
            return Record(self._row, self._line, content, NOT_UTF8)
        return Record(self._row, self._line, content)

    def _hold(self, content: bytes) -> None:
        self._held += len(content)
        if self._held > self._longest:
            self._begun, self._too_long = [], True
        elif content:
            self._begun.append(content)


class JsonList:
    """Cuts a JSON list into records, one an element; what is no list is read as JSON lines. Needs the whole first."""

    def __init__(self, options: ReadOptions) -> None:
        self._options, self._utf8 = options, Utf8(options.encoding)
        self._content = bytearray()

    def feed(self, piece: bytes) -> Iterator[Record]:
        """Keep the piece; yield nothing yet. Raises `DataError` where it does not fit the encoding."""
        self._content += self._utf8.feed(piece)
        return iter(())

    def end(self) -> Iterator[Record]:
        """Yield every element. Raises `DataError` with the line where it is no list."""
        content = bytes(self._content) + self._utf8.feed(b"", final=True)
        if not content.lstrip().startswith(b"["):
            lines = JsonLines(ReadOptions(max_row_bytes=self._options.max_row_bytes))
            yield from chain(lines.feed(content), lines.end())
            return
        try:
            text = content.decode()
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise DataError(f"line {line}: {NOT_UTF8}") from error
        line, before = 1, 0
        for row, (start, end) in enumerate(_elements(text), 1):
            line, before = line + text.count("\n", before, start), start
            yield Record(row, line, text[start:end].encode())


class JsonRow(NamedTuple):
    """An object: its values as written, `Raw`, and its text or why it has none."""

    values: Values
    text: str | None = None
    error: str | None = None


def json_row(content: bytes, text_column: str) -> JsonRow:
    """Read one value: an object, or a string that is the text alone."""
    if content.startswith(b'"'):
        values: Values = {text_column: msgspec.Raw(content)}
    else:
        try:
            values = members(content)
        except ValueError as error:
            return JsonRow({}, error=str(error))
    raw = values.get(text_column)
    if raw is None:
        return JsonRow(values, error=f"no column {text_column!r}")
    try:
        return JsonRow(values, _string.decode(raw))
    except (msgspec.DecodeError, UnicodeError):
        half = bytes(raw).startswith(b'"')
        reason = "has half a character: a lone surrogate" if half else "holds no text"
        return JsonRow(values, error=f"column {text_column!r} {reason}")


def members(content: bytes) -> Values:
    """Return the values of an object as written. Raises `ValueError` with the reason where it is none.

    NaN, Infinity and lone surrogates, which are no JSON, stay as they are.
    """
    try:
        return _object.decode(content)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        text = content.decode()
    if not text.startswith("{"):
        raise ValueError("not a JSON object")
    try:
        return {key: msgspec.Raw(text[start:end].encode()) for key, start, end in _members(text)}
    except (ValueError, IndexError, RecursionError):
        raise ValueError("not a JSON object") from None


def plain(value: object) -> Any:
    """Return a value with JSON read; a string that is no Unicode, NaN and Infinity stay as written."""
    if not isinstance(value, msgspec.Raw):
        return value
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeError):
        return bytes(value).decode()


def _members(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield the key of each member of an object, and where its value starts and ends."""
    at = _after(text, 1)
    while text[at] != "}":
        key, at = _scan(text, at)
        at = _after(text, at)
        if text[at] != ":" or not isinstance(key, str):
            raise ValueError("a name and a colon are expected")
        start = _after(text, at + 1)
        _, end = _scan(text, start)
        yield key.encode(errors="backslashreplace").decode(), start, end
        at = _next(text, end, "}")
    if text[at + 1 :].strip():
        raise ValueError("more after the object")


def _elements(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each element of a list starts and ends. Raises `DataError` where it is none."""
    start = _after(text, text.index("[") + 1)
    try:
        while text[start] != "]":
            _, end = _scan(text, start)
            yield start, end
            start = _next(text, end, "]")
    except (ValueError, IndexError, RecursionError) as error:
        line = text.count("\n", 0, start) + 1
        raise DataError(f"line {line}: not a JSON list") from error


def _next(text: str, at: int, close: str) -> int:
    """Return where the next member begins, or where `close` is."""
    at = _after(text, at)
    if text[at] == close:
        return at
    if text[at] != ",":
        raise ValueError("a comma is expected")
    at = _after(text, at + 1)
    if text[at] == close:
        raise ValueError("a value is expected")
    return at


def _after(text: str, at: int) -> int:
    """Return where the white space ends."""
    return _space(text, at).end()  # type: ignore[union-attr]


def _newlines(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
