"""CSV in pieces, cut into rows. Where the pieces are cut makes no difference.

Without a given delimiter, it is the first of `DELIMITERS` with which the header names the columns that are needed. A
quote inside quotes is doubled; the first row that is only right with backslashes before its quotes changes that for
itself and all rows after it.
"""

import csv
import io
import re
import sys
from codecs import getincrementaldecoder
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from models.reviews.errors import DataError
from models.reviews.records import NOT_UTF8, ReadOptions, Record
from models.reviews.utf8 import Utf8

DELIMITERS = (",", ";", "\t", "|")
UNFINISHED = "unexpected end of data"
"""The message of `csv.Error` where a quote is open at the end."""
NEVER_CLOSED = "not CSV: a quote is never closed"

_EXCEL = re.compile(r"sep=(.)\s*")

csv.field_size_limit(2**31 - 1)  # a row has a limit of its own


class NoColumn(DataError):
    """A file without a column that is needed; `columns` are those that it has."""

    def __init__(self, needed: str, columns: Sequence[str]) -> None:
        self.columns = tuple(columns)
        super().__init__(f"no column {needed!r}; there are {', '.join(columns)}")


class CsvRecords:
    """Cuts pieces of one file into records. `columns` stand in its header: None until that has been read."""

    def __init__(self, needed: Sequence[str], options: ReadOptions) -> None:
        """`needed` are names of columns."""
        self._needed, self._delimiter, self._longest = needed, options.delimiter, options.max_row_bytes
        self.columns: tuple[str, ...] | None = None
        self._text = _Lines(options.encoding)
        self._dialect: dict[str, Any] = {"strict": True}
        self._begun: list[str] = []  # lines of a row that has not ended
        self._row, self._line = 0, 1  # rows so far; the number of the next line
        self._skipping = self._quoted = False  # the rest of a row that is too long; inside its quotes

    def feed(self, piece: bytes) -> Iterator[Record]:
        """Yield the records that end in `piece`. Raises `DataError` for a wrong header or encoding."""
        return self._take(self._text.feed(piece), final=False)

    def end(self) -> Iterator[Record]:
        """Yield what is left once the file has ended. Raises as `feed` does."""
        return self._take(self._text.feed(b"", final=True), final=True)

    def _take(self, lines: list[str], *, final: bool) -> Iterator[Record]:
        if self._skipping:
            lines = self._past_skipped(lines)
        if self.columns is None:
            lines = self._past_header(self._begun + lines, final=final)
        elif self._begun:
            was_open = not self._goes_on(self._begun[-1]) and all(self._stays_open(line) for line in lines)
            lines, self._begun = self._begun + lines, []
            if was_open and not final:
                self._begun, lines = lines, []
        if lines:
            yield from self._records(lines, final=final)
        if sum(map(len, self._begun)) + self._text.begun > self._longest:
            yield self._skip()

    def _records(self, lines: list[str], *, final: bool) -> Iterator[Record]:
        """Yield the rows of whole lines; those of an open one are kept."""
        assert self.columns is not None
        start, first, width = 0, self._line, len(self.columns)
        limited = sum(map(len, lines)) > self._longest
        while start < len(lines):
            begun = start
            reader = csv.reader(lines[begun:], **self._dialect)
            try:
                for fields in reader:
                    end = begun + reader.line_num
                    if len(fields) != width and fields and self._turns_to_backslashes(lines[start:end]):
                        break
                    if limited and sum(map(len, lines[start:end])) > self._longest:
                        yield self._too_long(first + start)
                    elif fields:
                        yield self._record(first + start, fields)
                    start = end
            except csv.Error as error:
                end = begun + reader.line_num
                if str(error) == UNFINISHED and not final:
                    self._begun = lines[start:]
                    break
                if not self._turns_to_backslashes(lines[start:end]):
                    too_long = limited and sum(map(len, lines[start:end])) > self._longest
                    line = first + start
                    yield self._too_long(line) if too_long else self._misread(line, lines[start:end], str(error))
                    start = end
        self._line = first + start

    def _record(self, line: int, fields: list[str], fault: str | None = None) -> Record:
        self._row += 1
        if self._text.is_undecodable and not all(map(_is_unicode, fields)):
            fields = [field.encode(errors="surrogateescape").decode(errors="replace") for field in fields]
            fault = NOT_UTF8
        return Record(self._row, line, fields, fault)

    def _misread(self, line: int, lines: list[str], error: str) -> Record:
        """Return a row that is not CSV, with the fields that are found where nobody looks too closely."""
        rows = list(csv.reader(lines, **self._dialect | {"strict": False}))
        return self._record(line, rows[0] if rows else [], NEVER_CLOSED if error == UNFINISHED else f"not CSV: {error}")

    def _goes_on(self, line: str) -> bool:
        """Return whether the end of a line has a backslash before it: then its row goes on without a quote, too."""
        return "escapechar" in self._dialect and line.rstrip("\r\n").endswith("\\")

    def _stays_open(self, line: str) -> bool:
        """Return whether a quote that is open before `line` is open after it."""
        try:
            list(csv.reader(['"' + line], **self._dialect))
        except csv.Error as error:
            return str(error) == UNFINISHED
        return False

    def _turns_to_backslashes(self, lines: list[str]) -> bool:
        """Return whether a row that is wrong is right with backslashes before its quotes. If so, read on so."""
        if "escapechar" in self._dialect or not any('\\"' in line for line in lines):
            return False
        dialect = self._dialect | {"escapechar": "\\"}
        try:
            rows = list(csv.reader(lines, **dialect))
        except csv.Error as error:
            right = str(error) == UNFINISHED
        else:
            right = len(rows) == 1 and len(rows[0]) == len(self.columns or ())
        if right:
            self._dialect = dialect
        return right

    def _too_long(self, line: int) -> Record:
        self._row += 1
        return Record(self._row, line, None, f"a row may have at most {self._longest} bytes")

    def _skip(self) -> Record:
        """Give a row up that is too long already, and what comes of it."""
        if self.columns is None:
            raise _header_too_long(self._longest)
        record = self._too_long(self._line)
        self._quoted = self._is_odd(*self._begun, self._text.drop())
        self._line += len(self._begun)
        self._begun, self._skipping = [], True
        return record

    def _past_skipped(self, lines: list[str]) -> list[str]:
        """Return the lines after a row that is too long."""
        for number, line in enumerate(lines, 1):
            self._line += 1
            self._quoted ^= self._is_odd(line)
            if not self._quoted:
                self._skipping = False
                return lines[number:]
        self._quoted ^= self._is_odd(self._text.drop())
        return []

    def _is_odd(self, *texts: str) -> bool:
        escaped = "escapechar" in self._dialect
        return sum(text.count('"') - (text.count('\\"') if escaped else 0) for text in texts) % 2 == 1

    def _past_header(self, lines: list[str], *, final: bool) -> list[str]:
        """Read the header, if it is whole; return the lines after it."""
        if lines and self._delimiter is None and (said := _EXCEL.fullmatch(lines[0])):
            self._delimiter, self._line = said[1], self._line + 1
            lines = lines[1:]
        header = find_header(lines, self._needed, self._delimiter, self._longest, final=final)
        if header is None:
            self._begun = list(lines)
            return []
        self._begun = []
        self.columns, self._line = header.columns, self._line + header.lines
        self._dialect["delimiter"] = header.delimiter
        return lines[header.lines :]


class Header(NamedTuple):
    """The first row of a file: its columns, what is between them, how many lines it takes."""

    columns: tuple[str, ...]
    delimiter: str
    lines: int


def find_header(
    lines: Sequence[str], needed: Sequence[str], delimiter: str | None, longest: int = sys.maxsize, *, final: bool
) -> Header | None:
    """Return the header at the start of `lines`, None where it has not ended.

    Raises `NoColumn` where no delimiter gives the columns that are needed, `DataError` where one stands twice or the
    header is longer than `longest` characters.
    """
    for count in range(1, len(lines) + 1):
        if sum(map(len, lines[:count])) > longest:
            raise _header_too_long(longest)
        found, is_open = list[Header](), False
        for each in DELIMITERS if delimiter is None else (delimiter,):
            try:
                fields = next(filter(None, csv.reader(lines[:count], delimiter=each, strict=True)), [])
            except csv.Error as error:
                is_open = is_open or str(error) == UNFINISHED
                continue
            if fields:
                found.append(Header(tuple(fields), each, count))
            if set(needed) <= set(fields):
                return _checked(found[-1])
        if found and not is_open:
            columns = max(found, key=lambda header: len(header.columns)).columns
            raise NoColumn(next(name for name in needed if name not in columns), columns)
    if final and any(line.strip() for line in lines):
        raise DataError(f"the header: {NEVER_CLOSED}")
    return None


def _header_too_long(longest: int) -> DataError:
    return DataError(f"the header: longer than {longest} bytes")


def _checked(header: Header) -> Header:
    if header.columns.count("") > 1:  # more than an index: each needs a name, to be told apart
        named = (name or f"column {number}" for number, name in enumerate(header.columns, 1))
        header = header._replace(columns=tuple(named))
    twice = next((name for name in header.columns if header.columns.count(name) > 1), None)
    if twice is not None:
        raise DataError(f"column {twice!r} stands twice in the header")
    if not all(map(_is_unicode, header.columns)):
        raise DataError(f"the header: {NOT_UTF8}")
    return header


class _Lines:
    """Turns pieces of bytes into whole lines of text, each with its end: `\\n`, `\\r\\n` or a bare `\\r`."""

    def __init__(self, encoding: str | None) -> None:
        self._utf8 = Utf8(encoding)
        self._decoder = getincrementaldecoder("utf-8")("surrogateescape")
        self._newlines = io.IncrementalNewlineDecoder(None, translate=False)
        self._pieces: list[str] = []
        self.begun = 0
        """How many characters of a line that has not ended are held."""
        self.is_undecodable = False
        """Whether there were bytes that are not UTF-8; they stand as lone surrogates in the lines."""

    def feed(self, piece: bytes, *, final: bool = False) -> list[str]:
        decoded = self._decoder.decode(self._utf8.feed(piece, final=final), final)
        text: str = self._newlines.decode(decoded, final)
        self.is_undecodable = self.is_undecodable or not _is_unicode(text)
        self._pieces.append(text)
        if not final and "\n" not in text and "\r" not in text:
            self.begun += len(text)
            return []
        lines = io.StringIO("".join(self._pieces), newline="").readlines()
        self._pieces = [lines.pop()] if lines and not final and lines[-1][-1] not in "\r\n" else []
        self.begun = sum(map(len, self._pieces))
        return lines

    def drop(self) -> str:
        """Give the line up that has not ended; its rest will come as a line."""
        held, self._pieces, self.begun = "".join(self._pieces), [], 0
        return held


def _is_unicode(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
