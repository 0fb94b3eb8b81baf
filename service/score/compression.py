"""gzip and Zstandard, as streams to read and as parts to write: parts put together are one valid file."""

import gzip
import io
import zlib
from typing import Any, BinaryIO, Literal, cast

from service.score.errors import DataError

Compression = Literal["none", "gzip", "zstd"]

LEVEL = 5

UNREADABLE: tuple[type[Exception], ...] = (OSError, EOFError, zlib.error)
"""What reading a damaged or cut off compressed file raises."""


def arrow() -> Any:
    """`pyarrow`, which Parquet and Zstandard need. Raises `DataError` where it is not installed."""
    try:
        import pyarrow  # noqa: PLC0415 - CSV, JSON lines and gzip do without it
    except ImportError as error:
        raise DataError("Parquet and .zst need pyarrow: pip install 'gatescope[score]'") from error
    return pyarrow


def decompressed(file: BinaryIO, compression: Compression) -> BinaryIO:
    """`file` as a stream of what was compressed."""
    match compression:
        case "none":
            return file
        case "gzip":
            return cast(BinaryIO, gzip.GzipFile(fileobj=file))
        case "zstd":
            return io.BufferedReader(arrow().CompressedInputStream(file, "zstd"))


def compressed(content: bytes, compression: Compression) -> bytes:
    """`content` as one gzip member or Zstandard frame, the same bytes every time."""
    match compression:
        case "none":
            return content
        case "gzip":
            return gzip.compress(content, LEVEL, mtime=0)
        case "zstd":
            return cast(bytes, arrow().Codec("zstd", compression_level=LEVEL).compress(content, asbytes=True))
