"""Bytes of any encoding to UTF-8, piece by piece."""

import codecs

from models.reviews.errors import DataError, UsageError

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
LONGEST_MARK = 4


def check_encoding(encoding: str) -> None:
    """Raise `UsageError` where Python knows no such encoding of text."""
    try:
        "".encode(encoding)
    except LookupError:
        raise UsageError(f"--encoding {encoding}: not known; try utf-8, utf-16, latin-1 or cp1252") from None


class Utf8:
    """Turns pieces into UTF-8. Without a given encoding, a byte order mark says it, else the bytes are UTF-8.

    What is UTF-8 passes unchanged, less its mark, and may hold wrong bytes: these are for the reader of a row to find.
    """

    def __init__(self, encoding: str | None) -> None:
        self._given = None if encoding is None else codecs.lookup(encoding).name
        self._start: bytes | None = b""
        self._decoder: codecs.IncrementalDecoder | None = None

    def feed(self, piece: bytes, *, final: bool = False) -> bytes:
        """Return the next piece. Raises `DataError` where it does not fit the encoding."""
        if self._start is not None:
            piece = self._start + piece
            if len(piece) < LONGEST_MARK and not final:
                self._start = piece
                return b""
            self._start = None
            piece = self._begin(piece)
        if self._decoder is None:
            return piece
        try:
            return self._decoder.decode(piece, final).encode()
        except UnicodeError as error:
            reason = getattr(error, "reason", str(error))
            raise DataError(f"not {self._encoding}: {reason}: name another with --encoding") from error

    def _begin(self, piece: bytes) -> bytes:
        found = next((name for mark, name in BYTE_ORDER_MARKS if piece.startswith(mark)), "utf-8")
        if self._given in (None, "utf-8", "utf-8-sig") and found in ("utf-8", "utf-8-sig"):
            return piece.removeprefix(codecs.BOM_UTF8)
        self._encoding = found if self._given in (None, "utf-8") else str(self._given)
        self._decoder = codecs.getincrementaldecoder(self._encoding)()
        return piece
