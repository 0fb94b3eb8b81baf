"""Parquet, and Arrow as data sets are saved in, in batches of rows. A column is decoded only where it is asked for."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from models.reviews.compression import arrow
from models.reviews.errors import DataError
from models.reviews.file_format import Format
from models.reviews.records import NOT_UTF8

ROWS = 1024


class ArrowFile:
    """An Arrow file or stream, read as a `pyarrow.parquet.ParquetFile` is."""

    def __init__(self, stream: BinaryIO) -> None:
        self._file = arrow().PythonFile(stream, mode="r")
        is_file = self._file.read(6) == b"ARROW1"
        self._file.seek(0)
        self._reader = arrow().ipc.open_file(self._file) if is_file else arrow().ipc.open_stream(self._file)
        self.schema_arrow = self._reader.schema

    def iter_batches(self, batch_size: int, columns: Sequence[str] | None = None) -> Iterator[Any]:
        """Yield `RecordBatch`es of at most `batch_size` rows with `columns`, all where None."""
        count = getattr(self._reader, "num_record_batches", None)
        for batch in self._reader if count is None else map(self._reader.get_batch, range(count)):
            chosen = batch if columns is None else batch.select(list(columns))
            for start in range(0, len(chosen), batch_size):
                yield chosen.slice(start, batch_size)


def open_table(name: str, kind: Format, stream: BinaryIO) -> Any:
    """Return a `pyarrow.parquet.ParquetFile`, or an `ArrowFile`. Raises `DataError` where it is none."""
    pa = arrow()
    import pyarrow.parquet as pq  # noqa: PLC0415 - an extra

    try:
        return ArrowFile(stream) if kind == "arrow" else pq.ParquetFile(stream)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{name}: not readable as {kind.capitalize()}: {error}") from error


def batches(name: str, file: Any, columns: Sequence[str] | None = None) -> Iterator[Any]:
    """Yield `RecordBatch`es of `columns`, of all where None. Raises `DataError` where the file is damaged."""
    pa = arrow()
    try:
        yield from file.iter_batches(batch_size=ROWS, columns=columns)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{name}: damaged: {error}") from error


def class_names(schema: Any) -> Mapping[str, Sequence[str]]:
    """Return what the numbers of a column stand for, of each column that says so as Hugging Face data sets do."""
    try:
        features = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
        named = {column: kind["names"] for column, kind in features.items() if kind.get("_type") == "ClassLabel"}
    except (TypeError, KeyError, ValueError, AttributeError):
        return {}
    return {column: names for column, names in named.items() if isinstance(names, list)}


def one_column(name: str, schema: Any, column: str) -> int:
    """Return where a column stands. Raises `DataError` where it is not there exactly once."""
    places = schema.get_all_field_indices(column)
    if len(places) == 1:
        return int(places[0])
    if places:
        raise DataError(f"{name}: column {column!r} stands {len(places)} times: rename the others")
    raise DataError(f"{name}: no column {column!r}; there are {', '.join(schema.names)}")


def texts(column: Any, name: str) -> list[tuple[str | None, str | None]]:
    """Return each value of an Arrow array as a text, or None and the reason."""
    types = arrow().types
    if types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if not _holds_text(column.type):
        return [(None, f"column {name!r} holds no text")] * len(column)
    try:
        values = column.cast(arrow().string()).to_pylist()
    except (arrow().ArrowException, UnicodeDecodeError):
        values = column.cast(arrow().large_binary()).to_pylist()
    return [_text(value, name) for value in values]


def _holds_text(kind: Any) -> bool:
    types = arrow().types
    tests = (types.is_string, types.is_large_string, types.is_binary, types.is_large_binary)
    views = (getattr(types, test, None) for test in ("is_string_view", "is_binary_view", "is_fixed_size_binary"))
    return any(test(kind) for test in (*tests, *filter(None, views)))


def _text(value: object, name: str) -> tuple[str | None, str | None]:
    if isinstance(value, bytes):
        try:
            return value.decode(), None
        except UnicodeDecodeError:
            return None, f"column {name!r} is {NOT_UTF8}"
    return (value, None) if isinstance(value, str) else (None, f"column {name!r} holds no text")


def plain_values(column: Any) -> list[Any]:
    """Return the values of an Arrow array for CSV and JSON: what Python has no value for becomes text or a number."""
    pa = arrow()
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if _holds_text(column.type):
        values = column.cast(pa.large_binary()).to_pylist()
        return [value if value is None else value.decode(errors="backslashreplace") for value in values]
    try:
        return column.to_pylist()  # type: ignore[no-any-return]
    except (pa.ArrowException, ValueError, OverflowError, ImportError):
        for kind in (pa.string(), pa.int64()):
            try:
                return column.cast(kind).to_pylist()  # type: ignore[no-any-return]
            except pa.ArrowException:
                continue
        return [str(value) for value in column]
