"""gzip and Zstandard: streams to read, parts to write. Parts put together are one valid file."""

import gzip
import io
import zlib
from typing import Any, BinaryIO, Literal, cast

from models.reviews.errors import DataError

Compression = Literal["none", "gzip", "zstd"]

LEVEL = 5

UNREADABLE: tuple[type[Exception], ...] = (OSError, EOFError, zlib.error)
"""The errors of a damaged or cut off compressed file."""


def arrow() -> Any:
    """Return `pyarrow`, which Parquet and Zstandard need. Raises `DataError` where it is not installed."""
    try:
        import pyarrow  # noqa: PLC0415 - CSV, JSON and gzip do without it
    except ImportError as error:
        raise DataError("Parquet and .zst need pyarrow: pip install 'gatescope[score]'") from error
    return pyarrow


def decompressed(file: BinaryIO, compression: Compression) -> BinaryIO:
    """Return a stream of the uncompressed content of `file`."""
    match compression:
        case "none":
            return file
        case "gzip":
            return cast(BinaryIO, gzip.GzipFile(fileobj=file))
        case "zstd":
            return io.BufferedReader(arrow().CompressedInputStream(file, "zstd"))


def compressed(content: bytes, compression: Compression) -> bytes:
    """Return `content` as one gzip member or Zstandard frame; the same content gives the same bytes."""
    match compression:
        case "none":
            return content
        case "gzip":
            return gzip.compress(content, LEVEL, mtime=0)
        case "zstd":
            return cast(bytes, arrow().Codec("zstd", compression_level=LEVEL).compress(content, asbytes=True))
