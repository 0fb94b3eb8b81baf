"""Texts of Parquet columns, whatever their type, and why a value is none."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.reviews.errors import DataError
from models.reviews.parquet_rows import batches, one_column, open_parquet, texts

NONE = "column 'text' holds no text"


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.binary(), pa.large_binary(), pa.dictionary(pa.int8(), pa.string())]
)
def test_every_type_of_text_is_read(kind: pa.DataType) -> None:
    column = pa.array(["good", None, "café"]).cast(kind)
    assert texts(column, "text") == [("good", None), (None, NONE), ("café", None)]


@pytest.mark.parametrize("kind", [pa.string(), pa.binary()])
def test_bytes_that_are_not_utf8_are_one_rows_fault(kind: pa.DataType) -> None:
    offsets, content = pa.array([0, 1, 3], pa.int32()).buffers()[1], pa.py_buffer(b"\xffok")
    column = pa.Array.from_buffers(kind, 2, [None, offsets, content])
    assert texts(column, "text") == [(None, "column 'text' is not UTF-8"), ("ok", None)]


def test_numbers_are_no_text() -> None:
    assert texts(pa.array([1, 2]), "text") == [(None, NONE)] * 2


def test_a_column_must_be_there_once() -> None:
    schema = pa.schema([("text", pa.string()), ("id", pa.int64()), ("id", pa.int64())])
    assert one_column("in", schema, "text") == 0
    with pytest.raises(DataError, match=r"in: column 'id' stands 2 times"):
        one_column("in", schema, "id")
    with pytest.raises(DataError, match=r"in: no column 'review'; there are text, id, id"):
        one_column("in", schema, "review")


def test_only_what_is_asked_for_is_read() -> None:
    sink = io.BytesIO()
    pq.write_table(pa.table({"id": [1], "text": ["good"]}), sink)
    file = open_parquet("in", sink)
    assert [batch.schema.names for batch in batches("in", file, ["text"])] == [["text"]]


def test_what_is_not_parquet_is_said() -> None:
    with pytest.raises(DataError, match="in: not readable as Parquet"):
        open_parquet("in", io.BytesIO(b"PAR1"))
